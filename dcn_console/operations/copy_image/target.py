"""A copy at one site, from its first probe to its verified end."""

from functools import partial

from dcn_console.model.errors import UsageError
from dcn_console.model.tasks import Target, TargetState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.copy_image import names
from dcn_console.operations.copy_image.ask import ask
from dcn_console.operations.copy_image.probe import probe
from dcn_console.operations.copy_image.subject import Subject, subject_of
from dcn_console.operations.copy_image.verify import verify
from dcn_console.operations.copy_image.watch import watch
from dcn_console.operations.results import StepResult

PAUSES_SECONDS = (10.0, 30.0, 60.0, 120.0)
"""Between one try and the next; the last try has none after it."""
MOST_ATTEMPTS = len(PAUSES_SECONDS) + 1

_ENDS = {
    names.REFUSED: TargetState.FAILED,
    names.CANCELLED: TargetState.CANCELLED,
}


async def copy_to_site(context: TargetContext) -> Target:
    """Bring the task's image to the context's site."""
    try:
        subject = subject_of(context)
    except UsageError as error:
        return Target(site=context.site, state=TargetState.FAILED, text=str(error))
    return await bring(context, subject)


async def bring(context: TargetContext, subject: Subject) -> Target:
    """Bring an image to the context's site as ``copy_to_site``, in a task of any kind."""
    result = StepResult(outcome=names.RETRY)
    attempt = 0
    while result.outcome == names.RETRY and attempt < MOST_ATTEMPTS:
        if attempt:
            await _pause(context, attempt, result.text)
        attempt += 1
        result = await _attempt(context, subject, attempt)
    if result.outcome in (names.COPIED, names.PRESENT):
        result = await context.step("verify", partial(verify, context, subject))
    return _ended(context.site, result, attempt)


async def _attempt(context: TargetContext, subject: Subject, attempt: int) -> StepResult:
    """Probe, ask and watch once; returns COPIED, PRESENT, RETRY, REFUSED or CANCELLED."""
    suffix = "" if attempt == 1 else f" {attempt}"
    ready = await context.step(f"probe{suffix}", partial(probe, context, subject))
    if ready.outcome != names.READY:
        context.gathering.excuse(context.site)
        return ready
    known = frozenset(ready.data["known_tasks"])
    asked = await context.step(f"ask{suffix}", partial(ask, context, subject, known))
    if asked.outcome != names.ASKED:
        context.gathering.excuse(context.site)
        return asked
    task_id = str(asked.data["task"])
    return await context.step(f"watch{suffix}", partial(watch, context, subject, task_id))


async def _pause(context: TargetContext, attempts: int, why: str) -> None:
    seconds = PAUSES_SECONDS[attempts - 1]
    text = f"try {attempts} of {MOST_ATTEMPTS} failed: {why}. Trying again in {seconds:.0f} s"
    context.log(text)
    context.show(TargetState.WAITING, text)
    await context.wait(seconds)


def _ended(site: str, result: StepResult, attempts: int) -> Target:
    if result.outcome == names.VERIFIED:
        return Target(site=site, state=TargetState.DONE, verified=result.text, attempts=attempts)
    if result.outcome == names.RETRY:
        text = f"gave up after {attempts} tries: {result.text}"
        return Target(site=site, state=TargetState.FAILED, text=text, attempts=attempts)
    return Target(site=site, state=_ENDS[result.outcome], text=result.text, attempts=attempts)
