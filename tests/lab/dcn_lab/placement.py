"""Placement: what the compute hosts have to offer. Options: placement/conf/ (Zed)."""

from dcn_lab.daemons import Daemon
from dcn_lab.database import Database
from dcn_lab.files import render_sections, write_private
from dcn_lab.web_service import COMMAND_SECONDS, authentication, web_daemon
from dcn_lab.workspace import Workspace

NAME = "placement"


class Placement:
    """The Placement service of a lab."""

    def __init__(self, workspace: Workspace, database: Database) -> None:
        self._workspace = workspace
        self._database = database
        self._folder = workspace.layout.configuration / NAME
        self._log = workspace.layout.log / f"{NAME}.log"

    def daemon(self) -> Daemon:
        """Return the API."""
        return web_daemon(
            self._workspace,
            NAME,
            self._workspace.ports.placement,
            "/usr/bin/placement-api",
            log=self._log,
            OS_PLACEMENT_CONFIG_DIR=str(self._folder),
        )

    def install(self) -> None:
        """Write the configuration and make the database's tables; needs the database."""
        self._workspace.once("placement-database", self._install)

    def _install(self) -> None:
        self._database.create(NAME)
        conf = self._folder / "placement.conf"
        sections: dict[str, dict[str, object]] = {
            "DEFAULT": {"log_file": self._log},
            "api": {"auth_strategy": "keystone"},
            "placement_database": {"connection": self._database.url(NAME), "max_pool_size": 5},
            "keystone_authtoken": authentication(self._workspace, NAME),
        }
        write_private(conf, render_sections(sections))
        self._workspace.run(
            "placement-manage", "--config-file", conf, "db", "sync", seconds=COMMAND_SECONDS
        )
