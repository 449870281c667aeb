"""What the OpenStack services have in common: uwsgi, entry points, accounts, addresses."""

from pathlib import Path

from dcn_lab.daemons import Daemon
from dcn_lab.execution import PYTHON, http_answers
from dcn_lab.workspace import Workspace

THREADS = 8
COMMAND_SECONDS = 900
"""For a command that fills a database: ten times what it takes on two free cores."""
SHIMS = Path(__file__).with_name("shims")


def web_daemon(
    workspace: Workspace,
    name: str,
    port: int,
    application: str | Path,
    *,
    log: Path,
    arguments: str = "",
    **environment: str,
) -> Daemon:
    """Return a daemon that serves the WSGI file `application` with uwsgi on the loopback.

    uwsgi's HTTP socket promises to keep a connection and then closes it, which breaks clients
    with a session: the added header makes it honest.
    """
    return Daemon(
        name=name,
        arguments=(
            "uwsgi", "--plugins", "python3", "--http-socket", f"127.0.0.1:{port}",
            "--import", str(SHIMS / "native_threads.py"), "--wsgi-file", str(application),
            "--processes", "1", "--threads", str(THREADS), "--enable-threads",
            "--lazy-apps", "--master", "--no-orphans", "--die-on-term", "--thunder-lock",
            "--buffer-size", "65535", "--socket-timeout", "600", "--need-app",
            "--disable-logging", "--add-header", "Connection: close",
            *(("--pyargv", arguments) if arguments else ()),
        ),
        environment=workspace.environment(**environment),
        ready=lambda _age_seconds: http_answers(port),
        log=log,
        port=port,
    )  # fmt: skip


def program(entry_point: str, conf: Path) -> tuple[str, ...]:
    """Return the command line of a service that isn't WSGI; `entry_point` is MODULE:FUNCTION."""
    return (PYTHON, str(SHIMS / "run_service.py"), entry_point, "--config-file", str(conf))


def keystone_url(workspace: Workspace) -> str:
    """Return the address of the Identity API v3."""
    return f"http://127.0.0.1:{workspace.ports.keystone}/v3"


def authentication(workspace: Workspace, user: str) -> dict[str, object]:
    """Return the options of keystonemiddleware (section keystone_authtoken) for a service."""
    return {
        **account(workspace, user),
        "www_authenticate_uri": keystone_url(workspace),
        "service_token_roles_required": False,
        "interface": "internal",
    }


def account(workspace: Workspace, user: str) -> dict[str, object]:
    """Return keystoneauth's options with which a service calls another one as `user`."""
    return {
        "auth_url": keystone_url(workspace),
        "auth_type": "password",
        "project_domain_name": "Default",
        "user_domain_name": "Default",
        "project_name": "service",
        "username": user,
        "password": workspace.password,
        "region_name": workspace.topology.region,
    }
