"""Cinder: API, scheduler, a cinder-volume per site with its own zone, backups at the hub.

Options: cinder/common/config.py, cinder/volume/drivers/rbd.py, cinder/backup/drivers/ceph.py
(Zed).
"""

import math
import shutil
from pathlib import Path

from dcn_lab.ceph_conf import SERVICE_USER
from dcn_lab.daemons import Daemon
from dcn_lab.database import CLOCK_SECONDS, Database
from dcn_lab.errors import LabError
from dcn_lab.files import make_folder, render_sections, write_private
from dcn_lab.glance import Glance
from dcn_lab.message_queue import MessageQueue
from dcn_lab.topology import SiteSpec
from dcn_lab.web_service import (
    COMMAND_SECONDS,
    SHIMS,
    account,
    authentication,
    program,
    web_daemon,
)
from dcn_lab.workspace import Workspace

NAME = "cinder"
REPORT_SECONDS = 10
QUOTA = 100
"""Of volumes, snapshots and backups in a project: ten, the default, are soon used up by tests."""
BACKUP = "cinder-backup"
LAST_REPORTS = (
    "SELECT `binary`, host, TIMESTAMPDIFF(SECOND, updated_at, UTC_TIMESTAMP())"
    " FROM services WHERE deleted = 0 AND updated_at IS NOT NULL;"
)
"""Program, host and age in seconds of the last report of every service (cinder/db/models.py)."""


class Cinder:
    """The Block Storage service of a lab."""

    def __init__(
        self, workspace: Workspace, database: Database, queue: MessageQueue, glance: Glance
    ) -> None:
        self._workspace = workspace
        self._database = database
        self._queue = queue
        self._glance = glance
        self._hub = workspace.topology.hub

    def daemons(self) -> tuple[Daemon, ...]:
        """Return API, scheduler, the sites' cinder-volume and cinder-backup."""
        return (
            self._api(),
            self._service("cinder-scheduler", "cinder.cmd.scheduler:main", self._hub, NAME),
            *(
                self._service(
                    f"cinder-volume.{site.name}", "cinder.cmd.volume:main", site, _instance(site)
                )
                for site in self._workspace.topology.sites
            ),
            self._service(BACKUP, "cinder.cmd.backup:main", self._hub, NAME),
        )

    def install(self) -> None:
        """Write the configuration and make the database's tables; needs the database."""
        self._workspace.once("cinder-database", self._install)

    def _install(self) -> None:
        self._database.create(NAME)
        self._write_files(NAME, self._hub, {})
        for site in self._workspace.topology.sites:
            backend = f"ceph-{site.cluster}"
            self._write_files(
                _instance(site), site, {backend: self._backend(site, backend)}, backend
            )
        arguments = program("cinder.cmd.manage:main", self._conf(NAME))
        self._workspace.run(*arguments, "db", "sync", seconds=COMMAND_SECONDS)

    def _conf(self, instance: str) -> Path:
        return self._workspace.layout.configuration / instance / "cinder.conf"

    def _log(self, daemon: str) -> Path:
        return self._workspace.layout.log / f"{daemon}.log"

    def _api(self) -> Daemon:
        name = "cinder-api"
        return web_daemon(
            self._workspace,
            name,
            self._workspace.ports.cinder,
            SHIMS / "wsgi_cinder.py",
            log=self._log(name),
            arguments=f"--config-file {self._conf(NAME)} --log-file {self._log(name)}",
        )

    def _service(self, name: str, entry_point: str, site: SiteSpec, instance: str) -> Daemon:
        binary = name.partition(".")[0]
        log = self._log(name)

        def ready(age_seconds: float) -> bool:
            """Tell whether the service has reported to the database since it was started."""
            try:
                reports = self._database.query(LAST_REPORTS, NAME)
            except LabError:
                return False
            ages = {
                (program, host.partition("@")[0]): int(seconds)
                for program, host, seconds in (line.split("\t") for line in reports.splitlines())
            }
            return ages.get((binary, site.name), math.inf) + CLOCK_SECONDS <= age_seconds

        return Daemon(
            name=name,
            arguments=(*program(entry_point, self._conf(instance)), "--log-file", str(log)),
            environment=self._workspace.environment(
                DCN_LAB_KEYRINGS=str(self._workspace.layout.ceph)
            ),
            ready=ready,
            log=log,
        )

    def _backend(self, site: SiteSpec, name: str) -> dict[str, object]:
        return {
            "volume_driver": "cinder.volume.drivers.rbd.RBDDriver",
            "volume_backend_name": name,
            "backend_availability_zone": site.availability_zone,
            "rbd_cluster_name": site.cluster,
            "rbd_ceph_conf": self._workspace.layout.ceph_conf(site),
            "rbd_user": SERVICE_USER,
            "rbd_pool": site.pools.volumes,
            "rbd_flatten_volume_from_snapshot": False,
            "rbd_max_clone_depth": 5,
            "report_discard_supported": True,
        }

    def _write_files(
        self,
        instance: str,
        site: SiteSpec,
        backends: dict[str, dict[str, object]],
        enabled_backends: str = "",
    ) -> None:
        """Write the configuration that the daemons of one site share."""
        data = self._workspace.layout.data / instance
        for folder in ("state", "lock", "conversion", "coordination"):
            make_folder(data / folder)
        conf = self._conf(instance)
        make_folder(conf.parent)
        shutil.copy("/usr/share/cinder-common/api-paste.ini", conf.parent)
        sections: dict[str, dict[str, object]] = {
            "DEFAULT": {
                "transport_url": self._queue.url(),
                "auth_strategy": "keystone",
                "api_paste_config": conf.parent / "api-paste.ini",
                "rootwrap_config": "/etc/cinder/rootwrap.conf",
                "state_path": data / "state",
                "image_conversion_dir": data / "conversion",
                "host": site.name,
                "my_ip": "127.0.0.1",
                "storage_availability_zone": site.availability_zone,
                "default_availability_zone": self._hub.availability_zone,
                "allow_availability_zone_fallback": False,
                "glance_api_servers": f"http://127.0.0.1:{self._glance.port_for(site)}",
                "enabled_backends": enabled_backends,
                "report_interval": REPORT_SECONDS,
                "periodic_interval": 2 * REPORT_SECONDS,
                "backup_driver": "cinder.backup.drivers.ceph.CephBackupDriver",
                "backup_ceph_conf": self._workspace.layout.ceph_conf(self._hub),
                "backup_ceph_user": SERVICE_USER,
                "backup_ceph_pool": self._hub.pools.backups,
                "backup_driver_stats_polling_interval": REPORT_SECONDS,
                "osapi_volume_workers": 1,
                "quota_volumes": QUOTA,
                "quota_snapshots": QUOTA,
                "quota_backups": QUOTA,
                "executor_thread_pool_size": 16,
            },
            "database": {"connection": self._database.url(NAME), "max_pool_size": 5},
            "oslo_concurrency": {"lock_path": data / "lock"},
            "coordination": {"backend_url": f"file://{data / 'coordination'}"},
            "keystone_authtoken": authentication(self._workspace, NAME),
            # an attached volume is extended with Nova's help
            "nova": account(self._workspace, "nova") | {"interface": "internal"},
        }
        write_private(conf, render_sections(sections | backends))


def _instance(site: SiteSpec) -> str:
    """Return the name of the folder that the configuration of a site's cinder-volume has."""
    return f"{NAME}-volume.{site.name}"
