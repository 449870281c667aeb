"""What a restore asks: where to, and how much is compared."""

from datetime import datetime

from dcn_console.console.backup_availability import good_backups
from dcn_console.console.dialogs.forms import Answers, Facts, Field, Form, Option
from dcn_console.console.dialogs.mirror_fields import SAMPLE, check, share
from dcn_console.console.dialogs.server_fields import put_on, server_facts, server_fields
from dcn_console.console.dialogs.subjects import what
from dcn_console.console.situation import Situation
from dcn_console.model.requests import ContentCheck, Request
from dcn_console.model.rows import Rows, VolumeRow
from dcn_console.model.sites import Site
from dcn_console.model.storage import Backup
from dcn_console.model.storage_requests import RestoreBackup
from dcn_console.model.text import count, format_age

_OWN = "over:own"
_OTHER = "over:other"
_OVER = frozenset({_OWN, _OTHER})

COMPARED = Field(
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
                server=answers.get("server", ""),
                **(put_on(answers) if _with_server(answers) else {}),
            )
            for backup in backups
        )

    return Form(
        title=f"Restore {called(backups, situation, now)}",
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
            COMPARED,
            SAMPLE,
            *((_SERVER, *server_fields(_with_server)) if single else ()),
        ),
        requests=requests,
        facts=_offers(backups[0], sites) if single else None,
    )


def called(backups: tuple[Backup, ...], situation: Situation, now: datetime) -> str:
    """Return what backups are called: by the volume where the last good one is meant."""
    if len(backups) > 1:
        return count(len(backups), "backup")
    if situation.backups:
        return f"backup {what(situation)}"
    age = format_age(backups[0].data_at or backups[0].created_at, now)
    return f"{what(situation)} as it was {age} ago"


_SERVER = Field(
    id="server",
    label="server",
    hint="Name of a server to make of the volume once it is verified; empty for none.",
)


def _with_server(answers: Answers) -> bool:
    return bool(answers.get("server"))


def _offers(backup: Backup, sites: tuple[Site, ...]) -> Facts | None:
    """Return how it is looked up what a server can be put on; any site's list is the same."""
    if not sites:
        return None
    request = RestoreBackup(backup_id=backup.id, site=sites[0].name, server="new")
    return server_facts(request, _with_server)


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
