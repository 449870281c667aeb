"""``mirror status`` and ``mirror health``."""

import asyncio
from datetime import UTC, datetime
from functools import partial

import click

from dcn_console.cli.columns import require_sites
from dcn_console.cli.convert_mirror import mirror_object
from dcn_console.cli.core import core
from dcn_console.cli.framework import Command, Session, open_session, split_names
from dcn_console.cli.listing import Listing, OutputFormat, render_json
from dcn_console.cli.mirror_columns import mirror_columns
from dcn_console.cli.mirror_health import Health, mirror_health
from dcn_console.cli.mirror_subjects import MIRRORS, chosen_mirrors
from dcn_console.cli.options import list_options, output_option, print_listing
from dcn_console.cli.reading import Reading, report_problems
from dcn_console.cli.status import ExitStatus
from dcn_console.model.errors import DcnError
from dcn_console.model.mirror_rows import MirrorPair, MirrorRow
from dcn_console.model.text import printable

_pool = click.option("--pool", metavar="POOL", default="", help="Only this pool.")


@click.command("status", cls=Command)
@click.argument("names", metavar="[VOLUME|POOL/IMAGE]...", nargs=-1)
@_pool
@list_options
def mirror_status(
    names: tuple[str, ...],
    pool: str,
    sites: tuple[str, ...],
    text: str,
    order: str,
    output: OutputFormat,
) -> ExitStatus:
    """Show what is mirrored, judged from both sides. --site keeps what has a side there."""
    session, reading, now = _read(sites)
    rows = _at(chosen_mirrors(reading.rows.mirrors, names), sites, pool)
    listing = Listing(mirror_columns(now), rows, partial(mirror_object, now=now))
    print_listing(listing, text, order, output)
    return worst_reading(session, reading)


@click.command("health", cls=Command)
@click.option(
    "--site", "sites", metavar="SITE[,SITE]", multiple=True, help="Only what has a side there."
)
@_pool
@output_option
def mirror_health_line(sites: tuple[str, ...], pool: str, output: OutputFormat) -> int:
    """Print one line for monitoring.

    Exit status, as of a Nagios plug-in: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
    """
    wanted = split_names(sites)
    try:
        _, reading, now = _read(wanted)
    except DcnError as error:
        click.echo(f"MIRROR UNKNOWN - {printable(str(error))}".replace("|", "/"))
        return Health.UNKNOWN
    snapshots = reading.inventory.mirrors
    asked = [name for name in snapshots if not wanted or name in wanted]
    unread = [name for name in asked if snapshots[name].error is not None]
    pairs = tuple(pair for pair in reading.rows.pairs if _pair_is_wanted(pair, wanted, pool))
    health, found = mirror_health(
        _at(reading.rows.mirrors, wanted, pool),
        pairs,
        unread,
        now,
        blind=len(unread) == len(asked),
    )
    if output is OutputFormat.JSON:
        click.echo(render_json(found), nl=False)
    else:
        click.echo(found.text)
    return health


def worst_reading(session: Session, reading: Reading) -> ExitStatus:
    """Warn of what could not be read; return FAILURE when no site's mirroring could be.

    PARTLY_DONE when some could not.
    """
    report_problems(reading, "")
    snapshots = reading.inventory.mirrors.values()
    failed = sum(snapshot.error is not None for snapshot in snapshots)
    if not failed:
        return ExitStatus.SUCCESS
    return ExitStatus.FAILURE if failed == len(snapshots) else ExitStatus.PARTLY_DONE


def _read(sites: tuple[str, ...]) -> tuple[Session, Reading, datetime]:
    session = open_session()
    require_sites(session.settings.topology, sites)
    reading = asyncio.run(core().read(session, MIRRORS))
    return session, reading, datetime.now(UTC)


def _at(rows: tuple[MirrorRow, ...], sites: tuple[str, ...], pool: str) -> tuple[MirrorRow, ...]:
    return tuple(
        row
        for row in rows
        if (not sites or {row.source.site, row.destination.site} & set(sites))
        and (not pool or row.pool == pool)
    )


def _pair_is_wanted(pair: MirrorPair, sites: tuple[str, ...], pool: str) -> bool:
    at_site = not sites or {side.site for side in pair.sides} & set(sites)
    return bool(at_site) and (not pool or pair.pool == pool)
