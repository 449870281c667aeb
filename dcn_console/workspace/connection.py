"""One connection to the cloud, opened when first needed and shared by all who need it."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ServiceUnreachable


class Connection:
    """Opens the services once, however many ask at the same time, on whatever event loop.

    After a failure the next to ask tries again.
    """

    def __init__(self, connect: Callable[[], Awaitable[Services]]) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._opening: Future[Services] | None = None

    async def services(self) -> Services:
        """Return the services; raises what opening them raises."""
        with self._lock:
            opening = self._opening
            mine = opening is None or _failed(opening)
            if mine:
                opening = self._opening = Future()
        assert opening is not None  # noqa: S101 - for the type checker
        if mine:
            await self._open(opening)
        return await asyncio.wrap_future(opening)

    async def _open(self, opening: "Future[Services]") -> None:
        try:
            opening.set_result(await self._connect())
        except asyncio.CancelledError:
            opening.set_exception(ServiceUnreachable("Connecting to the cloud was given up."))
            raise
        except Exception as error:  # noqa: BLE001 - handed to everybody who waits
            opening.set_exception(error)

    @property
    def opened(self) -> Services | None:
        """The services if they are open, else None; returns at once."""
        opening = self._opening
        if opening is None or not opening.done() or _failed(opening):
            return None
        return opening.result()


def _failed(opening: "Future[Services]") -> bool:
    return opening.done() and (opening.cancelled() or opening.exception() is not None)
