"""The primary gives up: final sync, demotion, and the other side's word that it arrived.

Every look observes first: what is found done is not done again, whoever did it.
"""

from datetime import datetime

from dcn_console.model.mirroring import MirrorMode, ReplayState
from dcn_console.model.text import count
from dcn_console.operations.base import TargetContext
from dcn_console.operations.mirror_sides import Pair, Side
from dcn_console.operations.mirror_steps.in_use import writer_of
from dcn_console.operations.mirror_steps.passage import (
    Passage,
    is_fresh,
    is_split,
    look_or_raise,
    seen,
    status_of,
)
from dcn_console.operations.mirror_steps.watching import watch
from dcn_console.operations.patience import CANCELLED, DONE, REFUSED
from dcn_console.operations.results import StepResult

NOTHING_CHANGED = "nothing was changed"


def strange(pair: Pair, passage: Passage) -> str:
    """Say why the two sides are not (any more) those of ``passage``, "" when they are."""
    for side in (pair.source, pair.destination):
        if side.detail is None:
            return f"{side.name} has no RBD image of that name any more"
        if side.mirroring is None:
            return f"mirroring was switched off at {side.name} meanwhile"
        if side.mirroring.global_id != passage.global_id:
            return f"another mirrored RBD image took its name at {side.name}"
    if pair.source.is_primary and pair.destination.is_primary:
        return f"{pair.source.name} and {pair.destination.name} are both primary"
    return ""


async def take_snapshot(context: TargetContext, passage: Passage) -> StepResult:
    """Take a mirror snapshot at the primary; its id is in ``data["snapshot"]``."""

    async def look() -> StepResult | str:
        pair = await look_or_raise(context, passage)
        hindrance = strange(pair, passage)
        if hindrance:
            return StepResult(outcome=REFUSED, text=hindrance)
        if not pair.source.is_primary:
            return StepResult(outcome=DONE, text=f"{pair.source.name} is not primary any more")
        if context.cancelled():
            return StepResult(outcome=CANCELLED, text=NOTHING_CHANGED)
        subject = passage.subject
        number = await pair.source.cluster.mirroring.snapshot(subject.pool, subject.image)
        return StepResult(
            outcome=DONE,
            text=f"mirror snapshot {number} taken at {pair.source.name}",
            data={"snapshot": number},
        )

    return await watch(context, look, cancelled=NOTHING_CHANGED, way_out="Try again.")


async def final_sync(context: TargetContext, passage: Passage, snapshot: int | None) -> StepResult:
    """Wait until the destination has everything, and nobody writes any more.

    In snapshot mode that ``snapshot`` of the primary is there, complete; in journal mode that a
    report made after the last writer left says that no entry is missing.
    """
    quiet_report: list[datetime | None] = []

    async def look() -> StepResult | str:
        pair = await look_or_raise(context, passage)
        ended = _cannot_sync(pair, passage)
        if ended is not None or pair.source.detail is None:
            return ended or ""
        writer = writer_of(pair.source.detail)
        if writer:
            quiet_report.clear()
            return f"somebody may still write at {pair.source.name}: {writer}"
        status = status_of(pair.destination)
        if snapshot is not None:
            whole = has_snapshot(pair.destination, snapshot)
            text = f"mirror snapshot {snapshot} is at {pair.destination.name}, complete"
            waiting = f"mirror snapshot {snapshot} travels to {pair.destination.name}"
            return StepResult(outcome=DONE, text=text) if whole else waiting
        reported = status.reported_at if status is not None else None
        if not quiet_report:
            quiet_report.append(reported)
        if status is None or reported is None or reported == quiet_report[0]:
            return f"waiting for a new report from {pair.destination.name}"
        if status.state is ReplayState.REPLAYING and status.entries_behind == 0:
            return StepResult(
                outcome=DONE, text=f"{pair.destination.name} has replayed every entry"
            )
        return f"{pair.destination.name}: {_behind(status.entries_behind, status.state)}"

    way_out = (
        f"Nothing was changed. See whether the rbd-mirror daemon of {passage.destination} works, "
        "and try again."
    )
    return await watch(context, look, cancelled=NOTHING_CHANGED, way_out=way_out)


def _cannot_sync(pair: Pair, passage: Passage) -> StepResult | None:
    hindrance = strange(pair, passage)
    if not hindrance and is_split(status_of(pair.destination)):
        hindrance = f"{pair.destination.name} says split-brain"
    if hindrance:
        return StepResult(outcome=REFUSED, text=f"{hindrance}. Nothing was changed.")
    if not pair.source.is_primary:
        return StepResult(outcome=DONE, text=f"{pair.source.name} is not primary any more")
    return None


def has_snapshot(side: Side, snapshot: int) -> bool:
    """Whether a primary's mirror snapshot, or a newer one, arrived whole at ``side``."""
    return side.detail is not None and any(
        one.complete and one.primary_snapshot_id is not None and one.primary_snapshot_id >= snapshot
        for one in side.detail.mirror_snapshots
    )


def _behind(entries: int | None, state: ReplayState) -> str:
    return state.value if entries is None else f"{count(entries, 'entry', 'entries')} behind"


async def demote(context: TargetContext, passage: Passage) -> StepResult:
    """Make the source a secondary, unless it is one; refuses while somebody writes there."""
    asked = False

    async def look() -> StepResult | str:
        nonlocal asked
        pair = await look_or_raise(context, passage)
        hindrance = strange(pair, passage)
        if hindrance:
            return StepResult(outcome=REFUSED, text=f"{hindrance}. {NOTHING_CHANGED}.")
        source = pair.source
        if not source.is_primary:
            return StepResult(outcome=DONE, text=f"{source.name} is demoted")
        asked = False
        if context.cancelled():
            return StepResult(outcome=CANCELLED, text=NOTHING_CHANGED)
        writer = writer_of(source.detail) if source.detail is not None else ""
        if writer:
            return f"not demoted while somebody may write at {source.name}: {writer}"
        asked = True
        await source.cluster.mirroring.demote(passage.subject.pool, passage.subject.image)
        return StepResult(outcome=DONE, text=f"{source.name} is demoted")

    return await watch(
        context,
        look,
        cancelled=NOTHING_CHANGED,
        heed=lambda: not asked,
        way_out=f"{passage.source} stays primary. Stop what uses it, and try again.",
    )


async def both_secondary(context: TargetContext, passage: Passage) -> StepResult:
    """Wait until the demotion has arrived at the destination, as its own words or data say."""

    async def look() -> StepResult | str:
        pair = await look_or_raise(context, passage)
        hindrance = strange(pair, passage)
        destination = pair.destination
        if not hindrance and is_split(status_of(destination)):
            hindrance = f"{destination.name} says split-brain"
        if not hindrance and pair.source.is_primary:
            hindrance = f"{pair.source.name} was promoted again meanwhile"
        if hindrance:
            return StepResult(outcome=REFUSED, text=hindrance)
        if destination.is_primary:
            return StepResult(outcome=DONE, text=f"{destination.name} is primary already")
        if demotion_arrived(destination, passage.mode, context.now()):
            text = f"both are secondary, and {destination.name} has the demotion"
            return StepResult(outcome=DONE, text=text)
        return f"the demotion travels: {seen(pair, context.now())}"

    return await watch(
        context,
        look,
        cancelled="cancelled between demotion and promotion",
        way_out=f"See the rbd-mirror daemon of {passage.destination}.",
    )


def demotion_arrived(destination: Side, mode: MirrorMode, now: datetime) -> bool:
    """Whether the destination has all up to the demotion.

    In snapshot mode its newest mirror snapshot is that of the demotion; in journal mode the
    daemon stops to replay and reports that no primary is left.
    """
    if mode is MirrorMode.SNAPSHOT and destination.detail is not None:
        snapshots = destination.detail.mirror_snapshots
        newest = max(snapshots, key=lambda one: one.id, default=None)
        return newest is not None and newest.complete and newest.state == "non-primary-demoted"
    status = status_of(destination)
    return status is not None and status.state is ReplayState.UNKNOWN and is_fresh(status, now)
