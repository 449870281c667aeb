"""``mirror schedule``, ``mirror peer``, ``mirror pool-mode`` and ``mirror site-name``."""

import asyncio
from collections.abc import Callable

import click

from dcn_console.cli.columns import require_sites
from dcn_console.cli.convert_mirror import (
    peer_object,
    peer_rows,
    schedule_object,
    schedule_rows,
)
from dcn_console.cli.core import core
from dcn_console.cli.framework import Command, Group, Session, open_session
from dcn_console.cli.listing import Listing, OutputFormat
from dcn_console.cli.mirror_columns import peer_columns, schedule_columns
from dcn_console.cli.mirror_status_commands import worst_reading
from dcn_console.cli.mirror_subjects import MIRRORS, find_subject
from dcn_console.cli.options import list_options, print_listing
from dcn_console.cli.reading import Reading, report_problems
from dcn_console.cli.status import ExitStatus
from dcn_console.cli.submitting import Choices, carry_out, change_options
from dcn_console.model.errors import UsageError
from dcn_console.model.mirroring import PeerDirection, PoolMode
from dcn_console.model.plans import Plan
from dcn_console.model.requests import (
    AddSchedule,
    ChangePoolMode,
    ConnectPeers,
    NameMirrorSite,
    RemovePeer,
    RemoveSchedule,
    Request,
)
from dcn_console.workspace.interface import Workspace

Scheduling = Callable[[str, str, str | None], Request]
"""Makes a request of a site, a pool and perhaps an RBD image."""
_ONLY_MIRRORS = frozenset({"mirrors"})
_interval = click.argument("interval", metavar="INTERVAL")
_object = click.argument("name", metavar="[VOLUME|POOL/IMAGE]", required=False)
_of_pool = click.option("--pool", metavar="POOL", default="", help="For a whole pool.")
_at_site = click.option(
    "--site",
    metavar="SITE",
    default=None,
    help="The site whose cluster has it; a volume's primary when not given.",
)


@click.group("schedule", cls=Group)
def schedule() -> None:
    """When mirror snapshots are taken."""


@click.group("peer", cls=Group)
def peer() -> None:
    """Which clusters mirror which pools to each other."""


@schedule.command("list")
@list_options
def schedule_list(
    sites: tuple[str, ...], text: str, order: str, output: OutputFormat
) -> ExitStatus:
    """List the schedules of mirror snapshots, of pools and of RBD images."""
    session, reading = _read(sites)
    rows = tuple(row for row in schedule_rows(reading.inventory) if not sites or row.site in sites)
    print_listing(Listing(schedule_columns(), rows, schedule_object), text, order, output)
    return worst_reading(session, reading)


@schedule.command("add")
@_interval
@_object
@_of_pool
@_at_site
@change_options
def schedule_add(
    interval: str, name: str | None, pool: str, site: str | None, choices: Choices
) -> ExitStatus:
    """Have mirror snapshots taken of a volume or pool at an interval, as in “15m”."""

    def request(at: str, of_pool: str, image: str | None) -> Request:
        return AddSchedule(site=at, pool=of_pool, interval=interval, image=image)

    return _schedule(name, pool, site, request, choices)


@schedule.command("remove")
@_interval
@_object
@_of_pool
@_at_site
@change_options
def schedule_remove(
    interval: str, name: str | None, pool: str, site: str | None, choices: Choices
) -> ExitStatus:
    """End a schedule of mirror snapshots."""

    def request(at: str, of_pool: str, image: str | None) -> Request:
        return RemoveSchedule(site=at, pool=of_pool, interval=interval, image=image)

    return _schedule(name, pool, site, request, choices)


@peer.command("list")
@list_options
def peer_list(sites: tuple[str, ...], text: str, order: str, output: OutputFormat) -> ExitStatus:
    """List the mirrored pools of each site with their peers and daemons."""
    session, reading = _read(sites)
    rows = tuple(row for row in peer_rows(reading.inventory) if not sites or row.site in sites)
    print_listing(Listing(peer_columns(), rows, peer_object), text, order, output)
    return worst_reading(session, reading)


@peer.command("connect")
@click.argument("pool", metavar="POOL")
@click.argument("source", metavar="SOURCE")
@click.argument("destination", metavar="DESTINATION")
@click.option("--both-ways", is_flag=True, help="Let SOURCE receive from DESTINATION as well.")
@click.option(
    "--mode",
    type=click.Choice((PoolMode.IMAGE, PoolMode.POOL), case_sensitive=False),
    default=PoolMode.IMAGE.value,
    show_default=True,
    help="Mirror the RBD images that are enabled, or every one with journaling.",
)
@change_options
def peer_connect(
    pool: str,
    source: str,
    destination: str,
    both_ways: bool,
    mode: PoolMode,
    choices: Choices,
) -> ExitStatus:
    """Let a pool of site DESTINATION receive from site SOURCE. No token is ever shown."""
    request = ConnectPeers(
        pool=pool,
        source=source,
        destination=destination,
        direction=PeerDirection.BOTH if both_ways else PeerDirection.RECEIVE,
        mode=mode,
    )
    return _change(request, choices, source, destination)


@peer.command("remove")
@click.argument("site", metavar="SITE")
@click.argument("pool", metavar="POOL")
@click.argument("peer_name", metavar="PEER")
@change_options
def peer_remove(site: str, pool: str, peer_name: str, choices: Choices) -> ExitStatus:
    """Take a peer off a pool at a site, by its site's name or its UUID in “peer list”."""
    return _change(RemovePeer(site=site, pool=pool, uuid=peer_name), choices, site)


@click.command("pool-mode", cls=Command)
@click.argument("site", metavar="SITE")
@click.argument("pool", metavar="POOL")
@click.argument(
    "mode", metavar="image|pool|disabled", type=click.Choice(tuple(PoolMode), case_sensitive=False)
)
@change_options
def pool_mode(site: str, pool: str, mode: PoolMode, choices: Choices) -> ExitStatus:
    """Choose which RBD images of a pool at a site are mirrored."""
    return _change(ChangePoolMode(site=site, pool=pool, mode=mode), choices, site)


@click.command("site-name", cls=Command)
@click.argument("site", metavar="SITE")
@click.argument("name", metavar="NAME")
@change_options
def site_name(site: str, name: str, choices: Choices) -> ExitStatus:
    """Give the cluster of a site the name by which its peers know it."""
    return _change(NameMirrorSite(site=site, site_name=name), choices, site)


def _schedule(
    name: str | None, pool: str, site: str | None, making: Scheduling, choices: Choices
) -> ExitStatus:
    """Carry out a change of the schedule of a volume or of a whole pool.

    Raises UsageError unless one of both is named, with a site for a pool.
    """
    session = open_session()
    require_sites(session.settings.topology, (site,) if site else ())
    if bool(name) == bool(pool):
        raise UsageError("Name a volume, or a pool with --pool: one of the two.")
    if pool and site is None:
        raise UsageError(
            f"The schedule of a whole pool is a site's: “{pool}” alone is not enough.",
            way_out=f"Add --site, one of: {', '.join(session.settings.topology.names)}.",
        )

    async def planning(workspace: Workspace) -> tuple[Plan, ...]:
        if not name:
            return await workspace.plan(making(site or "", pool, None))
        reading = await core().read(session, MIRRORS)
        report_problems(reading, "volumes")
        subject = find_subject(reading.rows, session.settings.topology, name)
        at = site or _primary(reading, subject.pool, subject.image, name)
        return await workspace.plan(making(at, subject.pool, subject.image))

    return carry_out(session, planning, choices)


def _primary(reading: Reading, pool: str, image: str, name: str) -> str:
    """Return the one site where an RBD image is primary; raises UsageError without one."""
    found = {
        side.site
        for row in reading.rows.mirrors
        if (row.pool, row.image) == (pool, image)
        for side in (row.source, row.destination)
        if side.primary and side.site
    }
    if len(found) == 1:
        return found.pop()
    known = f"primary at {', '.join(sorted(found))}" if found else "primary at no site we see"
    raise UsageError(f"“{name}” is {known}.", way_out="Say which site is meant with --site.")


def _change(request: Request, choices: Choices, *sites: str) -> ExitStatus:
    session = open_session()
    require_sites(session.settings.topology, sites)

    async def planning(workspace: Workspace) -> tuple[Plan, ...]:
        return await workspace.plan(request)

    return carry_out(session, planning, choices)


def _read(sites: tuple[str, ...]) -> tuple[Session, Reading]:
    session = open_session()
    require_sites(session.settings.topology, sites)
    return session, asyncio.run(core().read(session, _ONLY_MIRRORS))
