"""Feeds of one site's Ceph cluster: its state, and the RBD images behind Glance's copies."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from dcn_console.inventory.board import Board, ClusterShelf
from dcn_console.inventory.clusters import (
    ClusterReader,
    like_image,
    look_for,
    read_copies,
    read_state,
)
from dcn_console.inventory.feeds import SWEEP_EVERY, Feed
from dcn_console.inventory.link import Link
from dcn_console.inventory.reading import still_lists
from dcn_console.inventory.snapshots import failed, replaced
from dcn_console.model.inventory import ClusterState, Image, RbdImage, Snapshot, Source
from dcn_console.model.sites import Site

_SHOW_EVERY = 1.0
"""Seconds between two showings of a listing that is still growing."""

_LOOKED_FOR_AT_ONCE = 100


class ClusterFeed(Feed):
    """Keeps health and space of one site's cluster.

    ``on_answer`` is called when the cluster answers for the first time, or again.
    """

    def __init__(
        self,
        interval: float,
        site: Site,
        reader: ClusterReader,
        board: Board,
        on_answer: Callable[[], None],
    ) -> None:
        super().__init__(interval)
        self._on_answer = on_answer
        self._site = site
        self._reader = reader
        self._shelf = ClusterShelf(board, site.name)

    async def look(self, *, thorough: bool) -> None:
        """Ask the cluster."""
        del thorough
        fresh = await read_state(self._reader, self._site, ClusterState(site=self._site.name))

        def change(snapshot: Snapshot[ClusterState]) -> Snapshot[ClusterState]:
            state = fresh
            for known in snapshot.rows:
                state = msgspec.structs.replace(
                    fresh, images=known.images, images_complete=known.images_complete
                )
            return replaced(snapshot, (state,), datetime.now(UTC))

        was_answering = _is_answering(self._shelf.get())
        self._shelf.put(change)
        if not was_answering:
            self._on_answer()

    def fail(self, error: str) -> None:
        """Keep what was known and say since when the cluster fails."""
        self._shelf.put(lambda snapshot: failed(snapshot, error, datetime.now(UTC)))


class CopiesFeed(Feed):
    """Keeps the list of RBD images in the site's Glance pool.

    It is read whole at first and now and then; between that only copies that Glance newly
    lists are looked for. Trouble shows as the snapshot's notice: health and space may be fine.
    """

    def __init__(
        self, interval: float, site: Site, reader: ClusterReader, board: Board, link: Link
    ) -> None:
        super().__init__(interval)
        self._site = site
        self._reader = reader
        self._board = board
        self._link = link
        self._shelf = ClusterShelf(board, site.name)
        self._swept_at: datetime | None = None
        self._scanned: tuple[Image, ...] = ()

    async def look(self, *, thorough: bool) -> None:
        """List the pool, or look for what Glance lists and the list lacks."""
        if not _is_answering(self._shelf.get()):
            self._thorough = self._thorough or thorough
            return
        now = datetime.now(UTC)
        if thorough or self._swept_at is None or now - self._swept_at > SWEEP_EVERY:
            await self._sweep()
            self._swept_at = now
            self._scanned = ()
        await self._look_for_new_copies()
        self._put_notice("")

    def fail(self, error: str) -> None:
        """Say that copies are not being looked at."""
        self._put_notice(f"The copies there are not checked: {error}")

    async def _sweep(self) -> None:
        shown_at = time.monotonic()
        images: dict[str, RbdImage] = {}
        known = _copies(self._shelf.get())
        listed = {image.id: image for image in self._board.images()}

        def shared(copy: RbdImage) -> RbdImage:
            old = known.get(copy.name)
            if old is not None and old == copy:
                return old
            return like_image(copy, listed.get(copy.name))

        async for so_far in read_copies(self._reader, self._site, shared):
            images = so_far
            if time.monotonic() - shown_at > _SHOW_EVERY:
                self._put_images(_adding(images), complete=False)
                shown_at = time.monotonic()
        self._put_images(lambda _: images, complete=True)

    async def _look_for_new_copies(self) -> None:
        images = self._board.images()
        snapshot = self._board.current().images
        if images is self._scanned or snapshot.source is not Source.LIVE:
            return
        known = _copies(self._shelf.get())
        wanted = [
            image.id
            for image in images
            if self._site.store in image.stores and _is_in_doubt(known.get(image.id))
        ]
        found = await look_for(
            self._reader, self._site, wanted[:_LOOKED_FOR_AT_ONCE], self._still_listed
        )
        self._put_images(_adding(found), complete=True)
        if len(wanted) <= _LOOKED_FOR_AT_ONCE:
            self._scanned = images

    async def _still_listed(self, image_id: str) -> bool:
        glance = (await self._link.services()).glance
        return await still_lists(glance, image_id, self._site.store)

    def _put_images(
        self, change: Callable[[dict[str, RbdImage]], dict[str, RbdImage]], *, complete: bool
    ) -> None:
        def change_snapshot(snapshot: Snapshot[ClusterState]) -> Snapshot[ClusterState]:
            if not snapshot.rows:
                return snapshot
            state = snapshot.rows[0]
            before = state.images or {}
            after = change(before)
            same = state.images is not None and _equal(before, after)
            if same and complete == state.images_complete:
                return snapshot
            state = msgspec.structs.replace(
                state, images=state.images if same else after, images_complete=complete
            )
            return msgspec.structs.replace(
                snapshot, rows=(state,), generation=snapshot.generation + 1
            )

        self._shelf.put(change_snapshot)

    def _put_notice(self, notice: str) -> None:
        def change(snapshot: Snapshot[ClusterState]) -> Snapshot[ClusterState]:
            if snapshot.notice == notice:
                return snapshot
            return msgspec.structs.replace(
                snapshot, notice=notice, generation=snapshot.generation + 1
            )

        self._shelf.put(change)


def _adding(new: dict[str, RbdImage]) -> Callable[[dict[str, RbdImage]], dict[str, RbdImage]]:
    return lambda known: known | new if new else known


def _equal(one: dict[str, RbdImage], other: dict[str, RbdImage]) -> bool:
    """Whether both are equal: found out step by step, so that other threads get their turn."""
    return one is other or (
        len(one) == len(other) and all(one.get(name) == copy for name, copy in other.items())
    )


def _is_answering(snapshot: Snapshot[ClusterState]) -> bool:
    return bool(snapshot.rows) and snapshot.source is Source.LIVE and snapshot.error is None


def _copies(snapshot: Snapshot[ClusterState]) -> dict[str, RbdImage]:
    return (snapshot.rows[0].images or {}) if snapshot.rows else {}


def _is_in_doubt(rbd_image: RbdImage | None) -> bool:
    """Whether a copy that Glance lists is worth a look: not seen yet, or not seen whole."""
    return rbd_image is None or not rbd_image.snap
