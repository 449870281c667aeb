"""A feed looks at one service again and again, and pauses longer while that fails."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Generic, Protocol, TypeVar

import msgspec

from dcn_console.inventory.board import Shelf
from dcn_console.inventory.clusters import GROWTH
from dcn_console.inventory.snapshots import changed, failed, grown, same, swept
from dcn_console.model.errors import DcnError, HttpError
from dcn_console.model.inventory import Snapshot, Source

FIRST_PAUSE = 2.0
LONGEST_PAUSE = 60.0
"""Seconds between two tries while a service fails: doubled each time between these."""

SWEEP_EVERY = timedelta(minutes=10)
"""Deletions do not show in a list of changes, so a long list is read whole that often."""

_LOG = logging.getLogger(__name__)


class Dated(Protocol):
    """A row with an id and the times that services filter changes by."""

    @property
    def id(self) -> str:
        """The id."""

    @property
    def created_at(self) -> datetime | None:
        """When it was made."""

    @property
    def updated_at(self) -> datetime | None:
        """When it last changed."""


R = TypeVar("R", bound=Dated)
Pages = Callable[[datetime | None], AsyncIterator[tuple[R, ...]]]


class Feed(ABC):
    """Looks every ``interval`` seconds, at once when asked, and less often while failing."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._asked = asyncio.Event()
        self._thorough = True

    @property
    def interval(self) -> float:
        """Seconds between two looks while they succeed."""
        return self._interval

    def ask(self) -> None:
        """Look soon, at everything. Call it on the feed's event loop."""
        self._thorough = True
        self._asked.set()

    def hurry(self) -> None:
        """Look soon, as at any other time. Call it on the feed's event loop."""
        self._asked.set()

    async def run(self) -> None:
        """Look until cancelled."""
        failures = 0
        while True:
            self._asked.clear()
            thorough, self._thorough = self._thorough, False
            try:
                await self.look(thorough=thorough)
                failures = 0
            except DcnError as error:
                failures += 1
                self.fail(str(error))
            except Exception as error:  # noqa: BLE001 - a fault here must not end all refreshing
                _LOG.exception("%s failed unexpectedly", type(self).__name__)
                failures += 1
                self.fail(f"unexpected {type(error).__name__}: {error}")
            if failures:
                self._thorough = self._thorough or thorough
            await self._rest(pause(failures, self._interval))

    @abstractmethod
    async def look(self, *, thorough: bool) -> None:
        """Look once; ``thorough`` means at everything. Raises DcnError."""

    @abstractmethod
    def fail(self, error: str) -> None:
        """Show that looking failed."""

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._asked.wait()


class ListFeed(Feed, Generic[R]):
    """Keeps one list: read whole at first and now and then, between that only what changed.

    A list that fits on one page is always read whole.
    """

    def __init__(self, interval: float, shelf: Shelf[R], *, filters: bool = True) -> None:
        super().__init__(interval)
        self._shelf = shelf
        self._filters = filters
        self._one_page = False
        self._swept_at: datetime | None = None

    @abstractmethod
    def pages(self, updated_since: datetime | None) -> AsyncIterator[tuple[R, ...]]:
        """The rows, or those updated since; raises HttpError 400 or 406 without such a filter."""

    def notice(self, rows: Sequence[R]) -> str:
        """What the rows leave out."""
        del rows
        return ""

    async def look(self, *, thorough: bool) -> None:
        """Sweep or ask for changes."""
        now = datetime.now(UTC)
        since = newest(self._shelf.get().rows)
        if (
            thorough
            or not self._filters
            or self._one_page
            or since is None
            or self._swept_at is None
            or now - self._swept_at > SWEEP_EVERY
        ):
            await self._sweep()
        else:
            await self._ask_for_changes(since)

    def fail(self, error: str) -> None:
        """Keep the last good rows and say why they are old."""
        self._shelf.put(lambda snapshot: failed(snapshot, error, datetime.now(UTC)))

    async def _sweep(self) -> None:
        first = self._shelf.get().source is not Source.LIVE
        known = {row.id: row for row in self._shelf.get().rows}
        rows: list[R] = []
        pages = shown = 0
        async for page in self.pages(None):
            rows.extend(same(known, row) for row in page)
            pages += 1
            if first and len(rows) >= GROWTH * shown:
                shown = len(rows)
                self._put_grown(tuple(rows))
        notice = self.notice(rows)
        now = datetime.now(UTC)
        self._shelf.put(lambda snapshot: _with_notice(swept(snapshot, rows, now), notice))
        self._swept_at = now
        self._one_page = self.fits_one_page(pages, len(rows))

    def fits_one_page(self, pages: int, rows: int) -> bool:
        """Whether reading all was as cheap as reading the changes."""
        return pages <= 1 or rows == 0

    def _put_grown(self, rows: tuple[R, ...]) -> None:
        self._shelf.put(lambda snapshot: grown(snapshot, rows, datetime.now(UTC)))

    async def _ask_for_changes(self, since: datetime) -> None:
        try:
            rows = [row async for page in self.pages(since) for row in page]
        except HttpError as error:
            if error.status not in (400, 406):
                raise
            self._filters = False
            await self._sweep()
            return
        self._shelf.put(lambda snapshot: changed(snapshot, rows, datetime.now(UTC)))


def pause(failures: int, interval: float) -> float:
    """Return the seconds until the next look after so many failures in a row."""
    if failures == 0:
        return interval
    return min(FIRST_PAUSE * 2.0 ** min(failures - 1, 10), LONGEST_PAUSE)


def newest(rows: Sequence[Dated]) -> datetime | None:
    """Return the service's own time of the last change among ``rows``."""
    times = (row.updated_at or row.created_at for row in rows)
    return max((time for time in times if time is not None), default=None)


def _with_notice(snapshot: Snapshot[R], notice: str) -> Snapshot[R]:
    if snapshot.notice == notice:
        return snapshot
    return msgspec.structs.replace(snapshot, notice=notice)
