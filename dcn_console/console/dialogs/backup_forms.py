"""What each action on backups asks, and the requests it makes."""

from datetime import datetime

from dcn_console.console.backup_availability import good_backups
from dcn_console.console.dialogs.checks import number_or_none
from dcn_console.console.dialogs.forms import Answers, Field, Form, Option, yes_no
from dcn_console.console.dialogs.mirror_fields import SAMPLE, check, share
from dcn_console.console.dialogs.mirror_forms import FormMaker
from dcn_console.console.dialogs.restore_form import COMPARED, called, restore
from dcn_console.console.dialogs.subjects import what
from dcn_console.console.situation import Situation
from dcn_console.model.rows import Rows
from dcn_console.model.storage_requests import (
    BackUpVolumes,
    CheckBackups,
    DeleteBackups,
)
from dcn_console.model.text import count, printable

_NAME = 40
_FULL = "full"
_INCREMENTAL = "incremental"


def back_up(situation: Situation, _rows: Rows, _now: datetime) -> Form:
    """Ask for kind and name of the backups, and how many stay."""
    if situation.snapshots:
        return _of_snapshots(situation)
    volume_ids = tuple(row.key for row in situation.volumes)
    based = all(row.last_backup is not None for row in situation.volumes)
    kind = Field(
        id="kind",
        label="kind",
        options=(
            Option(
                value=_INCREMENTAL,
                words="incremental",
                hint="What changed since the last backup; all of it where there is none.",
            ),
            Option(value=_FULL, words="full", hint="All of the data, whatever there is already."),
        ),
        start=_INCREMENTAL if based else _FULL,
    )
    return Form(
        title=f"Back up {_volumes(situation)}",
        verb="Back up",
        fields=(kind, _BACKUP_NAME, _KEEP),
        requests=lambda answers: (
            BackUpVolumes(
                volume_ids=volume_ids,
                name=answers["name"],
                incremental=answers["kind"] == _INCREMENTAL,
                keep=_keep(answers),
            ),
        ),
    )


def _of_snapshots(situation: Situation) -> Form:
    """Ask for the name: what is made of a snapshot is always a full backup."""
    snapshots = tuple((row.key, row.snapshot.volume_id or "") for row in situation.snapshots)
    return Form(
        title=f"Back up snapshot {what(situation)}",
        verb="Back up",
        fields=(_BACKUP_NAME, _KEEP),
        requests=lambda answers: tuple(
            BackUpVolumes(
                volume_ids=(volume_id,),
                name=answers["name"],
                snapshot_id=snapshot_id,
                keep=_keep(answers),
            )
            for snapshot_id, volume_id in snapshots
        ),
    )


_BACKUP_NAME = Field(
    id="name",
    label="name",
    hint="The backup's name; empty for the volume's and the time.",
)
_KEEP = Field(
    id="keep",
    label="keep",
    hint="How many good backups stay; older chains go after it was verified. Empty for all.",
    complaint=number_or_none,
)


def _keep(answers: Answers) -> int | None:
    return int(answers["keep"]) if answers["keep"] else None


def prove(situation: Situation, _rows: Rows, now: datetime) -> Form:
    """Ask where the scratch volume is made, and how much is compared."""
    backups = good_backups(situation)
    sites = tuple(site for site in situation.topology if site.availability_zone)
    return Form(
        title=f"Check {called(backups, situation, now)}",
        verb="Check",
        fields=(
            Field(
                id="at",
                label="at",
                options=tuple(
                    Option(
                        value=site.name,
                        words=site.name,
                        hint="The scratch volume is made there, and removed again.",
                    )
                    for site in sites
                ),
            ),
            COMPARED,
            SAMPLE,
        ),
        requests=lambda answers: (
            CheckBackups(
                backup_ids=tuple(backup.id for backup in backups),
                site=answers["at"],
                check=check(answers),
                sample_percent=share(answers),
            ),
        ),
    )


def delete(situation: Situation, _rows: Rows, now: datetime) -> Form:
    """Ask whether the increments that need them go too, where there are any."""
    chosen = {row.key for row in situation.backups}
    more = {key for row in situation.backups for key in row.node.dependents} - chosen
    needed = Field(
        id="dependents",
        label="increments",
        options=yes_no(
            f"{count(len(more), 'increment that builds', 'increments that build')} on it too.",
            "Refused while an increment builds on it.",
        ),
        start="no",
    )
    backups = tuple(row.backup for row in situation.backups)
    return Form(
        title=f"Delete {called(backups, situation, now)}",
        verb="Delete",
        fields=(needed,) if more else (),
        requests=lambda answers: (
            DeleteBackups(
                backup_ids=tuple(row.key for row in situation.backups),
                with_dependents=answers.get("dependents") == "yes",
            ),
        ),
    )


def _volumes(situation: Situation) -> str:
    if len(situation.volumes) == 1:
        return printable(situation.volumes[0].volume.label, _NAME)
    return count(len(situation.volumes), "volume")


BACKUP_FORMS: dict[str, FormMaker] = {
    "back_up": back_up,
    "restore_backups": restore,
    "check_backups": prove,
    "delete_backups": delete,
}
"""What each action of the menu asks, by the action's id."""
