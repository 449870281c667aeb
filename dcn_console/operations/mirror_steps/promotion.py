"""The destination becomes primary, or the source again; and then the other side must follow."""

from dcn_console.model.errors import RbdImageBusy
from dcn_console.model.mirroring import ReplayState
from dcn_console.model.text import count, printable
from dcn_console.operations.base import TargetContext
from dcn_console.operations.mirror_sides import Pair, Side
from dcn_console.operations.mirror_steps.demotion import has_snapshot, strange
from dcn_console.operations.mirror_steps.passage import (
    Passage,
    is_fresh,
    is_split,
    look_or_raise,
    seen,
    status_of,
)
from dcn_console.operations.mirror_steps.watching import LOST_SECONDS, watch
from dcn_console.operations.patience import CANCELLED, DONE, REFUSED
from dcn_console.operations.results import StepResult

PROMOTED = "promoted"
"""Nothing was undone, for the destination is primary already."""


async def promote(context: TargetContext, passage: Passage) -> StepResult:
    """Make the destination primary, in the orderly way that Ceph refuses until it may be."""
    asked = False

    async def look() -> StepResult | str:
        nonlocal asked
        pair = await look_or_raise(context, passage)
        hindrance = strange(pair, passage)
        if hindrance:
            return StepResult(outcome=REFUSED, text=hindrance)
        if pair.destination.is_primary:
            return StepResult(outcome=DONE, text=f"{pair.destination.name} is primary")
        if pair.source.is_primary:
            text = f"{pair.source.name} was promoted again meanwhile"
            return StepResult(outcome=REFUSED, text=text)
        asked = False
        if context.cancelled():
            return StepResult(outcome=CANCELLED, text="cancelled before the promotion")
        asked = True
        done = await _try(pair.destination, passage)
        asked = False
        return done or f"{seen(pair, context.now())}; Ceph does not promote yet"

    return await watch(
        context,
        look,
        cancelled="cancelled before the promotion",
        heed=lambda: not asked,
        way_out=f"Neither side is primary. See the rbd-mirror daemon of {passage.destination}.",
    )


async def undo(context: TargetContext, passage: Passage) -> StepResult:
    """Make the source primary again; PROMOTED when the destination is primary already."""
    again = StepResult(outcome=DONE, text=f"{passage.source} is primary again")

    async def look() -> StepResult | str:
        pair = await look_or_raise(context, passage)
        if pair.destination.is_primary:
            text = f"{pair.destination.name} is primary already"
            return StepResult(outcome=PROMOTED, text=text)
        if pair.source.is_primary:
            return again
        done = await _try(pair.source, passage)
        return again if done else f"{seen(pair, context.now())}; Ceph does not promote yet"

    return await watch(
        context,
        look,
        cancelled="",
        lost=LOST_SECONDS,
        way_out=f"Neither side is primary: relocate it to {passage.source} by hand.",
    )


async def _try(side: Side, passage: Passage) -> StepResult | None:
    """Ask for the promotion; None when Ceph is not ready for it."""
    try:
        await side.cluster.mirroring.promote(passage.subject.pool, passage.subject.image)
    except RbdImageBusy:
        return None
    return StepResult(outcome=DONE, text=f"{side.name} is primary")


async def follows(context: TargetContext, passage: Passage) -> StepResult:
    """Wait until the source, now the secondary, has everything that the destination has."""

    async def look() -> StepResult | str:
        pair = await look_or_raise(context, passage)
        hindrance = strange(pair, passage)
        if not hindrance and not pair.destination.is_primary:
            hindrance = f"{pair.destination.name} is not primary any more"
        if not hindrance and is_split(status_of(pair.source)):
            hindrance = f"{pair.source.name} says split-brain"
        if hindrance:
            return StepResult(outcome=REFUSED, text=hindrance)
        missing = missing_at(pair, passage, context)
        if missing:
            return missing
        return StepResult(
            outcome=DONE,
            text=f"{pair.destination.name} is primary, {pair.source.name} follows and has all",
        )

    return await watch(
        context,
        look,
        cancelled="",
        lost=LOST_SECONDS,
        way_out=(
            f"{passage.destination} is primary and can be used. "
            f"See the rbd-mirror daemon of {passage.source}."
        ),
    )


def missing_at(pair: Pair, passage: Passage, context: TargetContext) -> str:
    """Say what the source still lacks of what the destination, the primary, has; "" for nothing."""
    primary, secondary = pair.destination, pair.source
    if passage.is_snapshot_mode:
        snapshots = primary.detail.mirror_snapshots if primary.detail is not None else ()
        newest = max((one.id for one in snapshots if one.state == "primary"), default=None)
        if newest is not None and has_snapshot(secondary, newest):
            return ""
        return f"mirror snapshot {newest} travels to {secondary.name}"
    status = status_of(secondary)
    if status is None or not is_fresh(status, context.now()):
        return f"waiting for a report from {secondary.name}"
    if status.state is not ReplayState.REPLAYING or status.entries_behind is None:
        said = printable(status.description, 80) or status.state.value
        return f"{secondary.name} does not follow yet: “{said}”"
    if status.entries_behind:
        return f"{secondary.name} is {count(status.entries_behind, 'entry', 'entries')} behind"
    return ""
