"""Neutron without agents: networks, subnets, ports and security groups, none of them plugged.

Options: neutron/conf/ and neutron/conf/plugins/ml2/ (Zed).
"""

import json
import shutil

from dcn_lab.daemons import Daemon
from dcn_lab.database import Database
from dcn_lab.execution import http_answers
from dcn_lab.files import make_folder, render_sections, write_private
from dcn_lab.message_queue import MessageQueue
from dcn_lab.topology import SiteSpec
from dcn_lab.web_service import COMMAND_SECONDS, authentication, program
from dcn_lab.workspace import Workspace

NAME = "neutron"
AGENT = "Open vSwitch agent"
FOR_EVER_SECONDS = 2_000_000_000


class Neutron:
    """The Network service of a lab."""

    def __init__(self, workspace: Workspace, database: Database, queue: MessageQueue) -> None:
        self._workspace = workspace
        self._database = database
        self._queue = queue
        self._folder = workspace.layout.configuration / NAME
        self._conf = self._folder / "neutron.conf"
        self._log = workspace.layout.log / f"{NAME}.log"

    def daemon(self) -> Daemon:
        """Return the API under its own server: under uwsgi's threads requests hang for ever.

        Neutron relies on eventlet throughout ("cannot switch to a different thread").
        """
        port = self._workspace.ports.neutron
        return Daemon(
            name=NAME,
            arguments=program("neutron.cmd.eventlet.server:main", self._conf),
            environment=self._workspace.environment(),
            ready=lambda _age_seconds: http_answers(port),
            log=self._log,
            port=port,
        )

    def install(self) -> None:
        """Write the configuration and fill the database; needs the database."""
        self._workspace.once("neutron-configuration", self._write_files)
        self._workspace.once("neutron-database", self._fill_database)

    def _fill_database(self) -> None:
        self._database.create(NAME)
        self._workspace.run(
            "neutron-db-manage", "--config-file", self._conf, "upgrade", "heads",
            seconds=COMMAND_SECONDS,
        )  # fmt: skip
        for site in self._workspace.topology.sites:
            self._database.query(_agent_statement(site), NAME)

    def _write_files(self) -> None:
        data = self._workspace.layout.data / NAME
        make_folder(self._folder)
        shutil.copy("/usr/share/neutron-common/api-paste.ini", self._folder)
        sections: dict[str, dict[str, object]] = {
            "DEFAULT": {
                "log_file": self._log,
                "transport_url": self._queue.url(),
                "auth_strategy": "keystone",
                "bind_host": "127.0.0.1",
                "bind_port": self._workspace.ports.neutron,
                "api_workers": 0,
                "rpc_workers": 0,
                "rpc_state_report_workers": 0,
                "core_plugin": "ml2",
                "service_plugins": "",
                "state_path": make_folder(data / "state"),
                "api_paste_config": self._folder / "api-paste.ini",
                "dhcp_agent_notification": False,
                "notify_nova_on_port_status_changes": False,
                "notify_nova_on_port_data_changes": False,
                "agent_down_time": FOR_EVER_SECONDS,
            },
            "database": {"connection": self._database.url(NAME), "max_pool_size": 5},
            "oslo_concurrency": {"lock_path": make_folder(data / "lock")},
            "keystone_authtoken": authentication(self._workspace, NAME),
            "ml2": {
                "type_drivers": "local,flat",
                "tenant_network_types": "local",
                "mechanism_drivers": "openvswitch",
                "extension_drivers": "port_security",
            },
            "securitygroup": {"enable_security_group": True, "firewall_driver": "noop"},
        }
        write_private(self._conf, render_sections(sections))


def _agent_statement(site: SiteSpec) -> str:
    """Return SQL for an agent at the site's compute host: a port is bound only where one lives.

    Table `agents` of neutron/db/models/agent.py; it is alive for `agent_down_time`.
    """
    configurations = json.dumps({"bridge_mappings": {}, "tunnel_types": []})
    return (
        "INSERT INTO agents (id, agent_type, `binary`, topic, host, admin_state_up, created_at,"
        " started_at, heartbeat_timestamp, configurations, `load`, availability_zone)"
        f" SELECT UUID(), '{AGENT}', 'neutron-openvswitch-agent', 'N/A', '{site.name}', 1,"
        " UTC_TIMESTAMP(), UTC_TIMESTAMP(), UTC_TIMESTAMP(),"
        f" '{configurations}', 0, '{site.availability_zone}' FROM DUAL WHERE NOT EXISTS"
        f" (SELECT 1 FROM agents WHERE host = '{site.name}' AND agent_type = '{AGENT}');"
    )
