"""What each action on backups asks, and the requests it makes."""

from datetime import datetime

from dcn_console.console.backup_availability import good_backups
from dcn_console.console.dialogs.checks import number_or_none
from dcn_console.console.dialogs.forms import Answers, Field, Form, Option, yes_no
from dcn_console.console.dialogs.mirror_fields import SAMPLE, check, share
from dcn_console.console.dialogs.mirror_forms import FormMaker
from dcn_console.console.dialogs.subjects import what
from dcn_console.console.situation import Situation
from dcn_console.model.requests import ContentCheck, Request
from dcn_console.model.rows import Rows, VolumeRow
from dcn_console.model.sites import Site
from dcn_console.model.storage import Backup
from dcn_console.model.storage_requests import (
    BackUpVolumes,
    CheckBackups,
    DeleteBackups,
    RestoreBackup,
)
from dcn_console.model.text import count, format_age, printable

_NAME = 40
_FULL = "full"
_INCREMENTAL = "incremental"
_OWN = "over:own"
_OTHER = "over:other"
_OVER = frozenset({_OWN, _OTHER})

_CHECK = Field(
    id="check",
    label="compare",
    options=(
        Option(
            value=ContentCheck.SAMPLED.value,
            words="sampled",
            hint="A share of the data is compared with the volume that was backed up.",
        ),
        Option(
            value=ContentCheck.FULL.value,
            words="full",
            hint="All the data is compared with the volume that was backed up.",
        ),
    ),
    start=ContentCheck.SAMPLED.value,
)


def back_up(situation: Situation, _rows: Rows, _now: datetime) -> Form:
    """Ask for kind and name of the backups, and how many stay."""
    volume_ids = tuple(row.key for row in situation.volumes)
    based = all(row.last_backup is not None for row in situation.volumes)
    name = Field(
        id="name",
        label="name",
        hint="The backup's name; empty for the volume's and the time.",
    )
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
        fields=(kind, name, _KEEP),
        requests=lambda answers: (
            BackUpVolumes(
                volume_ids=volume_ids,
                name=answers["name"],
                incremental=answers["kind"] == _INCREMENTAL,
                keep=_keep(answers),
            ),
        ),
    )


_KEEP = Field(
    id="keep",
    label="keep",
    hint="How many good backups stay; older chains go after it was verified. Empty for all.",
    complaint=number_or_none,
)


def _keep(answers: Answers) -> int | None:
    return int(answers["keep"]) if answers["keep"] else None


def restore(situation: Situation, rows: Rows, now: datetime) -> Form:
    """Ask where to restore: a new volume at a site, or over one that is there."""
    backups = good_backups(situation)
    single = len(backups) == 1
    volumes = _volumes_there(situation)
    homes = set(volumes.values())
    sites = tuple(site for site in situation.topology if site.availability_zone)
    elsewhere = next((site for site in sites if not site.is_hub and site.name not in homes), None)
    own = all(backup.volume_id in volumes for backup in backups)
    options = [*(_place(site, homes) for site in sites)]
    if own:
        words = "over itself" if single else "over themselves"
        options.append(Option(value=_OWN, words=words, hint=_overwrites("the volume holds")))
    if single:
        hint = _overwrites("that volume holds")
        options.append(Option(value=_OTHER, words="over another", hint=hint))

    def over(text: str) -> str:
        found = _called(rows, text)
        if len(found) == 1:
            return ""
        if not found:
            return "There is no volume of that name or id."
        return f"There are {len(found)} volumes of that name: type the id."

    def requests(answers: Answers) -> tuple[Request, ...]:
        return tuple(
            RestoreBackup(
                backup_id=backup.id,
                site="" if answers["to"] in _OVER else answers["to"],
                name="" if answers["to"] in _OVER or not single else answers["name"],
                volume_id=_target(answers, backup, rows),
                check=check(answers),
                sample_percent=share(answers),
            )
            for backup in backups
        )

    return Form(
        title=f"Restore {_backups(backups, situation, now)}",
        verb="Restore",
        fields=(
            Field(
                id="to",
                label="to",
                options=tuple(options),
                start=elsewhere.name if elsewhere is not None else "",
            ),
            Field(
                id="name",
                label="name",
                hint="The new volume's name; empty for the backup's.",
                shown=lambda answers: single and answers["to"] not in _OVER,
            ),
            Field(
                id="volume",
                label="volume",
                hint="Name or id of the volume to overwrite; it must be free and large enough.",
                complaint=over,
                shown=lambda answers: answers["to"] == _OTHER,
            ),
            _CHECK,
            SAMPLE,
        ),
        requests=requests,
    )


def prove(situation: Situation, _rows: Rows, now: datetime) -> Form:
    """Ask where the scratch volume is made, and how much is compared."""
    backups = good_backups(situation)
    sites = tuple(site for site in situation.topology if site.availability_zone)
    return Form(
        title=f"Check {_backups(backups, situation, now)}",
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
            _CHECK,
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
        title=f"Delete {_backups(backups, situation, now)}",
        verb="Delete",
        fields=(needed,) if more else (),
        requests=lambda answers: (
            DeleteBackups(
                backup_ids=tuple(row.key for row in situation.backups),
                with_dependents=answers.get("dependents") == "yes",
            ),
        ),
    )


def _volumes_there(situation: Situation) -> dict[str, str]:
    """Return the sites, by their ids, of the volumes that are still there."""
    found = {row.key: row.site or "" for row in situation.volumes}
    for row in situation.backups:
        if row.volume_exists and row.backup.volume_id is not None:
            found[row.backup.volume_id] = row.site or ""
    return found


def _place(site: Site, homes: set[str]) -> Option:
    where = ", where the volume is" if site.name in homes else ""
    hint = f"A new volume in the availability zone {site.availability_zone}{where}."
    return Option(value=site.name, words=site.name, hint=hint)


def _overwrites(what_is: str) -> str:
    return f"What {what_is} now is overwritten; its name is asked for before."


def _target(answers: Answers, backup: Backup, rows: Rows) -> str | None:
    """Return the id of the volume to overwrite, None for a new one."""
    if answers["to"] == _OWN:
        return backup.volume_id
    if answers["to"] == _OTHER:
        return _called(rows, answers["volume"])[0].key
    return None


def _called(rows: Rows, text: str) -> tuple[VolumeRow, ...]:
    """Return the volumes of that name, or the one of that id."""
    return tuple(row for row in rows.volumes if text and text in (row.key, row.volume.name))


def _volumes(situation: Situation) -> str:
    if len(situation.volumes) == 1:
        return printable(situation.volumes[0].volume.label, _NAME)
    return count(len(situation.volumes), "volume")


def _backups(backups: tuple[Backup, ...], situation: Situation, now: datetime) -> str:
    """Return what backups are called: by the volume where the last good one is meant."""
    if len(backups) > 1:
        return count(len(backups), "backup")
    if situation.backups:
        return f"backup {what(situation)}"
    age = format_age(backups[0].data_at or backups[0].created_at, now)
    return f"{what(situation)} as it was {age} ago"


BACKUP_FORMS: dict[str, FormMaker] = {
    "back_up": back_up,
    "restore_backups": restore,
    "check_backups": prove,
    "delete_backups": delete,
}
"""What each action of the menu asks, by the action's id."""
