"""MariaDB: one server for all services, tuned to forget rather than to wait."""

from pathlib import Path

from dcn_lab.daemons import Daemon
from dcn_lab.errors import LabError
from dcn_lab.files import make_folder
from dcn_lab.workspace import Workspace

ACCOUNT = "lab"
QUERY_SECONDS = 240
INSTALL_SECONDS = 900
"""Both a hundred times what they take on a quiet machine."""
CLOCK_SECONDS = 1
"""A moment in a table is cut to whole seconds: what seems so old may be a second older."""


class Database:
    """The database server of a lab."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._folder = workspace.layout.data / "mariadb"
        self._socket = workspace.layout.run / "mariadb.sock"

    def url(self, name: str) -> str:
        """Return the SQLAlchemy URL of the database `name`, password included."""
        account = f"{ACCOUNT}:{self._workspace.password}"
        port = self._workspace.ports.mariadb
        return f"mysql+pymysql://{account}@127.0.0.1:{port}/{name}?charset=utf8"

    def query(self, statement: str, database: str = "mysql") -> str:
        """Run SQL as root over the socket and return the rows, columns apart by tabs."""
        return self._workspace.run(
            "mariadb", "--no-defaults", f"--socket={self._socket}", "--user=root", "-N", database,
            seconds=QUERY_SECONDS, stdin=statement,
        )  # fmt: skip

    def create(self, name: str) -> None:
        """Create the database `name` unless it exists."""
        self.query(f"CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb3;")

    def daemon(self) -> Daemon:
        """Return the server."""
        return Daemon(
            name="mariadb",
            arguments=(
                "mariadbd", "--no-defaults", "--user=root",
                f"--datadir={self._folder}", f"--socket={self._socket}",
                f"--pid-file={self._workspace.layout.run / 'mariadb.pid'}",
                f"--tmpdir={self._workspace.layout.temporary}", f"--log-error={self._log}",
                f"--port={self._workspace.ports.mariadb}", "--bind-address=127.0.0.1",
                "--innodb-buffer-pool-size=96M", "--innodb-log-file-size=32M",
                "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0",
                "--performance-schema=0", "--skip-name-resolve", "--max-connections=600",
                "--character-set-server=utf8mb3", "--skip-log-bin",
            ),
            environment=self._workspace.environment(),
            ready=self._ready,
            log=self._log,
            port=self._workspace.ports.mariadb,
            stop_seconds=30,
        )  # fmt: skip

    def up(self) -> None:
        """Bring the server up, with the account that the services use."""
        self._workspace.once("mariadb-files", self._install)
        self._workspace.supervisor.start(self.daemon())
        self._workspace.once("mariadb-account", self._make_account)

    @property
    def _log(self) -> Path:
        return self._workspace.layout.log / "mariadb.log"

    def _install(self) -> None:
        make_folder(self._folder)
        self._workspace.run(
            "mariadb-install-db", "--no-defaults", f"--datadir={self._folder}", "--user=root",
            "--auth-root-authentication-method=socket", "--skip-test-db",
            seconds=INSTALL_SECONDS,
        )  # fmt: skip

    def _make_account(self) -> None:
        who = f"{ACCOUNT}@'127.0.0.1'"
        self.query(
            f"CREATE OR REPLACE USER {who} IDENTIFIED BY '{self._workspace.password}';"
            f"GRANT ALL ON *.* TO {who};"
        )

    def _ready(self, _age_seconds: float) -> bool:
        try:
            return self.query("SELECT 1;").strip() == "1"
        except LabError:
            return False
