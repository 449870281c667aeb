"""The connection to the cloud that all feeds share, made when first needed."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from dcn_console.inventory.services import Services
from dcn_console.model.errors import DcnError

RETRY_AFTER = 2.0
"""Seconds for which a failure to connect answers everybody who asks."""


class Link:
    """Connects once for all who ask at the same time. Use it on one event loop."""

    def __init__(self, connect: Callable[[], Awaitable[Services]]) -> None:
        self._connect = connect
        self._lock = asyncio.Lock()
        self._services: Services | None = None
        self._error: DcnError | None = None
        self._failed_at = 0.0

    @property
    def connected(self) -> Services | None:
        """The services, None while not connected."""
        return self._services

    async def services(self) -> Services:
        """Return the services, connecting if need be; raises DcnError."""
        async with self._lock:
            if self._services is not None:
                return self._services
            if self._error is not None and time.monotonic() - self._failed_at < RETRY_AFTER:
                raise self._error
            try:
                self._services = await self._connect()
            except DcnError as error:
                self._error = error
                self._failed_at = time.monotonic()
                raise
            self._error = None
            return self._services
