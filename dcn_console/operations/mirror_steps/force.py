"""Taking over without the primary: the forced promotion, and the proof that it worked."""

import contextlib

from dcn_console.model.errors import RbdImageBusy, RbdImageExists
from dcn_console.operations.base import TargetContext
from dcn_console.operations.mirror_sides import Side
from dcn_console.operations.mirror_steps.passage import Passage, look, seen_at
from dcn_console.operations.mirror_steps.watching import watch
from dcn_console.operations.patience import CANCELLED, DONE, REFUSED
from dcn_console.operations.results import StepResult

PATIENCE_SECONDS = 300.0
"""How long a daemon that still replays may hold up the promotion; it took 8 s at most (lab)."""


async def promote_by_force(context: TargetContext, passage: Passage, seconds: float) -> StepResult:
    """Make the destination primary whatever the source is; each try ends after ``seconds``.

    Refuses when the source answers again and is primary: then nothing need be lost.
    """
    asked = False

    async def look_once() -> StepResult | str:
        nonlocal asked
        pair = await look(context, passage)
        side = pair.destination
        if side.error is not None:
            raise side.error
        hindrance = _strange(side, passage)
        if hindrance:
            return StepResult(outcome=REFUSED, text=hindrance)
        if side.is_primary:
            return StepResult(outcome=DONE, text=f"{side.name} is primary")
        asked = False
        if pair.source.is_known and pair.source.is_primary:
            text = f"{pair.source.name} answers again and is primary: relocate it instead"
            return StepResult(outcome=REFUSED, text=text)
        if context.cancelled():
            return StepResult(outcome=CANCELLED, text="nothing was changed")
        asked = True
        try:
            await side.cluster.mirroring.promote(
                passage.subject.pool, passage.subject.image, force=True, seconds=seconds
            )
        except RbdImageBusy:
            asked = False
            return f"{seen_at(side, context.now())}; Ceph does not promote yet"
        return StepResult(outcome=DONE, text=f"{side.name} is primary, by force")

    return await watch(
        context,
        look_once,
        cancelled="nothing was changed",
        heed=lambda: not asked,
        deadline=PATIENCE_SECONDS,
        way_out=f"Stop the rbd-mirror daemon of {passage.destination}, and try again.",
    )


async def prove_writable(context: TargetContext, passage: Passage) -> StepResult:
    """See that the destination is primary and takes a change: a snapshot, removed at once."""
    snapshot = f"dcn-console.failover-{context.task.number}"
    pool, image = passage.subject.pool, passage.subject.image

    async def look_once() -> StepResult | str:
        side = (await look(context, passage)).destination
        if side.error is not None:
            raise side.error
        hindrance = _strange(side, passage)
        if not hindrance and not side.is_primary:
            hindrance = f"{side.name} is not primary"
        if hindrance:
            return StepResult(outcome=REFUSED, text=hindrance)
        try:
            with contextlib.suppress(RbdImageExists):
                await side.cluster.content.create_snapshot(pool, image, snapshot)
            await side.cluster.content.remove_snapshot(pool, image, snapshot)
        except RbdImageBusy:
            return f"{side.name} is primary, and cannot be written to yet"
        return StepResult(outcome=DONE, text=f"{side.name} is primary and can be written to")

    return await watch(
        context,
        look_once,
        cancelled="",
        lost=PATIENCE_SECONDS,
        way_out=f"See `rbd status` and `rbd mirror image status` at {passage.destination}.",
    )


def _strange(side: Side, passage: Passage) -> str:
    if side.mirroring is None:
        return f"{side.name} does not have it mirrored any more"
    if side.mirroring.global_id != passage.global_id:
        return f"another mirrored RBD image took its name at {side.name}"
    return ""
