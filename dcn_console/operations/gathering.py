"""Where the targets of one task join in one request.

Glance stages an image once a request, so the sites that are ready share one. A site that
is not (its cluster does not answer, or it waits for its turn) is not waited for beyond a
short moment: it asks alone later.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from dcn_console.operations.results import StepResult

Ask = Callable[[tuple[str, ...]], Awaitable[StepResult]]


class Gathering:
    """The meeting of one task's targets, in one runner, on one event loop.

    Every site in ``sites`` is expected until it has joined once or was excused; those that
    joined wait at most ``patience`` seconds for the rest.
    """

    def __init__(self, sites: Iterable[str], patience: float) -> None:
        self._expected = set(sites)
        self._patience = patience
        self._waiting: dict[str, asyncio.Future[StepResult]] = {}
        self._changed = asyncio.Event()

    def excuse(self, site: str) -> None:
        """Tell that ``site`` will not join soon."""
        self._expected.discard(site)
        self._changed.set()

    async def join(self, site: str, ask: Ask) -> StepResult:
        """Join in the next request and return its result.

        The first to find everybody there, or its patience at an end, calls its ``ask``
        with the sites that wait, in the order they came; the others get the same result,
        or the same exception.
        """
        self._expected.discard(site)
        loop = asyncio.get_running_loop()
        mine: asyncio.Future[StepResult] = loop.create_future()
        self._waiting[site] = mine
        self._changed.set()
        deadline = loop.time() + self._patience
        while not mine.done() and self._expected and loop.time() < deadline:
            self._changed.clear()
            changed = asyncio.ensure_future(self._changed.wait())
            either: set[asyncio.Future[Any]] = {mine, changed}
            await asyncio.wait(
                either,
                timeout=deadline - loop.time(),
                return_when=asyncio.FIRST_COMPLETED,
            )
            changed.cancel()
        if not mine.done() and site in self._waiting:
            await self._ask_for_all(ask)
        return await mine

    async def _ask_for_all(self, ask: Ask) -> None:
        waiting, self._waiting = self._waiting, {}
        try:
            result = await ask(tuple(waiting))
        except BaseException as error:
            for future in waiting.values():
                if not future.done():
                    future.set_exception(error)
                    future.exception()
            raise
        for future in waiting.values():
            if not future.done():
                future.set_result(result)
