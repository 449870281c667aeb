"""The mark that every object made by a task carries, so that a task taken up again finds its own.

An answer may be lost although the service carried the request out. A step that creates
something therefore looks for its mark first: what it finds it takes up, and only without
anything does it ask. Nothing is deleted that does not carry the task's mark, except what a person
asked to delete.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from dcn_console.model.errors import HttpError, ServiceError, ServiceUnreachable
from dcn_console.model.tasks import TargetState
from dcn_console.operations.base import TargetContext

T = TypeVar("T")
TASK_KEY = "dcn_console_task"
PART_KEY = "dcn_console_part"
LOOKS = 6
"""So often in all an object is looked for after an answer was lost, before it is asked again."""
LOOK_SECONDS = 5.0
ASKS = 3
"""So often in all an object is asked for."""
_SERVER_ERROR = 500


def mark(context: TargetContext, part: str) -> dict[str, str]:
    """Return the mark of one thing that the task makes at the context's site.

    ``part`` tells the things of one task and site apart, as in "backup" or "scratch volume". It is
    metadata of volumes, snapshots, backups and servers, and properties of images.
    """
    return {TASK_KEY: context.task.id, PART_KEY: f"{context.site}: {part}"}


def carries(metadata: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether ``metadata`` has every entry of the mark ``wanted``."""
    return all(metadata.get(key) == value for key, value in wanted.items())


async def found_or_made(
    context: TargetContext,
    find: Callable[[], Awaitable[T | None]],
    make: Callable[[], Awaitable[T]],
    what: str,
) -> T:
    """Return what ``find`` finds by its mark, or make it.

    When the answer to ``make`` is lost (no answer, or HTTP 5xx) it may have been carried out, so
    it is looked for a few times before it is asked for again; so it is after a runner died in the
    same step, whose request may still be on its way. ``what`` names it for people. Raises what
    ``find`` and ``make`` raise; cancelling ends the looking with the lost answer's error, or
    ServiceUnreachable.
    """
    found = await find()
    if found is None and context.taken_again():
        context.log(f"{what}: a runner ended when it asked. Looking whether it was made.")
        found = await _look(context, find, what)
        if found is None and context.cancelled():
            raise ServiceUnreachable(f"Cancelled before {what} was found or asked for again.")
    for ask in range(1, ASKS + 1):
        if found is not None:
            return found
        try:
            return await make()
        except ServiceError as error:
            if not answer_was_lost(error):
                raise
            context.log(f"{what}: {error.message} Looking whether it was made all the same.")
            found = await _look(context, find, what)
            if found is None and (ask == ASKS or context.cancelled()):
                raise
    raise AssertionError("the loop returns or raises")


def answer_was_lost(error: ServiceError) -> bool:
    """Whether the request behind ``error`` may have been carried out all the same."""
    return isinstance(error, ServiceUnreachable) or (
        isinstance(error, HttpError) and error.status >= _SERVER_ERROR
    )


async def _look(
    context: TargetContext, find: Callable[[], Awaitable[T | None]], what: str
) -> T | None:
    for _ in range(LOOKS):
        context.show(TargetState.ASKING, f"looking whether {what} was made")
        await context.wait(LOOK_SECONDS)
        try:
            found = await find()
        except ServiceUnreachable as error:
            context.log(f"{what}: {error.message}")
            continue
        if found is not None or context.cancelled():
            return found
    return None
