"""``backup list``, ``snapshot list`` and ``server list``."""

import click

from dcn_console.cli.convert_storage import backup_object, server_object, snapshot_object
from dcn_console.cli.framework import Group
from dcn_console.cli.list_commands import read_for_list
from dcn_console.cli.listing import Listing, OutputFormat
from dcn_console.cli.options import list_options, print_listing
from dcn_console.cli.reading import BACKUPS, SERVERS, SNAPSHOTS, report_problems
from dcn_console.cli.status import ExitStatus
from dcn_console.cli.storage_columns import backup_columns, server_columns, snapshot_columns


@click.group(cls=Group)
def backup() -> None:
    """Backups of volumes."""


@click.group(cls=Group)
def snapshot() -> None:
    """Snapshots of volumes."""


@click.group(cls=Group)
def server() -> None:
    """Servers, as far as storage needs them."""


@backup.command("list")
@list_options
def backup_list(sites: tuple[str, ...], text: str, order: str, output: OutputFormat) -> ExitStatus:
    """List the backups, each chain as a tree. --site keeps those of volumes there."""
    reading, now = read_for_list(BACKUPS, sites)
    rows = tuple(row for row in reading.rows.backups if not sites or row.site in sites)
    print_listing(Listing(backup_columns(now), rows, backup_object), text, order, output)
    return report_problems(reading, "backups")


@snapshot.command("list")
@list_options
def snapshot_list(
    sites: tuple[str, ...], text: str, order: str, output: OutputFormat
) -> ExitStatus:
    """List the snapshots of volumes."""
    reading, now = read_for_list(SNAPSHOTS, sites)
    rows = tuple(row for row in reading.rows.snapshots if not sites or row.site in sites)
    print_listing(Listing(snapshot_columns(now), rows, snapshot_object), text, order, output)
    return report_problems(reading, "snapshots")


@server.command("list")
@list_options
def server_list(sites: tuple[str, ...], text: str, order: str, output: OutputFormat) -> ExitStatus:
    """List the servers with their root and data volumes."""
    reading, now = read_for_list(SERVERS, sites)
    rows = tuple(row for row in reading.rows.servers if not sites or row.site in sites)
    print_listing(Listing(server_columns(now), rows, server_object), text, order, output)
    return report_problems(reading, "servers")
