"""RabbitMQ and its Erlang port mapper, both on the loopback only.

The account and the virtual host come from a definitions file (RabbitMQ docs: Definitions).
"""

import base64
import hashlib
import json
import os

from dcn_lab.daemons import Daemon
from dcn_lab.execution import port_is_open
from dcn_lab.files import make_folder, write_private
from dcn_lab.workspace import Workspace

ACCOUNT = "openstack"
VIRTUAL_HOST = "lab"
MEMORY_BYTES = 512 * 1024**2


class MessageQueue:
    """The message queue of a lab."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._folder = workspace.layout.data / "rabbitmq"
        self._configuration = workspace.layout.configuration / "rabbitmq"

    def url(self) -> str:
        """Return oslo.messaging's transport URL, password included."""
        port = self._workspace.ports.rabbitmq
        return f"rabbit://{ACCOUNT}:{self._workspace.password}@127.0.0.1:{port}/{VIRTUAL_HOST}"

    def daemons(self) -> tuple[Daemon, ...]:
        """Return the port mapper and the broker, in the order they start."""
        return self._port_mapper(), self._broker()

    def up(self) -> None:
        """Bring both up."""
        self._workspace.once("rabbitmq-files", self._write_files)
        for daemon in self.daemons():
            self._workspace.supervisor.start(daemon)

    def _port_mapper(self) -> Daemon:
        """Return epmd as a daemon of its own, or the broker would leave a stray one behind."""
        port = self._workspace.ports.erlang_port_mapper
        return Daemon(
            name="epmd",
            arguments=("epmd", "-port", str(port), "-address", "127.0.0.1"),
            environment=self._workspace.environment(),
            ready=lambda _age_seconds: port_is_open(port),
            log=self._workspace.supervisor.output("epmd"),
            port=port,
        )

    def _broker(self) -> Daemon:
        ports = self._workspace.ports
        layout = self._workspace.layout
        return Daemon(
            name="rabbitmq",
            arguments=("/usr/lib/rabbitmq/bin/rabbitmq-server",),
            environment=self._workspace.environment(
                HOME=str(self._folder),
                # the start script then becomes the broker itself rather than its parent
                RUNNING_UNDER_SYSTEMD="true",
                RABBITMQ_NODENAME="dcn@localhost",
                RABBITMQ_MNESIA_BASE=str(self._folder / "mnesia"),
                RABBITMQ_LOG_BASE=str(layout.log / "rabbitmq"),
                RABBITMQ_PID_FILE=str(layout.run / "rabbitmq.pid"),
                RABBITMQ_CONF_ENV_FILE=str(self._configuration / "env.conf"),
                RABBITMQ_CONFIG_FILE=str(self._configuration / "rabbitmq.conf"),
                RABBITMQ_ENABLED_PLUGINS_FILE=str(self._configuration / "enabled_plugins"),
                RABBITMQ_DIST_PORT=str(ports.erlang_distribution),
                RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=(
                    "+S 2:2 +sbwt none -kernel inet_dist_use_interface {127,0,0,1}"
                ),
                ERL_EPMD_PORT=str(ports.erlang_port_mapper),
                ERL_EPMD_ADDRESS="127.0.0.1",
            ),
            ready=lambda _age_seconds: port_is_open(ports.rabbitmq),
            log=layout.log / "rabbitmq" / "dcn@localhost.log",
            port=ports.rabbitmq,
            stop_seconds=30,
        )

    def _write_files(self) -> None:
        make_folder(self._folder)
        salt = os.urandom(4)
        digest = hashlib.sha256(salt + self._workspace.password.encode()).digest()
        user = {
            "name": ACCOUNT,
            "password_hash": base64.b64encode(salt + digest).decode(),
            "hashing_algorithm": "rabbit_password_hashing_sha256",
            "tags": "administrator",
        }
        permission = {
            "user": ACCOUNT,
            "vhost": VIRTUAL_HOST,
            "configure": ".*",
            "write": ".*",
            "read": ".*",
        }
        definitions = self._configuration / "definitions.json"
        settings = {
            "load_definitions": definitions,
            "listeners.tcp.1": f"127.0.0.1:{self._workspace.ports.rabbitmq}",
            "vm_memory_high_watermark.absolute": MEMORY_BYTES,
            "disk_free_limit.absolute": "50MB",
        }
        write_private(
            definitions,
            json.dumps(
                {
                    "users": [user],
                    "vhosts": [{"name": VIRTUAL_HOST}],
                    "permissions": [permission],
                }
            ),
        )
        write_private(
            self._configuration / "rabbitmq.conf",
            "".join(f"{key} = {value}\n" for key, value in settings.items()),
        )
        write_private(self._configuration / "env.conf", "")
        write_private(self._configuration / "enabled_plugins", "[].\n")
