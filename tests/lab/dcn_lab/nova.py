"""Nova: API, conductor, scheduler, and a compute host per site that only pretends to run servers.

Options: nova/conf/ (Zed). The compute hosts use nova/virt/fake.py: volumes and ports are attached
for real, as far as Cinder and Neutron can tell, but no server runs.
"""

import math
import shutil
from pathlib import Path

from dcn_lab.daemons import Daemon
from dcn_lab.database import CLOCK_SECONDS, Database
from dcn_lab.errors import LabError
from dcn_lab.execution import PYTHON, http_answers
from dcn_lab.files import make_folder, render_sections, write_private
from dcn_lab.glance import Glance
from dcn_lab.message_queue import MessageQueue
from dcn_lab.topology import SiteSpec
from dcn_lab.web_service import COMMAND_SECONDS, SHIMS, account, authentication, program
from dcn_lab.workspace import Workspace

NAME = "nova"
API = "nova-api"
CONDUCTOR = "nova-conductor"
API_DATABASE, CELL_DATABASE, CELL0_DATABASE = "nova_api", "nova_cell1", "nova_cell0"
REPORT_SECONDS = 10
DISCOVER_SECONDS = 3
LAST_REPORTS = (
    "SELECT `binary`, host, TIMESTAMPDIFF(SECOND, last_seen_up, UTC_TIMESTAMP())"
    " FROM services WHERE deleted = 0 AND last_seen_up IS NOT NULL;"
)
"""Program, host and age in seconds of the last report of every service (nova/db/main/models.py).

A service reports only once it takes messages; one sent to it before would be lost.
"""


class Nova:
    """The Compute service of a lab."""

    def __init__(
        self, workspace: Workspace, database: Database, queue: MessageQueue, glance: Glance
    ) -> None:
        self._workspace = workspace
        self._database = database
        self._queue = queue
        self._glance = glance
        self._hub = workspace.topology.hub

    def controllers(self) -> tuple[Daemon, ...]:
        """Return API, conductor and scheduler."""
        return (
            self._api(),
            self._service(CONDUCTOR, "nova.cmd.conductor:main", NAME, NAME),
            self._service("nova-scheduler", "nova.cmd.scheduler:main", NAME, NAME),
        )

    def computes(self) -> tuple[Daemon, ...]:
        """Return the sites' nova-compute; they end when there is no conductor."""
        return tuple(
            self._service(
                f"nova-compute.{site.name}", "nova.cmd.compute:main", _instance(site), site.name
            )
            for site in self._workspace.topology.sites
        )

    def install(self) -> None:
        """Write the configuration and make the databases' tables; needs the database."""
        self._workspace.once("nova-database", self._install)

    def _install(self) -> None:
        for name in (API_DATABASE, CELL_DATABASE, CELL0_DATABASE):
            self._database.create(name)
        self._write_files(NAME, NAME, self._hub, self._databases())
        for site in self._workspace.topology.sites:
            self._write_files(_instance(site), site.name, site, {})
        self._workspace.run(
            PYTHON, SHIMS / "make_cells.py", self._conf(NAME), self._database.url(CELL0_DATABASE),
            seconds=COMMAND_SECONDS,
        )  # fmt: skip

    def _databases(self) -> dict[str, dict[str, object]]:
        return {
            "database": {"connection": self._database.url(CELL_DATABASE), "max_pool_size": 5},
            "api_database": {"connection": self._database.url(API_DATABASE), "max_pool_size": 5},
        }

    def _conf(self, instance: str) -> Path:
        return self._workspace.layout.configuration / instance / "nova.conf"

    def _log(self, daemon: str) -> Path:
        return self._workspace.layout.log / f"{daemon}.log"

    def _api(self) -> Daemon:
        """Return nova-api under its own server: under uwsgi's threads it hangs on POST /servers."""
        port = self._workspace.ports.nova
        log = self._log(API)
        arguments = program("nova.cmd.api_os_compute:main", self._conf(NAME))
        return Daemon(
            name=API,
            arguments=(*arguments, "--log-file", str(log)),
            environment=self._workspace.environment(),
            ready=lambda _age_seconds: http_answers(port),
            log=log,
            port=port,
        )

    def _service(self, name: str, entry_point: str, instance: str, host: str) -> Daemon:
        binary = name.partition(".")[0]
        log = self._log(name)

        def ready(age_seconds: float) -> bool:
            """Tell whether the service has reported to the database since it was started."""
            try:
                reports = self._database.query(LAST_REPORTS, CELL_DATABASE)
            except LabError:
                return False
            ages = {
                (program_name, reporter): int(seconds)
                for program_name, reporter, seconds in (
                    line.split("\t") for line in reports.splitlines()
                )
            }
            return ages.get((binary, host), math.inf) + CLOCK_SECONDS <= age_seconds

        return Daemon(
            name=name,
            arguments=(*program(entry_point, self._conf(instance)), "--log-file", str(log)),
            environment=self._workspace.environment(),
            ready=ready,
            log=log,
        )

    def _write_files(
        self, instance: str, host: str, site: SiteSpec, databases: dict[str, dict[str, object]]
    ) -> None:
        """Write the configuration of the controllers, or of the compute host of one site."""
        data = self._workspace.layout.data / instance
        conf = self._conf(instance)
        make_folder(conf.parent)
        shutil.copy("/usr/share/nova-common/api-paste.ini", conf.parent)
        region = self._workspace.topology.region
        internal: dict[str, object] = {"valid_interfaces": "internal"}
        sections: dict[str, dict[str, object]] = {
            "DEFAULT": {
                "transport_url": self._queue.url(),
                "my_ip": "127.0.0.1",
                "host": host,
                "state_path": make_folder(data / "state"),
                "instances_path": make_folder(data / "state" / "instances"),
                "rootwrap_config": "/etc/nova/rootwrap.conf",
                "compute_driver": "fake.FakeDriver",
                "enabled_apis": "osapi_compute",
                "osapi_compute_listen": "127.0.0.1",
                "osapi_compute_listen_port": self._workspace.ports.nova,
                "osapi_compute_workers": 1,
                "report_interval": REPORT_SECONDS,
                "service_down_time": 6 * REPORT_SECONDS,
                "update_resources_interval": 2 * REPORT_SECONDS,
                # no agent plugs a port, so nobody would ever tell that it is plugged
                "vif_plugging_is_fatal": False,
                "vif_plugging_timeout": 0,
            },
            "api": {"auth_strategy": "keystone"},
            "wsgi": {"api_paste_config": conf.parent / "api-paste.ini"},
            "oslo_concurrency": {"lock_path": make_folder(data / "lock")},
            "conductor": {"workers": 1},
            "scheduler": {"workers": 1, "discover_hosts_in_cells_interval": DISCOVER_SECONDS},
            "glance": {"api_servers": f"http://127.0.0.1:{self._glance.port_for(site)}"},
            "cinder": account(self._workspace, "cinder")
            | {
                "cross_az_attach": False,
                "catalog_info": "volumev3:cinder:internalURL",
                "os_region_name": region,
            },
            "neutron": account(self._workspace, "neutron") | internal,
            "placement": account(self._workspace, "placement") | internal,
            # Cinder lets an attachment go only when Nova itself asks (CVE-2023-2088)
            "service_user": account(self._workspace, NAME) | {"send_service_user_token": True},
            "keystone_authtoken": authentication(self._workspace, NAME),
        }
        write_private(conf, render_sections(sections | databases))


def _instance(site: SiteSpec) -> str:
    """Return the name of the folder that the configuration of a site's nova-compute has."""
    return f"nova-compute.{site.name}"
