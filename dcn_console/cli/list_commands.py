"""``site list``, ``store list``, ``image list`` and ``volume list``."""

import asyncio
from datetime import UTC, datetime

import click

from dcn_console.cli.columns import (
    image_columns,
    require_sites,
    site_columns,
    store_columns,
    volume_columns,
)
from dcn_console.cli.convert import image_object, site_object, store_object, volume_object
from dcn_console.cli.core import core
from dcn_console.cli.framework import Group, open_session
from dcn_console.cli.listing import Listing, OutputFormat
from dcn_console.cli.options import list_options, print_listing
from dcn_console.cli.reading import (
    IMAGES,
    SITES,
    STORES,
    VOLUMES,
    Reading,
    report_problems,
)
from dcn_console.cli.status import ExitStatus
from dcn_console.model.rows import ImageRow, Placement

_NOT_THERE = (Placement.ABSENT, Placement.UNKNOWN, Placement.MISSING)


@click.group(cls=Group)
def site() -> None:
    """Sites with their capacity and health."""


@click.group(cls=Group)
def store() -> None:
    """Glance stores."""


@click.group(cls=Group)
def image() -> None:
    """Images and their copies."""


@click.group(cls=Group)
def volume() -> None:
    """Volumes."""


@site.command("list")
@list_options
def site_list(sites: tuple[str, ...], text: str, order: str, output: OutputFormat) -> ExitStatus:
    """List the sites."""
    reading, now = read_for_list(SITES, sites)
    rows = tuple(row for row in reading.rows.sites if not sites or row.key in sites)
    print_listing(Listing(site_columns(now), rows, site_object), text, order, output)
    return report_problems(reading, "")


@store.command("list")
@list_options
def store_list(sites: tuple[str, ...], text: str, order: str, output: OutputFormat) -> ExitStatus:
    """List the Glance stores."""
    reading, now = read_for_list(STORES, sites)
    rows = tuple(row for row in reading.rows.stores if not sites or row.site in sites)
    print_listing(Listing(store_columns(now), rows, store_object), text, order, output)
    return report_problems(reading, "stores")


@image.command("list")
@list_options
def image_list(sites: tuple[str, ...], text: str, order: str, output: OutputFormat) -> ExitStatus:
    """List the images. --site keeps those with a copy, or one on its way, there."""
    reading, now = read_for_list(IMAGES, sites)
    rows = tuple(row for row in reading.rows.images if not sites or _is_at(row, sites))
    columns = image_columns(now, reading.inventory.topology)
    print_listing(Listing(columns, rows, image_object), text, order, output)
    return report_problems(reading, "images")


@volume.command("list")
@list_options
def volume_list(sites: tuple[str, ...], text: str, order: str, output: OutputFormat) -> ExitStatus:
    """List the volumes of every project the credentials may see."""
    reading, now = read_for_list(VOLUMES, sites)
    rows = tuple(row for row in reading.rows.volumes if not sites or row.site in sites)
    print_listing(Listing(volume_columns(now), rows, volume_object), text, order, output)
    return report_problems(reading, "volumes")


def read_for_list(wanted: frozenset[str], sites: tuple[str, ...]) -> tuple[Reading, datetime]:
    """Read the ``wanted`` parts; return them and the moment. Raises UsageError for no site."""
    session = open_session()
    require_sites(session.settings.topology, sites)
    reading = asyncio.run(core().read(session, wanted))
    return reading, datetime.now(UTC)


def _is_at(row: ImageRow, sites: tuple[str, ...]) -> bool:
    cells = (row.cell(name) for name in sites)
    return any(cell is not None and cell.state not in _NOT_THERE for cell in cells)
