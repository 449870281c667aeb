"""The side whose data is given up, the victim: noted, demoted, and asked once to begin anew.

In a ``Passage`` here the victim is the source and the primary it is to receive from the
destination.
"""

from dcn_console.model.errors import RbdImageNotFound
from dcn_console.model.mirroring import RbdDetail
from dcn_console.model.tasks import TargetState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.mirror_sides import Pair, Side
from dcn_console.operations.mirror_steps.in_use import writer_of
from dcn_console.operations.mirror_steps.passage import Passage, look_or_raise
from dcn_console.operations.mirror_steps.watching import LOST_SECONDS, watch
from dcn_console.operations.patience import CANCELLED, DONE, REFUSED
from dcn_console.operations.results import StepResult

NOTHING_GIVEN_UP = "nothing was given up"


def identity_of(detail: RbdDetail) -> dict[str, str]:
    """Return what tells this RBD image from one made anew under its name, as plain JSON.

    A resync makes another RBD image with another id (measured on 16.2).
    """
    created = detail.created_at.isoformat() if detail.created_at is not None else ""
    return {"id": detail.id, "created_at": created}


def is_anew(side: Side, noted: dict[str, str]) -> bool:
    """Whether the RBD image that was noted is gone, or another has its name."""
    if side.detail is None:
        return True
    seen = identity_of(side.detail)
    return any(seen[key] != noted.get(key, seen[key]) for key in seen)


async def note_victim(
    context: TargetContext, passage: Passage, *, may_be_primary: bool
) -> StepResult:
    """Note which RBD image is given up: its identity is the result's ``data``."""
    context.show(TargetState.RUNNING, "looking at both sides")

    async def look() -> StepResult | str:
        pair = await look_or_raise(context, passage)
        hindrance = unfit(pair, passage, may_be_primary=may_be_primary)
        if hindrance or pair.source.detail is None:
            return StepResult(outcome=REFUSED, text=f"{hindrance}. {NOTHING_GIVEN_UP}.")
        noted = identity_of(pair.source.detail)
        text = f"{pair.source.name} holds the RBD image with the id {noted['id']}"
        return StepResult(outcome=DONE, text=text, data=dict(noted))

    return await watch(context, look, cancelled=NOTHING_GIVEN_UP, way_out="Plan it again.")


async def demote_victim(context: TargetContext, passage: Passage) -> StepResult:
    """Make the victim a secondary where it is still primary, unless somebody writes there."""

    async def look() -> StepResult | str:
        pair = await look_or_raise(context, passage)
        hindrance = unfit(pair, passage, may_be_primary=True)
        if hindrance or pair.source.detail is None:
            return StepResult(outcome=REFUSED, text=f"{hindrance}. {NOTHING_GIVEN_UP}.")
        victim = pair.source
        if not victim.is_primary:
            return StepResult(outcome=DONE, text=f"{victim.name} is secondary")
        if context.cancelled():
            return StepResult(outcome=CANCELLED, text=NOTHING_GIVEN_UP)
        writer = writer_of(pair.source.detail)
        if writer:
            return f"not demoted while somebody may write at {victim.name}: {writer}"
        await victim.cluster.mirroring.demote(passage.subject.pool, passage.subject.image)
        return StepResult(outcome=DONE, text=f"{victim.name} is secondary")

    way_out = f"{NOTHING_GIVEN_UP.capitalize()}. Stop what uses it at {passage.source}."
    return await watch(context, look, cancelled=NOTHING_GIVEN_UP, way_out=way_out)


async def look_last(context: TargetContext, passage: Passage, noted: dict[str, str]) -> StepResult:
    """See once more that only the victim's data will be lost: the last moment to cancel.

    Its result is written down before anything is asked for, so that whoever goes on after a
    kill knows that from here on the data may be gone.
    """
    context.show(TargetState.RUNNING, "looking at both sides once more")

    async def look() -> StepResult | str:
        pair = await look_or_raise(context, passage)
        hindrance = unfit(pair, passage, may_be_primary=False)
        if not hindrance and is_anew(pair.source, noted):
            hindrance = f"another RBD image took its name at {pair.source.name}"
        if hindrance:
            return StepResult(outcome=REFUSED, text=f"{hindrance}. {NOTHING_GIVEN_UP}.")
        if context.cancelled():
            return StepResult(outcome=CANCELLED, text=NOTHING_GIVEN_UP)
        text = f"{pair.destination.name} is primary, {pair.source.name} may be given up"
        return StepResult(outcome=DONE, text=text)

    return await watch(context, look, cancelled=NOTHING_GIVEN_UP, way_out="Plan it again.")


async def ask_for_resync(
    context: TargetContext, passage: Passage, noted: dict[str, str]
) -> StepResult:
    """Ask the victim's daemon to begin anew, unless it has; ``context`` heeds no cancelling.

    What was noted tells whether it has: the RBD image made anew is never asked to vanish.
    """

    async def look() -> StepResult | str:
        pair = await look_or_raise(context, passage)
        victim = pair.source
        if is_anew(victim, noted):
            return StepResult(outcome=DONE, text=f"{victim.name} began anew already")
        hindrance = unfit(pair, passage, may_be_primary=False)
        if hindrance:
            return StepResult(outcome=REFUSED, text=f"{hindrance}. It was not asked for again.")
        try:
            await victim.cluster.mirroring.resync(
                passage.subject.pool, passage.subject.image, noted["id"]
            )
        except RbdImageNotFound:
            return f"the RBD image at {victim.name} is being made anew"
        return StepResult(outcome=DONE, text=f"{victim.name} was asked to begin anew")

    return await watch(
        context,
        look,
        cancelled="",
        lost=LOST_SECONDS,
        way_out=f"Whether {passage.source} begins anew, see: rbd mirror image status",
    )


def unfit(pair: Pair, passage: Passage, *, may_be_primary: bool) -> str:
    """Say why the victim cannot be given up for the primary as it is, "" when it can."""
    victim, primary = pair.source, pair.destination
    for side in (primary, victim):
        if side.detail is None:
            return f"{side.name} has no RBD image of that name"
        if side.mirroring is None:
            return f"it is not mirrored at {side.name} any more"
        if side.mirroring.global_id != passage.global_id:
            return f"another mirrored RBD image took its name at {side.name}"
    if not primary.is_primary:
        return f"{primary.name} is not primary: there is nothing to copy from"
    if victim.is_primary and not may_be_primary:
        return f"{victim.name} is primary"
    return ""
