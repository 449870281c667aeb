"""The last step: see on both sides that the RBD image is mirrored as it was planned."""

from dcn_console.model.mirroring import MirrorMode
from dcn_console.model.tasks import TargetState
from dcn_console.operations.enable_mirroring.steps import Work
from dcn_console.operations.mirror_arrival import arrival
from dcn_console.operations.mirror_sides import look_at
from dcn_console.operations.patience import DONE, REFUSED, look_until_done
from dcn_console.operations.results import StepResult


async def verify(work: Work, wanted: int | None) -> StepResult:
    """Compare both sides; ``wanted`` is the first mirror snapshot in that mode."""
    context, subject = work.context, work.parameters.subject

    async def look() -> StepResult | None:
        context.show(TargetState.VERIFYING, "looking at both sides")
        source = await look_at(context.services, subject, work.source)
        destination = await look_at(context.services, subject, work.destination)
        for side in (source, destination):
            if side.error is not None:
                raise side.error
        here, there = source.mirroring, destination.mirroring
        if here is None or there is None:
            lacking = source.name if here is None else destination.name
            return StepResult(outcome=REFUSED, text=f"it is not mirrored at {lacking}")
        problem = ""
        if here.global_id != there.global_id:
            problem = "the two sides do not belong together"
        elif there.mode is not work.parameters.mode or here.mode is not work.parameters.mode:
            problem = f"it is not in {work.parameters.mode} mode on both sides"
        elif not here.primary or there.primary:
            problem = f"{source.name} is not the only primary"
        if problem:
            return StepResult(outcome=REFUSED, text=f"verification: {problem}")
        seen = arrival(destination.detail, destination.name, wanted)
        if not (seen.settled or seen.following):
            context.show(TargetState.VERIFYING, seen.text)
            return None
        size = destination.detail.size if destination.detail is not None else 0
        if source.detail is not None and size != source.detail.size:
            return StepResult(outcome=REFUSED, text="verification: the sizes differ")
        return StepResult(outcome=DONE, text=_words(work, seen.text))

    return await look_until_done(context, look, cancelled="mirrored, but not verified")


def _words(work: Work, text: str) -> str:
    mode = "journal" if work.parameters.mode is MirrorMode.JOURNAL else "snapshot"
    return f"primary at {work.source.name}, copy at {work.destination.name} in {mode} mode: {text}"
