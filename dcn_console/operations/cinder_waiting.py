"""Waiting for what Cinder does: it tells a status and no percentage, and not always an answer.

A service that does not answer is waited for; what it refuses ends the step. The looks take place
in a step of their own, so that a task taken up again goes on looking at the same object.
"""

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import Protocol, TypeVar

from dcn_console.model.errors import HttpError, ObjectNotFound, ServiceError
from dcn_console.model.tasks import Progress, TargetState
from dcn_console.model.text import format_duration, printable
from dcn_console.operations.base import TargetContext
from dcn_console.operations.patience import (
    CANCELLED,
    DONE,
    LONGEST_PAUSE_SECONDS,
    LOOK_SECONDS,
    REFUSED,
)
from dcn_console.operations.results import StepResult
from dcn_console.operations.silence import Silence

GONE = "gone"
"""The object is not there: deleted, or hidden from these credentials."""

_SERVER_ERROR = 500
_PATIENT_STATUSES = frozenset({401, 408, 429})


class HasStatus(Protocol):
    """Anything of Cinder that has a status."""

    @property
    def status(self) -> str | None:
        """Cinder's word."""


T = TypeVar("T", bound=HasStatus)


async def until_answered(
    context: TargetContext,
    look: Callable[[], Awaitable[StepResult | None]],
    *,
    cancelled: str,
    last: Callable[[], Progress | None] = lambda: None,
    at_least_once: bool = False,
    seconds: float = LOOK_SECONDS,
) -> StepResult:
    """Call ``look`` until it returns a result, pausing ``seconds`` after each None.

    A service that does not answer is waited for, with growing pauses. What it refuses for good
    ends in REFUSED; GONE is the outcome for ObjectNotFound. When the task is cancelled the result
    is CANCELLED with the text ``cancelled``; with ``at_least_once``, only after a look.
    """
    pause = seconds
    while at_least_once or not context.cancelled():
        try:
            result = await look()
        except ObjectNotFound as error:
            return StepResult(outcome=GONE, text=str(error))
        except ServiceError as error:
            if is_final(error):
                return StepResult(outcome=REFUSED, text=str(error))
            pause = min(max(pause * 2, seconds), LONGEST_PAUSE_SECONDS)
            text = f"{error.message} Looking again every {pause:.0f} s."
            context.show(TargetState.WAITING, text, last())
        else:
            if result is not None:
                return result
            pause = seconds
        if context.cancelled():
            break
        await context.wait(pause)
    return StepResult(outcome=CANCELLED, text=cancelled)


def is_final(error: ServiceError) -> bool:
    """Whether the same question would be refused again."""
    return (
        isinstance(error, HttpError)
        and error.status < _SERVER_ERROR
        and error.status not in _PATIENT_STATUSES
    )


async def until_settled(
    context: TargetContext,
    ask: Callable[[], Awaitable[T]],
    *,
    what: str,
    doing: str,
    good: Collection[str],
    cancelled: str,
    measure: Callable[[T], Awaitable[Progress | None]] | None = None,
    state: TargetState = TargetState.RUNNING,
    silence: Silence | None = None,
) -> StepResult:
    """Wait until the object that ``ask`` returns has a status of ``good``: DONE then.

    REFUSED for one that failed ("error", "error_restoring" …) or that ``silence`` says nobody is
    at work on any more, with its status in ``data``; GONE when somebody deleted it. ``what`` names
    it, ``doing`` says what Cinder does with it; ``measure`` returns the progress to show at each
    look.
    """
    began = context.now()
    progress: Progress | None = None

    async def look() -> StepResult | None:
        nonlocal progress
        seen = await ask()
        status = seen.status or "unknown"
        if status in good:
            return StepResult(outcome=DONE, text=f"{what} is {status}", data={"status": status})
        if status.startswith("error"):
            text = f"{what} is {printable(status, 60)}"
            return StepResult(outcome=REFUSED, text=text, data={"status": status})
        if measure is not None:
            progress = await measure(seen)
        text = waiting_text(doing, status, began, context.now(), progress)
        if silence is not None:
            arrived = progress.done if progress is not None else None
            broken = await silence.broken_off((status, arrived))
            if broken:
                said = f"{what} is {printable(status, 60)}: {broken}"
                return StepResult(outcome=REFUSED, text=said, data={"status": status})
            text = with_words(text, silence)
        context.show(state, text, progress)
        return None

    result = await until_answered(context, look, cancelled=cancelled, last=lambda: progress)
    if result.outcome == GONE:
        return StepResult(outcome=GONE, text=f"{what} was deleted by somebody else meanwhile")
    return result


async def until_gone(
    context: TargetContext,
    ask: Callable[[], Awaitable[HasStatus]],
    *,
    what: str,
    cancelled: str,
    silence: Silence | None = None,
) -> StepResult:
    """Wait until the object that ``ask`` returns is deleted: DONE then.

    REFUSED when Cinder gave up: its status is an error, or what it was before it was deleting; and
    when ``silence`` says that nobody is at it any more.
    """
    began = context.now()
    deleting = False

    async def look() -> StepResult | None:
        nonlocal deleting
        status = (await ask()).status or "unknown"
        if status.startswith("error") or (deleting and status != "deleting"):
            text = f"Cinder did not delete {what}: it is {printable(status, 60)}"
            return StepResult(outcome=REFUSED, text=text, data={"status": status})
        deleting = deleting or status == "deleting"
        text = waiting_text(f"Cinder deletes {what}", status, began, context.now(), None)
        if silence is not None:
            broken = await silence.broken_off(status)
            if broken:
                said = f"Cinder did not delete {what}, it is {printable(status, 60)}: {broken}"
                return StepResult(outcome=REFUSED, text=said, data={"status": status})
            text = with_words(text, silence)
        context.show(TargetState.RUNNING, text)
        return None

    result = await until_answered(context, look, cancelled=cancelled, at_least_once=True)
    if result.outcome == GONE:
        return StepResult(outcome=DONE, text=f"{what} is deleted")
    return result


def waiting_text(
    doing: str,
    status: str,
    began: datetime,
    now: datetime,
    progress: Progress | None,
    service: str = "Cinder",
) -> str:
    """Say what a service does; without a figure also its status and for how long we watch."""
    if progress is not None and progress.done is not None:
        return doing
    return f"{doing} ({service} says {printable(status, 60)}{waited(began, now)})"


def with_words(text: str, silence: Silence) -> str:
    """Add what does not work to what is waited for."""
    return f"{text}. {silence.words}" if silence.words else text


def waited(began: datetime, now: datetime) -> str:
    """Say for how long already, as in " for 0:20"; "" for less than ten seconds."""
    seconds = 10 * int((now - began).total_seconds() // 10)
    return f" for {format_duration(seconds)}" if seconds > 0 else ""
