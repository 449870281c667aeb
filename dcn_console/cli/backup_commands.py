"""``backup create|restore|delete|check``."""

from collections.abc import Sequence
from datetime import UTC, datetime

import click

from dcn_console.cli.columns import require_sites
from dcn_console.cli.core import core
from dcn_console.cli.framework import Command, Session, open_session
from dcn_console.cli.options import comparison_options
from dcn_console.cli.reading import BACKUPS, Reading, report_problems
from dcn_console.cli.status import ExitStatus
from dcn_console.cli.submitting import Choices, carry_out, change_options
from dcn_console.model.errors import UsageError
from dcn_console.model.plans import Plan
from dcn_console.model.requests import ContentCheck
from dcn_console.model.rows import BackupRow
from dcn_console.model.storage import Backup
from dcn_console.model.storage_requests import (
    BackUpVolumes,
    CheckBackups,
    DeleteBackups,
    RestoreBackup,
)
from dcn_console.workspace.interface import Workspace
from dcn_console.workspace.resolve import find_one

VOLUMES_ALONE = frozenset({"volumes"})
_comparing = comparison_options(
    "How much of the data is compared.", (ContentCheck.SAMPLED, ContentCheck.FULL)
)
_NEVER = datetime.min.replace(tzinfo=UTC)


@click.command("create", cls=Command)
@click.argument("names", metavar="VOLUME...", nargs=-1, required=True)
@click.option("--name", default="", help="Name of the backup; the volume's and the time if none.")
@click.option(
    "--incremental", is_flag=True, help="Build on the volume's last backup, where there is one."
)
@click.option(
    "--snapshot", "snapshot_id", metavar="ID", default=None, help="Back this snapshot up instead."
)
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    default=None,
    help="Afterwards delete older backups, in whole chains, so that so many good ones stay.",
)
@change_options
def backup_create(
    names: tuple[str, ...],
    name: str,
    incremental: bool,
    snapshot_id: str | None,
    keep: int | None,
    choices: Choices,
) -> ExitStatus:
    """Back volumes up to the hub.

    The bytes are watched as they arrive, and some of them compared with the volume. Older backups
    go only after that. A volume in use is backed up as it is.
    """
    session = open_session()

    async def planning(workspace: Workspace) -> tuple[Plan, ...]:
        reading = await core().read(session, VOLUMES_ALONE)
        report_problems(reading, "volumes")
        request = BackUpVolumes(
            volume_ids=tuple(_volume_id(reading, one) for one in dict.fromkeys(names)),
            name=name,
            incremental=incremental,
            snapshot_id=snapshot_id,
            keep=keep,
        )
        return await workspace.plan(request)

    return carry_out(session, planning, choices)


@click.command("restore", cls=Command)
@click.argument("name", metavar="BACKUP")
@click.option("--to", "site", metavar="SITE", default="", help="Restore to a new volume there.")
@click.option(
    "--name", "new_name", default="", help="Name of the new volume; the backup's if none."
)
@click.option(
    "--over", "volume", metavar="VOLUME", default="", help="Overwrite this volume instead."
)
@click.option("--server", metavar="NAME", default="", help="Make a server of the volume then.")
@click.option("--flavor", default="", help="The server's flavor; without, the plan lists them.")
@click.option("--network", default="", help="The server's network; none if not given.")
@click.option("--key", default="", help="The server's key pair.")
@click.option("--security-group", default="", help="The server's security group.")
@_comparing
@change_options
def backup_restore(
    name: str,
    site: str,
    new_name: str,
    volume: str,
    server: str,
    flavor: str,
    network: str,
    key: str,
    security_group: str,
    check: ContentCheck,
    percent: float,
    choices: Choices,
) -> ExitStatus:
    """Restore a backup to a new volume at any site, or over an existing one.

    The outcome is compared with the volume as it was when it was backed up, and boot flag and
    image metadata are carried over.
    """
    if bool(site) == bool(volume):
        raise UsageError(
            "Say either --to SITE or --over VOLUME.", way_out="--over overwrites what is there."
        )
    if not server and (flavor or network or key or security_group):
        raise UsageError("Say --server NAME for what a server is to be made of.")
    session = open_session()
    if site:
        require_sites(session.settings.topology, (site,))

    async def planning(workspace: Workspace) -> tuple[Plan, ...]:
        reading = await _read(session)
        request = RestoreBackup(
            backup_id=_backup(reading, name).id,
            site=site,
            name=new_name,
            volume_id=_volume_id(reading, volume) if volume else None,
            check=check,
            sample_percent=percent,
            server=server,
            flavor=flavor,
            network=network,
            key=key,
            security_group=security_group,
        )
        return await workspace.plan(request)

    return carry_out(session, planning, choices)


@click.command("delete", cls=Command)
@click.argument("names", metavar="BACKUP...", nargs=-1, required=True)
@click.option(
    "--with-dependents", is_flag=True, help="Also delete the increments that build on them."
)
@change_options
def backup_delete(names: tuple[str, ...], with_dependents: bool, choices: Choices) -> ExitStatus:
    """Delete backups, the newest of a chain first."""
    session = open_session()

    async def planning(workspace: Workspace) -> tuple[Plan, ...]:
        ids = _ids(await _read(session), names)
        return await workspace.plan(DeleteBackups(backup_ids=ids, with_dependents=with_dependents))

    return carry_out(session, planning, choices)


@click.command("check", cls=Command)
@click.argument("names", metavar="[BACKUP]...", nargs=-1)
@click.option(
    "--oldest",
    type=click.IntRange(min=1),
    default=None,
    help="Check so many backups, those that were not checked for the longest first.",
)
@click.option("--at", "site", metavar="SITE", default="", help="Where to; the hub if not given.")
@_comparing
@change_options
def backup_check(
    names: tuple[str, ...],
    oldest: int | None,
    site: str,
    check: ContentCheck,
    percent: float,
    choices: Choices,
) -> ExitStatus:
    """Prove backups: restore each to a scratch volume, compare it, remove it.

    When it was proved is written into the backup's metadata.
    """
    if bool(names) == bool(oldest):
        raise UsageError("Name backups, or say --oldest N.")
    session = open_session()
    if site:
        require_sites(session.settings.topology, (site,))

    async def planning(workspace: Workspace) -> tuple[Plan, ...]:
        reading = await _read(session)
        if oldest is None:
            ids = _ids(reading, names)
        else:
            ids = tuple(row.key for row in longest_unchecked(reading.rows.backups)[:oldest])
        request = CheckBackups(backup_ids=ids, site=site, check=check, sample_percent=percent)
        return await workspace.plan(request)

    return carry_out(session, planning, choices)


def longest_unchecked(rows: Sequence[BackupRow]) -> tuple[BackupRow, ...]:
    """Return the good backups, never checked ones first, then by when they were."""
    good = [row for row in rows if row.backup.status == "available"]
    return tuple(
        sorted(good, key=lambda row: (row.verified_on or _NEVER, row.data_at or _NEVER, row.key))
    )


async def _read(session: Session) -> Reading:
    reading = await core().read(session, BACKUPS)
    report_problems(reading, "backups")
    return reading


def _volume_id(reading: Reading, text: str) -> str:
    return find_one((row.volume for row in reading.rows.volumes), text, "volume").id


def _backup(reading: Reading, text: str) -> Backup:
    return find_one((row.backup for row in reading.rows.backups), text, "backup")


def _ids(reading: Reading, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_backup(reading, name).id for name in names))
