"""Watching data arrive at a site that receives: facts of both sides, live figures, the end.

In snapshot mode the end is seen in the RBD image itself: the primary's snapshot is there, and
complete. In journal mode only the receiving daemon knows, and it reports every 10 to 30 s
(measured on 16.2); the bytes that arrived are counted meanwhile.
"""

import time
from datetime import datetime

import msgspec

from dcn_console.model.errors import ClusterError, RbdImageNotFound
from dcn_console.model.mirroring import MirrorMode, RbdDetail, ReplayState
from dcn_console.model.rate import RateMeter
from dcn_console.model.requests import RbdSubject
from dcn_console.model.sites import Site
from dcn_console.model.tasks import Progress, ProgressSource, TargetState
from dcn_console.model.text import count, printable
from dcn_console.operations.base import TargetContext
from dcn_console.operations.mirror_sides import Side, look_at
from dcn_console.operations.patience import DONE, REFUSED
from dcn_console.operations.results import StepResult

ENOUGH_REPORTS = 3
"""So many reports of replaying end the wait although entries keep coming: somebody writes."""
ERROR_REPORTS = 3
"""So many reports of an error in a row end the wait."""
HINDERED_LOOKS = 5
"""So often in a row something must be in the way: an RBD image is made before it is mirrored."""


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """What one look at the receiving side says. ``settled`` when nothing is missing.

    ``following`` when the first copy is whole and what is written meanwhile is followed.
    """

    text: str
    settled: bool = False
    following: bool = False
    failed: bool = False
    reported_at: datetime | None = None


def arrival(
    there: RbdDetail | None, site: str, wanted: int | None, since: datetime | None = None
) -> Arrival:
    """Judge the receiving side alone; ``wanted`` is the primary's mirror snapshot in that mode.

    A report that is not newer than ``since`` says nothing.
    """
    mirroring = there.mirroring if there is not None else None
    if there is None or mirroring is None:
        return Arrival(text=f"waiting for the rbd-mirror daemon at {site} to take it up")
    status = mirroring.status
    reported_at = status.reported_at if status is not None else None
    if mirroring.mode is MirrorMode.SNAPSHOT or wanted is not None:
        whole = [
            snapshot
            for snapshot in there.mirror_snapshots
            if snapshot.complete
            and snapshot.primary_snapshot_id is not None
            and snapshot.primary_snapshot_id >= (wanted or 0)
        ]
        if whole:
            return Arrival(text="the mirror snapshot is there, complete", settled=True)
    if status is None or reported_at is None:
        return Arrival(text=f"{site} has not reported yet")
    if since is not None and reported_at <= since:
        return Arrival(text=f"waiting for the next report of {site}")
    if status.state is ReplayState.ERROR:
        said = printable(status.description, 200) or "an error"
        text = f"the rbd-mirror daemon at {site} says: {said}"
        return Arrival(text=text, failed=True, reported_at=reported_at)
    if status.state is ReplayState.REPLAYING and mirroring.mode is MirrorMode.JOURNAL:
        behind = status.entries_behind
        return Arrival(
            text="every entry is replayed"
            if behind == 0
            else f"{count(behind, 'entry', 'entries')} behind"
            if behind is not None
            else "replaying",
            settled=behind == 0 and status.up,
            following=status.up,
            reported_at=reported_at,
        )
    return Arrival(text=f"first copy to {site}", reported_at=reported_at)


class ArrivalWatch:
    """Watches one RBD image arrive at ``destination``; ``look`` is for ``look_until_done``.

    ``total`` are the bytes that are to arrive, None when not known; ``wanted`` the primary's
    mirror snapshot to wait for, None in journal mode; ``first`` whether it is the first copy.
    ``anew`` says that a report may be of the RBD image there was before: reports outlive it, for
    Ceph keeps them by global id, so that the one seen first does not count.
    """

    def __init__(
        self,
        context: TargetContext,
        subject: RbdSubject,
        source: Site,
        destination: Site,
        *,
        total: int | None,
        wanted: int | None,
        first: bool,
        anew: bool = False,
    ) -> None:
        self._context = context
        self._subject = subject
        self._source = source
        self._destination = destination
        self._total = total
        self._wanted = wanted
        self._first = first
        self._distrusts = anew
        self._since: datetime | None = None
        self._rate = RateMeter()
        self._began = time.monotonic()
        self._reports: set[datetime] = set()
        self._errors: set[datetime] = set()
        self._hindered = 0
        self.last: Progress | None = None

    async def look(self) -> StepResult | None:
        """Look once at both sides; returns DONE, REFUSED or None to look again."""
        services, subject = self._context.services, self._subject
        source = await look_at(services, subject, self._source)
        destination = await look_at(services, subject, self._destination)
        for side in (source, destination):
            if side.error is not None:
                raise side.error
        hindrance = _hindrance(source, destination)
        self._hindered = self._hindered + 1 if hindrance else 0
        if hindrance:
            refused = StepResult(outcome=REFUSED, text=hindrance)
            return refused if self._hindered >= HINDERED_LOOKS else None
        self._note_old_report(destination)
        seen = arrival(destination.detail, destination.name, self._wanted, self._since)
        if seen.settled or self._is_followed(seen):
            return self._ended(seen)
        if self._keeps_failing(seen):
            return StepResult(outcome=REFUSED, text=seen.text)
        if destination.detail is not None:
            await self._measure(destination)
        state = TargetState.WAITING if destination.detail is None else TargetState.RUNNING
        self._context.show(TargetState.WAITING if seen.failed else state, seen.text, self.last)
        return None

    def _note_old_report(self, destination: Side) -> None:
        """Remember the report that was there when the RBD image made anew was first seen."""
        if self._distrusts and destination.mirroring is not None:
            self._distrusts = False
            status = destination.mirroring.status
            self._since = status.reported_at if status is not None else None

    def _is_followed(self, seen: Arrival) -> bool:
        """Whether the first copy is whole, and only what is written all the time is missing."""
        if seen.following and seen.reported_at is not None:
            self._reports.add(seen.reported_at)
        return len(self._reports) >= ENOUGH_REPORTS

    def _keeps_failing(self, seen: Arrival) -> bool:
        if not seen.failed:
            self._errors.clear()
        elif seen.reported_at is not None:
            self._errors.add(seen.reported_at)
        return len(self._errors) >= ERROR_REPORTS

    def _ended(self, seen: Arrival) -> StepResult:
        seconds = time.monotonic() - self._began
        if self._first and self._total and seconds >= 1.0:
            self._context.record_transfer(self._total, seconds)
        return StepResult(outcome=DONE, text=f"{self._destination.name}: {seen.text}")

    async def _measure(self, destination: Side) -> None:
        """Count what arrived; without any figure of its own, take the daemon's."""
        subject, cluster = self._subject, destination.cluster
        try:
            if self._first and self._wanted is not None:
                done: int | None = await cluster.used_bytes(subject.pool, subject.image)
                source, total = ProgressSource.RBD_IMAGE, self._total
            else:
                found = await cluster.mirroring.progress(subject.pool, subject.image)
                done = found.done
                source = ProgressSource.RBD_IMAGE if self._first else ProgressSource.MIRROR_SNAPSHOT
                total = self._total if self._first and self._total else found.total
        except RbdImageNotFound:
            return
        except ClusterError as error:
            self._context.log(f"cannot measure: {error.message}")
            done, source, total = None, ProgressSource.MIRROR_DAEMON, self._total
        if done is None:
            source, done = ProgressSource.MIRROR_DAEMON, self._reported(destination, total)
        if done is not None:
            self._take(source, min(done, total) if total else done, total)

    @staticmethod
    def _reported(destination: Side, total: int | None) -> int | None:
        status = destination.mirroring.status if destination.mirroring is not None else None
        if status is None or total is None:
            return None
        percent = status.percent if status.percent is not None else status.syncing_percent
        return None if percent is None else int(total * percent / 100)

    def _take(self, source: ProgressSource, done: int, total: int | None) -> None:
        self._rate.add(time.monotonic(), done)
        self.last = Progress(
            source=source,
            done=done,
            total=total,
            rate=self._rate.rate(),
            seconds_left=self._rate.seconds_left(total),
            measured_at=self._context.now(),
        )


def _hindrance(source: Side, destination: Side) -> str:
    """Return why nothing will ever arrive, "" when it may."""
    if source.mirroring is None:
        return f"mirroring was switched off at {source.name} meanwhile"
    if not source.is_primary:
        return f"{source.name} is not primary any more"
    if destination.detail is None:
        return ""
    if destination.mirroring is None:
        return (
            f"another RBD image of that name, not mirrored, is in the way at {destination.name}; "
            "rename or remove it there"
        )
    if destination.mirroring.global_id != source.mirroring.global_id:
        return (
            f"{destination.name} holds another mirrored RBD image of that name; "
            "remove it there if it is not needed"
        )
    if destination.is_primary:
        return f"{destination.name} is primary as well: both sides were written to"
    return ""
