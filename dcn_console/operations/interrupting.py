"""Long work that ends soon after somebody cancels the task."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from dcn_console.operations.base import TargetContext

T = TypeVar("T")
LOOK_SECONDS = 0.5


class Interrupted(Exception):
    """The task was cancelled while the work went on."""


async def interruptible(context: TargetContext, work: Awaitable[T]) -> T:
    """Do ``work`` to its end, or stop it and raise Interrupted when the task is cancelled.

    What is stopped is awaited, so that an agent at work on it is gone afterwards.
    """
    doing = asyncio.ensure_future(work)
    try:
        while not doing.done():
            if context.cancelled():
                raise Interrupted
            await asyncio.wait({doing}, timeout=LOOK_SECONDS)
        return doing.result()
    finally:
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)
