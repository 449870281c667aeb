"""Keystone: database, keys, first account, and what the other services need in it."""

from dcn_lab.daemons import Daemon
from dcn_lab.database import Database
from dcn_lab.files import make_folder, render_sections, write_private
from dcn_lab.identity import Endpoint, seed
from dcn_lab.web_service import COMMAND_SECONDS, keystone_url, web_daemon
from dcn_lab.workspace import Workspace

NAME = "keystone"
TOKEN_SECONDS = 86400
PASSWORD_ROUNDS = 4
"""The fewest that bcrypt knows: a dozen services log in while the lab comes up."""


class Keystone:
    """The Identity service of a lab."""

    def __init__(self, workspace: Workspace, database: Database) -> None:
        self._workspace = workspace
        self._database = database
        self._folder = workspace.layout.configuration / NAME
        self._conf = self._folder / "keystone.conf"
        self._log = workspace.layout.log / "keystone.log"

    def daemon(self) -> Daemon:
        """Return the API."""
        return web_daemon(
            self._workspace,
            NAME,
            self._workspace.ports.keystone,
            "/usr/bin/keystone-wsgi-public",
            log=self._log,
            OS_KEYSTONE_CONFIG_DIR=str(self._folder),
            OS_KEYSTONE_CONFIG_FILES=str(self._conf),
        )

    def up(self) -> None:
        """Bring the API up with its accounts; needs the database."""
        self._workspace.once("keystone-database", self._install)
        self._workspace.supervisor.start(self.daemon())
        self._workspace.once("keystone-accounts", self._seed)

    def _install(self) -> None:
        keys = self._workspace.layout.data / NAME
        make_folder(keys)
        self._database.create(NAME)
        write_private(
            self._conf,
            render_sections(
                {
                    "DEFAULT": {"log_file": self._log},
                    "database": {"connection": self._database.url(NAME)},
                    "token": {"provider": "fernet", "expiration": TOKEN_SECONDS},
                    "fernet_tokens": {"key_repository": keys / "fernet"},
                    "credential": {"key_repository": keys / "credential"},
                    "identity": {"password_hash_rounds": PASSWORD_ROUNDS},
                    # one process, so its memory will do; without it a request costs 0.3 s of CPU
                    "cache": {"enabled": True, "backend": "dogpile.cache.memory"},
                }
            ),
        )
        for folder in ("fernet", "credential"):
            make_folder(keys / folder)
        owner = ("--keystone-user", "root", "--keystone-group", "root")
        self._manage("db_sync")
        self._manage("fernet_setup", *owner)
        self._manage("credential_setup", *owner)
        url = keystone_url(self._workspace)
        self._manage(
            "bootstrap",
            *("--bootstrap-admin-url", url),
            *("--bootstrap-internal-url", url),
            *("--bootstrap-public-url", url),
            *("--bootstrap-region-id", self._workspace.topology.region),
        )

    def _manage(self, *arguments: str) -> None:
        self._workspace.run(
            "keystone-manage",
            *("--config-file", self._conf),
            *arguments,
            seconds=COMMAND_SECONDS,
            OS_BOOTSTRAP_PASSWORD=self._workspace.password,
        )

    def _seed(self) -> None:
        ports = self._workspace.ports
        cinder = f"http://127.0.0.1:{ports.cinder}/v3/%(project_id)s"
        endpoints: tuple[Endpoint, ...] = (
            Endpoint("glance", "image", f"http://127.0.0.1:{ports.glance}"),
            Endpoint("cinder", "volumev3", cinder),
        )
        if self._workspace.topology.compute:
            endpoints += (
                Endpoint("nova", "compute", f"http://127.0.0.1:{ports.nova}/v2.1"),
                Endpoint("neutron", "network", f"http://127.0.0.1:{ports.neutron}"),
                Endpoint("placement", "placement", f"http://127.0.0.1:{ports.placement}"),
            )
        seed(
            keystone_url(self._workspace),
            self._workspace.password,
            self._workspace.topology.region,
            endpoints,
        )
