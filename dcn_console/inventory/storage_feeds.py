"""Feeds of lists that their services cannot filter by changes: servers, snapshots, backups.

Also of the volumes that backup plans choose by their metadata.
"""

import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from dcn_console.inventory.board import Board, Shelf
from dcn_console.inventory.feeds import Feed, ListFeed, R
from dcn_console.inventory.link import Link
from dcn_console.inventory.reading import NO_NOVA, marked_volumes, own_only, servers_notice
from dcn_console.inventory.snapshots import failed, replaced
from dcn_console.model.inventory import MarkedVolumes, Server
from dcn_console.model.storage import Backup, VolumeSnapshot

_SHARE = 10.0
"""A list that takes long to read is read more seldom: a tenth of the time at most."""


class WholeListFeed(ListFeed[R]):
    """Keeps one list that is always read whole."""

    def __init__(self, interval: float, link: Link, shelf: Shelf[R]) -> None:
        super().__init__(interval, shelf, filters=False)
        self._link = link
        self._shortest = interval

    async def look(self, *, thorough: bool) -> None:
        """Read it, and rest long after a long list."""
        began = time.monotonic()
        await super().look(thorough=thorough)
        self._interval = max(self._shortest, _SHARE * (time.monotonic() - began))


class ServersFeed(WholeListFeed[Server]):
    """Keeps the servers, as far as Nova is there."""

    def __init__(self, interval: float, link: Link, board: Board) -> None:
        super().__init__(interval, link, Shelf(board, "servers"))

    async def pages(self, updated_since: datetime | None) -> AsyncIterator[tuple[Server, ...]]:
        """The servers."""
        del updated_since
        services = await self._link.services()
        if services.nova is not None:
            async for page in services.nova.server_pages():
                yield page

    def notice(self, rows: Sequence[Server]) -> str:
        """Whether there is no Nova, or other projects' servers are missing."""
        services = self._link.connected
        if services is None:
            return ""
        return servers_notice(services.cloud, rows) if services.nova is not None else NO_NOVA


class SnapshotsFeed(WholeListFeed[VolumeSnapshot]):
    """Keeps the snapshots of every project the credentials may see."""

    def __init__(self, interval: float, link: Link, board: Board) -> None:
        super().__init__(interval, link, Shelf(board, "snapshots"))

    async def pages(
        self, updated_since: datetime | None
    ) -> AsyncIterator[tuple[VolumeSnapshot, ...]]:
        """The snapshots."""
        del updated_since
        services = await self._link.services()
        async for page in services.cinder.snapshots.pages():
            yield page

    def notice(self, rows: Sequence[VolumeSnapshot]) -> str:
        """Whether other projects' snapshots are missing."""
        services = self._link.connected
        return own_only(services.cloud, "snapshots") if services is not None else ""


class BackupsFeed(WholeListFeed[Backup]):
    """Keeps the backups of every project the credentials may see."""

    def __init__(self, interval: float, link: Link, board: Board) -> None:
        super().__init__(interval, link, Shelf(board, "backups"))

    async def pages(self, updated_since: datetime | None) -> AsyncIterator[tuple[Backup, ...]]:
        """The backups."""
        del updated_since
        services = await self._link.services()
        async for page in services.cinder.backups.pages():
            yield page

    def notice(self, rows: Sequence[Backup]) -> str:
        """Whether other projects' backups are missing."""
        services = self._link.connected
        return own_only(services.cloud, "backups") if services is not None else ""


class MarkedFeed(Feed):
    """Keeps the ids of the volumes that carry the metadata of backup plans."""

    def __init__(self, interval: float, link: Link, board: Board) -> None:
        super().__init__(interval)
        self._link = link
        self._shortest = interval
        self._shelf: Shelf[MarkedVolumes] = Shelf(board, "marked")

    async def look(self, *, thorough: bool) -> None:
        """Ask for each plan's volumes, and rest long after long lists."""
        del thorough
        began = time.monotonic()
        rows = await marked_volumes(await self._link.services())
        self._shelf.put(lambda snapshot: replaced(snapshot, rows, datetime.now(UTC)))
        self._interval = max(self._shortest, _SHARE * (time.monotonic() - began))

    def fail(self, error: str) -> None:
        """Keep the last good rows and say why they are old."""
        self._shelf.put(lambda snapshot: failed(snapshot, error, datetime.now(UTC)))
