"""``server stop|start|create|delete|image``."""

from collections.abc import Callable, Sequence

import click

from dcn_console.cli.core import core
from dcn_console.cli.framework import Command, Session, open_session, split_names
from dcn_console.cli.image_changes import sites_of
from dcn_console.cli.reading import SERVERS, report_problems
from dcn_console.cli.status import ExitStatus
from dcn_console.cli.submitting import Choices, carry_out, change_options
from dcn_console.config.topology import EVERY_EDGE
from dcn_console.model.plans import Plan
from dcn_console.model.requests import Request
from dcn_console.model.server_requests import (
    CreateServer,
    DeleteServers,
    ImageOfServer,
    StartServers,
    StopServers,
)
from dcn_console.workspace.interface import Workspace
from dcn_console.workspace.resolve import find_one

Asking = Callable[[tuple[str, ...]], Request]
"""What to ask for, given the ids of servers."""
_VOLUMES = frozenset({"volumes"})
_names = click.argument("names", metavar="SERVER...", nargs=-1, required=True)


@click.command("stop", cls=Command)
@_names
@change_options
def server_stop(names: tuple[str, ...], choices: Choices) -> ExitStatus:
    """Shut servers down, and wait until they are."""
    return _change(names, choices, lambda ids: StopServers(server_ids=ids))


@click.command("start", cls=Command)
@_names
@change_options
def server_start(names: tuple[str, ...], choices: Choices) -> ExitStatus:
    """Start stopped servers, and wait until they run."""
    return _change(names, choices, lambda ids: StartServers(server_ids=ids))


@click.command("delete", cls=Command)
@_names
@change_options
def server_delete(names: tuple[str, ...], choices: Choices) -> ExitStatus:
    """Delete servers; their volumes stay unless they were made to go with them."""
    return _change(names, choices, lambda ids: DeleteServers(server_ids=ids))


@click.command("create", cls=Command)
@click.argument("name", metavar="NAME")
@click.option("--volume", metavar="VOLUME", required=True, help="The volume to boot from.")
@click.option(
    "--flavor",
    metavar="FLAVOR",
    default="",
    help="Its flavor; without it you are told those there are.",
)
@click.option("--network", metavar="NETWORK", default="", help="Its network; none if not given.")
@click.option("--key", metavar="KEY", default="", help="The key pair to log in with.")
@click.option(
    "--security-group",
    metavar="GROUP",
    default="",
    help="Its security group; the default one if none.",
)
@change_options
def server_create(
    name: str,
    volume: str,
    flavor: str,
    network: str,
    key: str,
    security_group: str,
    choices: Choices,
) -> ExitStatus:
    """Create a server from a volume, at the volume's site.

    The volume stays when the server is deleted.
    """
    session = open_session()

    async def planning(workspace: Workspace) -> tuple[Plan, ...]:
        reading = await core().read(session, _VOLUMES)
        report_problems(reading, "volumes")
        found = find_one((row.volume for row in reading.rows.volumes), volume, "volume")
        request = CreateServer(
            name=name,
            volume_id=found.id,
            flavor=flavor,
            network=network,
            key=key,
            security_group=security_group,
        )
        return await workspace.plan(request)

    return carry_out(session, planning, choices)


@click.command("image", cls=Command)
@click.argument("name", metavar="SERVER")
@click.option("--name", "image_name", default="", help="Name of the image; the server's if none.")
@click.option(
    "--to",
    "targets",
    metavar=f"SITE[,SITE]|{EVERY_EDGE}",
    multiple=True,
    help="Sites that are to have it besides the hub; the server's own if not given.",
)
@click.option(
    "--stop-server", is_flag=True, help="Stop the server for the snapshot, and start it again."
)
@change_options
def server_image(
    name: str,
    image_name: str,
    targets: tuple[str, ...],
    stop_server: bool,
    choices: Choices,
) -> ExitStatus:
    """Make an image of a server's root disk, with its data.

    Nova's own image of a server that boots from a volume holds none: the root volume is uploaded
    instead, through a snapshot while it is in use.
    """
    session = open_session()
    sites = sites_of(session.settings.topology, split_names(targets))

    async def planning(workspace: Workspace) -> tuple[Plan, ...]:
        (server_id,) = await _server_ids(session, (name,))
        request = ImageOfServer(
            server_id=server_id, name=image_name, sites=sites, stop_server=stop_server
        )
        return await workspace.plan(request)

    return carry_out(session, planning, choices)


def _change(names: tuple[str, ...], choices: Choices, asking: Asking) -> ExitStatus:
    session = open_session()

    async def planning(workspace: Workspace) -> tuple[Plan, ...]:
        return await workspace.plan(asking(await _server_ids(session, names)))

    return carry_out(session, planning, choices)


async def _server_ids(session: Session, names: Sequence[str]) -> tuple[str, ...]:
    reading = await core().read(session, SERVERS)
    report_problems(reading, "servers")
    servers = [row.server for row in reading.rows.servers]
    return tuple(dict.fromkeys(find_one(servers, name, "server").id for name in names))
