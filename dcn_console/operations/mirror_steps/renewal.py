"""Giving up what one site holds of an RBD image, and having it copied from the primary anew.

Resync is this alone, fail back relocates afterwards. Nothing is lost before the step RESYNC;
from there on cancelling only ends the waiting, for Ceph goes on by itself.
"""

from functools import partial

import msgspec

from dcn_console.operations.base import TargetContext
from dcn_console.operations.mirror_arrival import ArrivalWatch
from dcn_console.operations.mirror_steps.demotion import take_snapshot
from dcn_console.operations.mirror_steps.passage import Passage, look, seen_at
from dcn_console.operations.mirror_steps.resolute import Resolute
from dcn_console.operations.mirror_steps.safety_copy import discard_copy, make_copy
from dcn_console.operations.mirror_steps.victim import (
    ask_for_resync,
    demote_victim,
    is_anew,
    look_last,
    note_victim,
)
from dcn_console.operations.mirror_steps.watching import watch
from dcn_console.operations.patience import DONE, REFUSED, look_until_done
from dcn_console.operations.results import StepResult

NOTE = "note"
DEMOTE = "demote old primary"
SAFETY_COPY = "safety copy"
SNAPSHOT = "snapshot to copy"
LAST_LOOK = "last look"
DISCARD = "remove safety copy"
RESYNC = "resync"
VANISH = "vanish"
RETURN = "copy anew"

VANISH_SECONDS = 600.0
"""The daemon removed it 5 to 30 s after it was asked (measured on 16.2)."""


class Renewal(msgspec.Struct, frozen=True, kw_only=True):
    """What is given up: the ``source`` of ``passage`` is the victim, its destination the primary.

    ``demote`` is whether the victim is primary as well and is demoted first; ``total`` the bytes
    that are to arrive, None when not known.
    """

    passage: Passage
    demote: bool = False
    safety_copy: bool = True
    total: int | None = None


async def renew(context: TargetContext, wanted: Renewal) -> StepResult:
    """Take all steps until the victim has its data anew; the text names the safety copy."""
    passage = wanted.passage
    act = partial(note_victim, context, passage, may_be_primary=wanted.demote)
    noted = await context.step(NOTE, act)
    if noted.outcome != DONE:
        return noted
    ready = await _prepare(context, wanted, noted.data)
    if ready.outcome != DONE:
        return ready
    kept, snapshot = ready.text, ready.data.get("snapshot")
    firm = Resolute(context, f"{passage.source} is being asked to begin anew")
    result = await context.step(RESYNC, partial(ask_for_resync, firm, passage, noted.data))
    if result.outcome == DONE:
        result = await context.step(VANISH, partial(_vanish, context, passage, noted.data))
    if result.outcome == DONE:
        act = partial(_return, context, wanted, snapshot)
        result = await context.step(RETURN, act)
    text = f"{result.text}; {kept}" if kept else result.text
    return StepResult(outcome=result.outcome, text=text)


async def _prepare(context: TargetContext, wanted: Renewal, noted: dict[str, str]) -> StepResult:
    """Do all that can still be taken back; the text of DONE tells of the safety copy.

    In snapshot mode only mirror snapshots travel, so one is taken of what the primary holds now;
    it is ``data["snapshot"]``.
    """
    passage = wanted.passage
    if wanted.demote:
        demoted = await context.step(DEMOTE, partial(demote_victim, context, passage))
        if demoted.outcome != DONE:
            return demoted
    kept = ""
    ready = StepResult(outcome=DONE)
    if wanted.safety_copy:
        ready = await context.step(SAFETY_COPY, partial(make_copy, context, passage, noted))
        kept = ready.text
    taken = StepResult(outcome=DONE)
    if ready.outcome == DONE and passage.is_snapshot_mode:
        act = partial(take_snapshot, context, passage.back())
        taken = ready = await context.step(SNAPSHOT, act)
    if ready.outcome == DONE:
        ready = await context.step(LAST_LOOK, partial(look_last, context, passage, noted))
    if ready.outcome == DONE:
        return StepResult(outcome=DONE, text=kept, data=taken.data)
    text = ready.text
    if wanted.safety_copy:
        firm = Resolute(context, "the safety copy is being removed again")
        discarded = await context.step(DISCARD, partial(discard_copy, firm, passage, noted))
        text = "; ".join(filter(None, (text, discarded.text)))
    if wanted.demote:
        text += f"; {passage.source} stays secondary, with its own data"
    return StepResult(outcome=ready.outcome, text=text)


async def _vanish(context: TargetContext, passage: Passage, noted: dict[str, str]) -> StepResult:
    """Wait until the victim's daemon has removed the RBD image that was noted."""

    async def look_once() -> StepResult | str:
        victim = (await look(context, passage)).source
        if victim.error is not None:
            raise victim.error
        if victim.detail is None:
            return StepResult(outcome=DONE, text=f"it has vanished from {victim.name}")
        if is_anew(victim, noted):
            return StepResult(outcome=DONE, text=f"{victim.name} has made it anew")
        if victim.is_primary:
            return StepResult(outcome=REFUSED, text=f"{victim.name} was promoted meanwhile")
        return f"waiting for it to vanish from {victim.name}: {seen_at(victim, context.now())}"

    return await watch(
        context,
        look_once,
        cancelled=_goes_on(passage),
        deadline=VANISH_SECONDS,
        way_out=f"It is asked for, and happens once the rbd-mirror daemon of {passage.source} "
        "works and nobody there has it open.",
    )


async def _return(context: TargetContext, wanted: Renewal, snapshot: int | None) -> StepResult:
    """Wait until the primary's data has arrived in the RBD image made anew."""
    passage, topology = wanted.passage, context.services.topology
    arrival = ArrivalWatch(
        context,
        passage.subject,
        topology.site(passage.destination),
        topology.site(passage.source),
        total=wanted.total,
        wanted=snapshot,
        first=True,
        anew=True,
    )
    result = await look_until_done(
        context, arrival.look, cancelled=_goes_on(passage), last=lambda: arrival.last
    )
    if result.outcome == REFUSED and "split-brain" in result.text:
        text = f"{result.text}. {_after_split(passage)}"
        return StepResult(outcome=REFUSED, text=text)
    return result


def _after_split(passage: Passage) -> str:
    """Say what to do when even the copy made anew is said to have parted from the primary."""
    if passage.is_snapshot_mode:
        return f"Resync {passage.source} again"
    return (
        f"Another site that receives it from {passage.destination} and says split-brain holds its "
        f"journal back: resync that first, then {passage.source} again; without one, disable "
        "mirroring and enable it anew"
    )


def _goes_on(passage: Passage) -> str:
    return f"stopped watching: {passage.source} was asked to begin anew, and Ceph goes on with that"
