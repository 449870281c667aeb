"""Glance: a central glance-api with one RBD store per site, and edge ones on request.

Options: glance/common/config.py, glance/async_/flows/api_image_import.py and
glance_store/_drivers/rbd.py (Zed).
"""

import shutil
from pathlib import Path

from dcn_lab.ceph_conf import SERVICE_USER
from dcn_lab.daemons import Daemon
from dcn_lab.database import Database
from dcn_lab.files import Sections, make_folder, render_sections, write_private
from dcn_lab.topology import SiteSpec
from dcn_lab.web_service import COMMAND_SECONDS, authentication, web_daemon
from dcn_lab.workspace import Workspace

NAME = "glance"
CENTRAL_DAEMON = "glance-api"
SHIM = Path(__file__).with_name("shims") / "wsgi_glance.py"
CHUNK_MEBIBYTES = 8


class Glance:
    """The Image service of a lab."""

    def __init__(self, workspace: Workspace, database: Database) -> None:
        self._workspace = workspace
        self._database = database

    def daemons(self) -> tuple[Daemon, ...]:
        """Return the central API, and the edges' when the topology has them."""
        sites = self._workspace.topology.sites
        return tuple(self._daemon(site) for site in sites if self._has_api(site))

    def port_for(self, site: SiteSpec) -> int:
        """Return the port of the glance-api that the services of `site` talk to."""
        topology = self._workspace.topology
        if site.hub or not topology.edge_glance:
            return self._workspace.ports.glance
        return self._workspace.ports.edge_glance(topology.index(site))

    def install(self) -> None:
        """Write the configuration and make the database's tables; needs the database."""
        self._workspace.once("glance-database", self._install)

    def _install(self) -> None:
        self._database.create(NAME)
        for site in self._workspace.topology.sites:
            if self._has_api(site):
                self._write_files(site)
        self._workspace.run(
            "glance-manage",
            *("--config-file", self._folder(self._workspace.topology.hub) / "glance-api.conf"),
            "db_sync",
            seconds=COMMAND_SECONDS,
        )

    def _has_api(self, site: SiteSpec) -> bool:
        return site.hub or self._workspace.topology.edge_glance

    def _instance(self, site: SiteSpec) -> str:
        return NAME if site.hub else f"{NAME}.{site.name}"

    def _folder(self, site: SiteSpec) -> Path:
        return self._workspace.layout.configuration / self._instance(site)

    def _log(self, site: SiteSpec) -> Path:
        return self._workspace.layout.log / f"{self._instance(site)}-api.log"

    def _daemon(self, site: SiteSpec) -> Daemon:
        return web_daemon(
            self._workspace,
            CENTRAL_DAEMON if site.hub else f"{CENTRAL_DAEMON}.{site.name}",
            self.port_for(site),
            SHIM,
            log=self._log(site),
            OS_GLANCE_CONFIG_DIR=str(self._folder(site)),
        )

    def _write_files(self, site: SiteSpec) -> None:
        """Write the configuration of the glance-api at `site`."""
        topology = self._workspace.topology
        data = self._workspace.layout.data / self._instance(site)
        staging, tasks = make_folder(data / "staging"), make_folder(data / "tasks")
        stored = topology.sites if site.hub else (topology.hub, site)
        backends = [f"{each.store}:rbd" for each in stored]
        if topology.http_store:
            backends.append(f"{topology.http_store}:http")
        show = topology.show_multiple_locations
        sections: dict[str, dict[str, object]] = {
            "DEFAULT": {
                "log_file": self._log(site),
                "enabled_backends": ",".join(backends),
                "show_multiple_locations": show,
                "show_image_direct_url": show,
                "enabled_import_methods": "[glance-direct,web-download,copy-image]",
                "worker_self_reference_url": f"http://127.0.0.1:{self.port_for(site)}",
                "image_member_quota": -1,
            },
            "database": {"connection": self._database.url(NAME), "max_pool_size": 10},
            "glance_store": {"default_backend": site.store},
            "paste_deploy": {"flavor": "keystone"},
            "wsgi": {"task_pool_threads": 4},
            "image_import_opts": {"image_import_plugins": "[image_conversion]"},
            "image_conversion": {"output_format": "raw"},
            # Glance refuses to download from the loopback and from unusual ports unless told
            "import_filtering_opts": {
                "allowed_hosts": "[127.0.0.1]",
                "allowed_ports": f"[80,443,{self._workspace.ports.download}]",
            },
            "os_glance_staging_store": {"filesystem_store_datadir": staging},
            "os_glance_tasks_store": {"filesystem_store_datadir": tasks},
            "keystone_authtoken": authentication(self._workspace, NAME),
        }
        sections |= {each.store: self._store(each) for each in stored}
        if topology.http_store:
            sections[topology.http_store] = {"store_description": "by URL, read-only"}
        self._write(site, sections)

    def _store(self, site: SiteSpec) -> dict[str, object]:
        return {
            "store_description": f"RBD at {site.name}",
            "rbd_store_ceph_conf": self._workspace.layout.ceph_conf(site),
            "rbd_store_user": SERVICE_USER,
            "rbd_store_pool": site.pools.images,
            "rbd_store_chunk_size": CHUNK_MEBIBYTES,
        }

    def _write(self, site: SiteSpec, sections: Sections) -> None:
        folder = make_folder(self._folder(site))
        shutil.copy("/usr/share/glance-common/glance-api-paste.ini", folder)
        write_private(folder / "glance-api.conf", render_sections(sections))
