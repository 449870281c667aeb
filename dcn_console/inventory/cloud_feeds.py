"""Feeds of the cloud: stores, images, running imports, volumes, Cinder's services."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import msgspec

from dcn_console.inventory.board import Board, Shelf
from dcn_console.inventory.feeds import Feed, ListFeed
from dcn_console.inventory.link import Link
from dcn_console.inventory.reading import (
    detailed_stores,
    listable_services,
    lock_task,
    merged_stores,
    services_notice,
    volumes_notice,
)
from dcn_console.inventory.snapshots import failed, patched, replaced
from dcn_console.model.errors import ObjectNotFound, ServiceError
from dcn_console.model.inventory import (
    CinderService,
    Image,
    ImageTask,
    Source,
    Store,
    Volume,
)

IMPORT_SECONDS = 2.0
"""Seconds between two looks at an image that is being imported."""

LINGER_SECONDS = 10.0
"""An image that nobody watches any longer is looked at for that long: its last state counts."""

_IMPORTS_AT_ONCE = 32


class StoresFeed(Feed):
    """Keeps the stores. Their detail is asked for once a run: see ``Glance.stores_detail``."""

    def __init__(self, interval: float, link: Link, board: Board) -> None:
        super().__init__(interval)
        self._link = link
        self._shelf: Shelf[Store] = Shelf(board, "stores")
        self._detailed: tuple[Store, ...] | None = None

    async def look(self, *, thorough: bool) -> None:
        """Read the plain list, and the first time the detailed one."""
        del thorough
        services = await self._link.services()
        self._put(await services.glance.stores())
        if self._detailed is None:
            self._detailed = await detailed_stores(services.glance)
            self._put(self._shelf.get().rows)

    def fail(self, error: str) -> None:
        """Keep the last good stores and say why they are old."""
        self._shelf.put(lambda snapshot: failed(snapshot, error, datetime.now(UTC)))

    def _put(self, plain: tuple[Store, ...]) -> None:
        known = self._detailed or self._shelf.get().rows
        stores = merged_stores(plain, known)
        self._shelf.put(lambda snapshot: replaced(snapshot, stores, datetime.now(UTC)))


class ImagesFeed(ListFeed[Image]):
    """Keeps the images, hidden ones too."""

    def __init__(self, interval: float, link: Link, board: Board) -> None:
        super().__init__(interval, Shelf(board, "images"))
        self._link = link

    async def pages(self, updated_since: datetime | None) -> AsyncIterator[tuple[Image, ...]]:
        """The images the credentials may see."""
        services = await self._link.services()
        async for page in services.glance.image_pages(updated_since=updated_since):
            yield page
        async for page in services.glance.image_pages(updated_since=updated_since, hidden=True):
            yield page

    def fits_one_page(self, pages: int, rows: int) -> bool:
        """One page of shown and one of hidden images."""
        return pages <= 2 or rows == 0


class ImportsFeed(Feed):
    """Looks often at the images that are being imported, and at those somebody watches."""

    def __init__(self, link: Link, board: Board) -> None:
        super().__init__(IMPORT_SECONDS)
        self._link = link
        self._board = board
        self._shelf: Shelf[Image] = Shelf(board, "images")
        self._watched: dict[str, float] = {}
        self._scanned: tuple[Image, ...] = ()
        self._locked: tuple[str, ...] = ()
        self._turn = 0

    def watch(self, image_ids: Sequence[str]) -> None:
        """Look at these too until told otherwise. Call it on the feed's event loop."""
        until = time.monotonic() + LINGER_SECONDS
        for image_id, deadline in self._watched.items():
            self._watched[image_id] = min(deadline, until)
        for image_id in image_ids:
            self._watched[image_id] = float("inf")
        self._asked.set()

    async def look(self, *, thorough: bool) -> None:
        """Read the images and the tasks that lock them."""
        del thorough
        candidates = self._candidates()
        stale = frozenset(self._board.current().image_tasks) - frozenset(candidates)
        if stale:
            self._board.change_image_tasks({}, stale)
        if not candidates or self._shelf.get().source is not Source.LIVE:
            return
        await self._link.services()
        chosen = self._next(candidates)
        found = await asyncio.gather(*(self._read(image_id) for image_id in chosen))
        images = [image for _, image, _ in found if image is not None]
        gone = frozenset(image_id for image_id, image, _ in found if image is None)
        self._shelf.put(lambda snapshot: patched(snapshot, images, gone))
        tasks = {image_id: task for image_id, _, task in found if task is not None}
        self._board.change_image_tasks(tasks, frozenset(chosen))

    def fail(self, error: str) -> None:
        """Say nothing: the feed of all images tells of the same trouble."""

    def _candidates(self) -> list[str]:
        images = self._board.images()
        if images is not self._scanned:
            self._scanned = images
            self._locked = tuple(image.id for image in images if image.import_task)
        now = time.monotonic()
        self._watched = {key: until for key, until in self._watched.items() if until > now}
        return list(dict.fromkeys((*self._watched, *self._locked)))

    def _next(self, candidates: list[str]) -> list[str]:
        """Return a bounded number of candidates, taking turns."""
        if len(candidates) <= _IMPORTS_AT_ONCE:
            return candidates
        start = self._turn % len(candidates)
        self._turn += _IMPORTS_AT_ONCE
        return (candidates[start:] + candidates[:start])[:_IMPORTS_AT_ONCE]

    async def _read(self, image_id: str) -> tuple[str, Image | None, ImageTask | None]:
        """Return id, image and locking task; no image when there is none any longer."""
        glance = (await self._link.services()).glance
        try:
            image = await glance.image(image_id)
        except ObjectNotFound:
            return image_id, None, None
        try:
            return image_id, image, await lock_task(glance, image)
        except ServiceError:
            return image_id, image, self._board.current().image_tasks.get(image_id)


class VolumesFeed(ListFeed[Volume]):
    """Keeps the volumes of every project the credentials may see."""

    def __init__(self, interval: float, link: Link, board: Board) -> None:
        super().__init__(interval, Shelf(board, "volumes"))
        self._link = link

    async def pages(self, updated_since: datetime | None) -> AsyncIterator[tuple[Volume, ...]]:
        """The volumes."""
        services = await self._link.services()
        async for page in services.cinder.volume_pages(updated_since=updated_since):
            yield page

    def notice(self, rows: Sequence[Volume]) -> str:
        """Whether other projects' volumes are missing."""
        services = self._link.connected
        return volumes_notice(services.cloud, rows) if services else ""


class CinderServicesFeed(Feed):
    """Keeps the state of Cinder's services."""

    def __init__(self, interval: float, link: Link, board: Board) -> None:
        super().__init__(interval)
        self._link = link
        self._shelf: Shelf[CinderService] = Shelf(board, "services")

    async def look(self, *, thorough: bool) -> None:
        """Read them all."""
        del thorough
        services = await self._link.services()
        rows = await listable_services(services.cinder)
        notice = services_notice(services.cloud, rows)
        self._shelf.put(
            lambda snapshot: msgspec.structs.replace(
                replaced(snapshot, rows, datetime.now(UTC)), notice=notice
            )
        )

    def fail(self, error: str) -> None:
        """Keep the last good rows and say why they are old."""
        self._shelf.put(lambda snapshot: failed(snapshot, error, datetime.now(UTC)))
