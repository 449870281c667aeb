"""Joining what all clusters say of mirroring into rows, doing over only what changed.

Pure but for what it keeps between two calls. A row whose evidence is the same is judged again only
when the time has come at which the judgement may differ.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from dcn_console.inventory.mirror_case import Case, case_of, lag_from, next_change
from dcn_console.inventory.mirror_evidence import START_GRACE, Evidence, Surroundings, is_behind
from dcn_console.inventory.mirror_findings import row_findings
from dcn_console.inventory.mirror_judgement import condition
from dcn_console.inventory.mirror_memory import changed_at
from dcn_console.inventory.mirror_truth import newest_whole, peer_ready, protected
from dcn_console.inventory.mirror_world import PoolView, SiteView
from dcn_console.model.inventory import Noticed, Volume
from dcn_console.model.mirror_rows import MirrorCondition, MirrorRow, MirrorSide
from dcn_console.model.mirroring import MirrorImage, MirrorMode, MirrorPool
from dcn_console.model.tasks import Progress, ProgressSource, Task
from dcn_console.model.text import count

VOLUME_PREFIX = "volume-"
"""Cinder's names of RBD images (cinder/volume/flows: ``volume_name_template``)."""

_ARRIVING = frozenset(
    {
        MirrorCondition.SYNCING,
        MirrorCondition.REPLAYING,
        MirrorCondition.RESYNCING,
        MirrorCondition.STARTING,
    }
)


class Work(msgspec.Struct, frozen=True):
    """Our task at work on an RBD image; ``operation`` is "" for one that only reads."""

    task: int
    operation: str = ""


class Ours(msgspec.Struct, frozen=True):
    """What we know ourselves of RBD images, by their names: volumes, and our tasks at work."""

    volumes: Mapping[str, Volume] = {}
    works: Mapping[str, Work] = {}


class _Facts(msgspec.Struct, frozen=True, gc=False):
    """All that a row is made of besides the moment; equal facts are mostly the same objects."""

    around: tuple[Surroundings, Surroundings]
    images: tuple[MirrorImage | None, MirrorImage | None]
    noticed: tuple[Noticed | None, Noticed | None]
    progress: tuple[Progress | None, Progress | None]
    volume: Volume | None
    work: Work | None
    confirmed: bool


class _Made(msgspec.Struct, frozen=True, gc=False):
    """A row with its facts; it holds until ``until``."""

    facts: _Facts
    until: datetime | None
    row: MirrorRow


class PoolRows:
    """Makes the rows of one mirrored pool; one that did not change is the same object.

    ``until`` is the moment from which time alone may change one of them.
    """

    def __init__(self) -> None:
        self._made: dict[tuple[str, str, str], _Made] = {}
        self._settings: tuple[MirrorPool | None, ...] = ()
        self.until: datetime | None = None

    def joined(self, view: PoolView, ours: Ours, now: datetime) -> tuple[MirrorRow, ...]:
        """Return the rows of this moment."""
        if view.settings != self._settings:
            self._made, self._settings = {}, view.settings
        made: dict[tuple[str, str, str], _Made] = {}
        for global_id, name, first, second in view.places():
            key = (global_id, first.site, second.site)
            noticed = (first.noticed.get(global_id), second.noticed.get(global_id))
            facts = _Facts(
                view.surroundings(first.site, second.site),
                (first.images.get(global_id), second.images.get(global_id)),
                noticed,
                (first.progress.get(global_id), second.progress.get(global_id)),
                ours.volumes.get(name),
                ours.works.get(name),
                _read_since(first, noticed[1]) and _read_since(second, noticed[0]),
            )
            old = self._made.get(key)
            if old is not None and _still_holds(old, facts, now):
                made[key] = old
            else:
                made[key] = _judged(view, global_id, facts, now, old)
        self._made = made
        moments = {one.until for one in made.values()} - {None}
        self.until = min((one for one in moments if one is not None), default=None)
        return tuple(one.row for one in made.values())


def volume_id_of(image: str) -> str | None:
    """Return the id of the Cinder volume whose RBD image has that name, None for another's."""
    return image.removeprefix(VOLUME_PREFIX) if image.startswith(VOLUME_PREFIX) else None


def works_of(tasks: Iterable[Task]) -> dict[str, Work]:
    """Return our newest task at work on each RBD image, by its name."""
    found: dict[str, Work] = {}
    for task in sorted(tasks, key=lambda one: one.number):
        if task.state.is_over or not task.plan.operation.startswith("mirror-"):
            continue
        for thing in task.plan.objects:
            name = f"{VOLUME_PREFIX}{thing.id}" if thing.kind == "volume" else thing.id
            operation = "" if task.plan.reads_only else task.plan.operation
            found[name.rpartition("/")[2]] = Work(task.number, operation)
    return found


def _read_since(site: SiteView, change: Noticed | None) -> bool:
    """Whether a site was read after a change seen at another."""
    at = changed_at(change)
    taken_at = site.snapshot.taken_at
    return at is None or taken_at is None or taken_at >= at


def _evidence(view: PoolView, facts: _Facts) -> tuple[Evidence, Evidence]:
    """Return what is known of an RBD image at both sides."""
    return _side_evidence(view, facts, 0, 1), _side_evidence(view, facts, 1, 0)


def _side_evidence(view: PoolView, facts: _Facts, this: int, that: int) -> Evidence:
    around, there = facts.around[this], facts.images[that]
    reported = None
    if there is not None and there.remote:
        signed = view.mirror_uuid(around.site, facts.around[that].site)
        reported = next((one.status for one in there.remote if one.mirror_uuid == signed), None)
    return Evidence(
        around=around,
        image=facts.images[this],
        noticed=facts.noticed[this],
        reported=reported,
        progress=facts.progress[this],
    )


def _judged(
    view: PoolView, global_id: str, facts: _Facts, now: datetime, old: _Made | None
) -> _Made:
    operation = facts.work.operation if facts.work is not None else ""
    case = case_of(*_evidence(view, facts), now, operation, confirmed=facts.confirmed)
    row = _row(view.name, global_id, case, facts)
    if old is not None and old.row == row:
        row = old.row
    return _Made(facts, next_change(case), row)


def _still_holds(old: _Made, facts: _Facts, now: datetime) -> bool:
    return (old.until is None or now < old.until) and old.facts == facts


def _row(pool: str, global_id: str, case: Case, facts: _Facts) -> MirrorRow:
    what, text = condition(case)
    destination = case.destination
    image = case.source.image or destination.image
    volume = facts.volume
    size = volume.size if volume is not None else None
    row = MirrorRow(
        pool=pool,
        image=image.name if image is not None else "",
        global_id=global_id,
        size=size,
        mode=case.mode,
        source=_side(case.source),
        destination=_side(destination),
        condition=what,
        text=text,
        volume_id=volume_id_of(case.name),
        volume_name=volume.name if volume is not None else None,
        progress=_progress(destination, size) if what in _ARRIVING else None,
        behind=_behind(case),
        consistent_at=newest_whole(case, what),
        reported_at=destination.status.reported_at if destination.status else None,
        protected=protected(case, what, text),
        peer_ready=peer_ready(case, what),
        schedules=case.schedules or (),
        task=facts.work.task if facts.work is not None else None,
    )
    found = row_findings(
        row,
        lagging=_is_lagging(case, what),
        in_task=bool(case.operation),
        settling=case.source.gone_lately(case.now, START_GRACE),
        stranded=case.destination.around.receives is False and bool(case.source.primary),
    )
    return replace(row, findings=found) if found else row


def _side(side: Evidence) -> MirrorSide:
    exists = side.image is not None if side.known else None
    return MirrorSide(
        site=side.site,
        reachable=side.around.reachable,
        exists=exists,
        primary=side.primary,
        image_id=side.image.id if side.image is not None else "",
        status=side.image.status if side.image is not None else None,
    )


def _is_lagging(case: Case, what: MirrorCondition) -> bool:
    if what not in (MirrorCondition.IN_SYNC, MirrorCondition.REPLAYING):
        return False
    moment = lag_from(case)
    return moment is not None and case.now >= moment


def _behind(case: Case) -> str:
    status = case.destination.status
    if status is None or not is_behind(status, case.mode) or case.destination.primary:
        return ""
    if case.mode is MirrorMode.SNAPSHOT:
        return "a mirror snapshot"
    if status.entries_behind is None:
        return ""
    return count(status.entries_behind, "entry", "entries")


def _progress(side: Evidence, size: int | None) -> Progress | None:
    """Return the measured figures, else the daemon's own."""
    if side.progress is not None:
        return side.progress
    status = side.status
    if status is None or size is None:
        return None
    percent = status.percent if status.percent is not None else status.syncing_percent
    if percent is None:
        return None
    return Progress(
        source=ProgressSource.MIRROR_DAEMON,
        done=int(size * percent / 100),
        total=size,
        rate=status.bytes_per_second,
        seconds_left=status.seconds_until_synced,
        measured_at=status.reported_at,
    )


def by_volume(rows: Sequence[MirrorRow]) -> dict[str, tuple[MirrorRow, ...]]:
    """Return the rows of volumes by the volume's id."""
    found: dict[str, tuple[MirrorRow, ...]] = {}
    for row in rows:
        if row.volume_id is not None:
            found[row.volume_id] = (*found.get(row.volume_id, ()), row)
    return found
