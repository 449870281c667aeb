"""The scratch copy of a rehearsal: of one point in time, and removed whatever happens."""

from dcn_console.ceph.content import ClusterContent
from dcn_console.model.errors import ClusterError
from dcn_console.model.mirroring import MirrorMode, RbdDetail
from dcn_console.model.requests import RbdSubject
from dcn_console.model.tasks import ProgressSource, TargetState
from dcn_console.model.text import format_bytes
from dcn_console.operations.base import TargetContext
from dcn_console.operations.interrupting import Interrupted, interruptible
from dcn_console.operations.patience import look_until_done
from dcn_console.operations.rehearse.names import BROKEN, CANCELLED, CLEARED, COPIED, SCRATCH_PREFIX
from dcn_console.operations.results import StepResult
from dcn_console.operations.showing import Showing

TRIES = 3
"""So often a copy is made anew because what it was made of moved on meanwhile."""


class Scratch:
    """The scratch RBD image of one task, beside the secondary that it is a copy of."""

    def __init__(self, context: TargetContext, subject: RbdSubject) -> None:
        self.name = f"{SCRATCH_PREFIX}{context.task.id}"
        self._context = context
        self._subject = subject
        self._owner = context.task.id
        self._tries = 0

    @property
    def content(self) -> ClusterContent:
        """The content of RBD images at the site."""
        return self._context.services.clusters[self._context.site].content

    async def copy(self, snapshot: str = "") -> StepResult:
        """Copy the secondary, or its ``snapshot``, as it is at one moment.

        Returns COPIED, BROKEN or CANCELLED. In snapshot mode the head stands between two mirror
        snapshots. In journal mode it moves, so the copy is compared with it afterwards: what is
        equal did not move since it was copied.
        """
        self._tries = 0
        cancelled = "cancelled while copying"
        try:
            result = await look_until_done(
                self._context, lambda: self._copy_once(snapshot), cancelled=cancelled
            )
        except Interrupted:
            return StepResult(outcome=CANCELLED, text=cancelled)
        return result

    async def remove(self) -> StepResult:
        """Remove the scratch copy, and nothing that was not made for this task; CLEARED then."""
        where = f"{self._subject.pool}/{self.name}"

        async def look() -> StepResult:
            removed = await self.content.remove_owned(self._subject.pool, self.name, self._owner)
            text = f"{where} is removed" if removed else f"there is no {where}"
            return StepResult(outcome=CLEARED, text=text)

        return await look_until_done(
            self._context,
            look,
            cancelled=f"{where} is left at {self._context.site}: remove it with rbd rm",
            at_least_once=True,
        )

    async def _copy_once(self, snapshot: str) -> StepResult | None:
        subject = self._subject
        before = await self.content.detail(subject.pool, subject.image)
        snapshot_id = _id_of(before, snapshot)
        if before.mirroring is None:
            raise ClusterError(f"{self._context.site}: the RBD image is not mirrored any more.")
        if snapshot and snapshot_id is None:
            raise ClusterError(f"{self._context.site} does not have the snapshot {snapshot}.")
        waits = _on_its_way(before)
        if waits and not snapshot:
            self._context.show(TargetState.WAITING, f"{self._context.site}: {waits}")
            return None
        began = self._context.now()
        await interruptible(
            self._context,
            self.content.copy_within(
                subject.pool,
                subject.image,
                subject.pool,
                self.name,
                self._owner,
                snapshot_id,
                self._showing("copying", ProgressSource.CEPH),
            ),
        )
        stood = bool(snapshot) or await self._stood(before)
        if stood:
            seconds = (self._context.now() - began).total_seconds()
            text = f"{format_bytes(before.size)} copied to {subject.pool}/{self.name}"
            return StepResult(outcome=COPIED, text=text, data={"seconds": seconds})
        self._tries += 1
        if self._tries >= TRIES:
            return StepResult(
                outcome=BROKEN,
                text=f"what arrives at {self._context.site} moved on during each of {TRIES} "
                "copies: rehearse it when less is written",
            )
        self._context.log("it moved on while it was copied; copying it again")
        return None

    async def _stood(self, before: RbdDetail) -> bool:
        """Whether the secondary is what it was while it was copied."""
        subject = self._subject
        after = await self.content.detail(subject.pool, subject.image)
        if after.id != before.id or _newest(after) != _newest(before):
            return False
        if before.mirroring is not None and before.mirroring.mode is MirrorMode.SNAPSHOT:
            return True
        there = await self.content.used_objects(subject.pool, subject.image)
        copied = await self.content.used_objects(subject.pool, self.name)
        numbers = sorted({*there.numbers, *copied.numbers})
        size = there.object_size
        hashes = [
            await interruptible(
                self._context,
                self.content.hash_objects(
                    subject.pool,
                    name,
                    numbers,
                    None,
                    self._showing("seeing that it stood still", ProgressSource.READ_BACK, size),
                ),
            )
            for name in (self.name, subject.image)
        ]
        return hashes[0] == hashes[1]

    def _showing(self, text: str, source: ProgressSource, unit: int = 1) -> Showing:
        return Showing(self._context, text, source, unit)


def _id_of(detail: RbdDetail, snapshot: str) -> int | None:
    return next((one.id for one in detail.snapshots if one.name == snapshot), None)


def _newest(detail: RbdDetail) -> int | None:
    return max((one.id for one in detail.mirror_snapshots), default=None)


def _on_its_way(detail: RbdDetail) -> str:
    """Say why the head is no consistent point now, "" when it is one."""
    newest = max(detail.mirror_snapshots, key=lambda one: one.id, default=None)
    if newest is not None and not newest.complete:
        return "a mirror snapshot is on its way"
    status = detail.mirroring.status if detail.mirroring is not None else None
    if status is not None and status.state == "syncing":
        return "the first copy has not arrived whole"
    return ""
