"""Feeds of one site's mirroring: its RBD images, what its manager tells, and what arrives."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from dcn_console.inventory.board import Board, MirrorShelf
from dcn_console.inventory.clusters import ClusterReader
from dcn_console.inventory.feeds import Feed
from dcn_console.inventory.mirror_arrival import is_arriving, is_moving, measured, primary_site
from dcn_console.inventory.mirror_memory import changed_since, is_continued, noticed
from dcn_console.inventory.mirror_reading import (
    ManagerWord,
    pools_of,
    read_manager,
    read_pools,
    with_manager,
)
from dcn_console.inventory.snapshots import failed, replaced
from dcn_console.model.errors import ClusterError, ClusterUnreachable, RbdImageNotFound
from dcn_console.model.inventory import MirroredPool, MirrorState, Snapshot, Source
from dcn_console.model.mirroring import MirrorImage, MirrorMode
from dcn_console.model.rate import RateMeter
from dcn_console.model.sites import Site
from dcn_console.model.tasks import Progress

SHORTEST_PAUSE = 5.0
"""Daemons report no more often than this."""
MANAGER_SECONDS = 30.0
ARRIVAL_SECONDS = 1.0
SETTINGS_EVERY = timedelta(seconds=30)
"""How often pools without mirroring are looked at for it."""
_MEASURED_AT_ONCE = 16
"""Of more RBD images than this that arrive at a site, each is measured less often."""


class MirrorFeed(Feed):
    """Keeps the mirrored pools of one site with their RBD images.

    While something moves there it looks every few seconds, else every ``interval`` seconds.
    ``on_pools`` is called when mirroring was switched on for a pool, ``on_news`` when an RBD image
    came, went, was promoted or demoted: then the other sides had better be looked at too.
    """

    def __init__(
        self,
        interval: float,
        site: Site,
        reader: ClusterReader,
        board: Board,
        on_pools: Callable[[], None],
        on_news: Callable[[], None],
    ) -> None:
        super().__init__(max(SHORTEST_PAUSE, interval))
        self._calm_pause = self._interval
        self._site = site
        self._reader = reader
        self._on_pools = on_pools
        self._on_news = on_news
        self._shelf = MirrorShelf(board, site.name)
        self._settings_at: datetime | None = None

    async def look(self, *, thorough: bool) -> None:
        """Read the mirrored pools, and now and then whether others are mirrored too."""
        names = pools_of(self._site)
        now = datetime.now(UTC)
        snapshot = self._shelf.get()
        at = self._settings_at
        if not thorough and at is not None and now - at < SETTINGS_EVERY:
            names = _names(snapshot)
            if not names and snapshot.error is None:
                return
        else:
            self._settings_at = now
        found = await read_pools(self._reader.mirroring, names)
        known = _names(self._shelf.get())
        self._shelf.put(lambda before: _merged(before, self._site.name, found, now))
        if any(pool.pool.name not in known for pool in found):
            self._on_pools()
        pools = [pool for state in self._shelf.get().rows for pool in state.pools]
        moving = any(is_moving(pool, now) for pool in pools)
        self._interval = SHORTEST_PAUSE if moving else self._calm_pause
        if any(changed_since(one, now) for pool in pools for one in pool.noticed.values()):
            self._on_news()

    def fail(self, error: str) -> None:
        """Keep what was known and say since when the cluster fails."""
        self._settings_at = None
        self._shelf.put(lambda snapshot: failed(snapshot, error, datetime.now(UTC)))


class MirrorManagerFeed(Feed):
    """Keeps what one site's manager tells of its mirrored pools: daemons and schedules."""

    def __init__(self, site: Site, reader: ClusterReader, board: Board) -> None:
        super().__init__(MANAGER_SECONDS)
        self._reader = reader
        self._shelf = MirrorShelf(board, site.name)

    async def look(self, *, thorough: bool) -> None:
        """Ask the manager about each mirrored pool."""
        del thorough
        snapshot = self._shelf.get()
        if snapshot.source is not Source.LIVE or snapshot.error is not None:
            return
        for name in _names(snapshot):
            self._put(name, await read_manager(self._reader.mirroring, name))

    def fail(self, error: str) -> None:
        """Say why daemons and schedules are not known."""
        for name in _names(self._shelf.get()):
            self._put(name, ManagerWord(error=error))

    def _put(self, name: str, word: ManagerWord) -> None:
        self._shelf.put(_changing(name, lambda pool: with_manager(pool, word)))


class ArrivalFeed(Feed):
    """Measures each second what arrives in the RBD images of one site.

    ``readers`` are all sites' clusters: in journal mode the total is what the primary holds.
    """

    def __init__(self, site: Site, readers: Mapping[str, ClusterReader], board: Board) -> None:
        super().__init__(ARRIVAL_SECONDS)
        self._site = site
        self._readers = readers
        self._board = board
        self._shelf = MirrorShelf(board, site.name)
        self._meters: dict[str, RateMeter] = {}
        self._totals: dict[str, int | None] = {}
        self._turn = 0

    async def look(self, *, thorough: bool) -> None:
        """Measure what arrives now."""
        del thorough
        snapshot = self._shelf.get()
        if snapshot.source is not Source.LIVE or snapshot.error is not None:
            return
        arriving: set[str] = set()
        for state in snapshot.rows:
            for pool in state.pools:
                images = _arriving(pool)
                arriving.update(_identity(image) for image in images)
                if images or pool.progress:
                    await self._measure(pool.pool.name, images)
        self._meters = {key: one for key, one in self._meters.items() if key in arriving}
        self._totals = {key: one for key, one in self._totals.items() if key in arriving}

    def fail(self, error: str) -> None:
        """Show no figures rather than old ones."""
        del error
        for name in _names(self._shelf.get()):
            self._shelf.put(_changing(name, lambda pool: replace(pool, progress={})))

    async def _measure(self, pool: str, images: Sequence[MirrorImage]) -> None:
        turn = self._turn % max(1, len(images))
        few = (*images[turn:], *images[:turn])[:_MEASURED_AT_ONCE]
        self._turn += len(few) if len(images) > _MEASURED_AT_ONCE else 0
        seen = await asyncio.gather(*(self._progress(pool, image) for image in few))
        news = {image.global_id: one for image, one in zip(few, seen, strict=True)}
        still = {image.global_id for image in images}

        def change(mirrored: MirroredPool) -> MirroredPool:
            kept = {key: one for key, one in mirrored.progress.items() if key in still}
            kept.update((key, one) for key, one in news.items() if one is not None)
            return mirrored if kept == mirrored.progress else replace(mirrored, progress=kept)

        self._shelf.put(_changing(pool, change))

    async def _progress(self, pool: str, image: MirrorImage) -> Progress | None:
        """Measure one RBD image; one that has vanished meanwhile shows nothing."""
        key = _identity(image)
        try:
            seen = await self._readers[self._site.name].mirroring.progress(pool, image.name)
        except RbdImageNotFound:
            return None
        if image.mode is MirrorMode.JOURNAL and key not in self._totals:
            self._totals[key] = await self._source_bytes(pool, image)
        meter = self._meters.setdefault(key, RateMeter())
        return measured(image, seen, self._totals.get(key), meter, time.monotonic())

    async def _source_bytes(self, pool: str, image: MirrorImage) -> int | None:
        """Return the bytes that the primary holds, None when it cannot be asked."""
        site = primary_site(self._board.current().mirrors, pool, image.global_id)
        reader = self._readers.get(site)
        if reader is None:
            return None
        try:
            return await reader.used_bytes(pool, image.name)
        except (ClusterUnreachable, ClusterError):
            return None


def _identity(image: MirrorImage) -> str:
    """Return what tells a first copy from the one after a resync."""
    return f"{image.global_id}/{image.id}"


def _arriving(pool: MirroredPool) -> list[MirrorImage]:
    now = datetime.now(UTC)
    return [
        image for image in pool.images if is_arriving(image, pool.noticed.get(image.global_id), now)
    ]


def _names(snapshot: Snapshot[MirrorState]) -> tuple[str, ...]:
    return tuple(pool.pool.name for state in snapshot.rows for pool in state.pools)


def _merged(
    snapshot: Snapshot[MirrorState], site: str, found: Sequence[MirroredPool], began: datetime
) -> Snapshot[MirrorState]:
    """Return the snapshot with pools read anew; what did not change is the same object.

    It is of the moment when reading began, and changes are of now: so a side counts as read after
    a change elsewhere only if all of it was.
    """
    now = datetime.now(UTC)
    before = {pool.pool.name: pool for state in snapshot.rows for pool in state.pools}
    continued = is_continued(snapshot, now)
    pools = tuple(_pool(before.get(one.pool.name), one, now, continued=continued) for one in found)
    return replaced(snapshot, (MirrorState(site=site, pools=pools),), began)


def _pool(
    old: MirroredPool | None, new: MirroredPool, now: datetime, *, continued: bool
) -> MirroredPool:
    memory = noticed(old.noticed if old else {}, new.images, now, continued=continued)
    if old is None:
        return replace(new, noticed=memory)
    known = {image.global_id: image for image in old.images}
    images = tuple(
        was if (was := known.get(image.global_id)) == image and was is not None else image
        for image in new.images
    )
    return replace(old, pool=new.pool, images=images, noticed=memory)


def _changing(
    name: str, change: Callable[[MirroredPool], MirroredPool]
) -> Callable[[Snapshot[MirrorState]], Snapshot[MirrorState]]:
    """Return the change of a snapshot that changes one of its pools, keeping its age."""

    def change_snapshot(snapshot: Snapshot[MirrorState]) -> Snapshot[MirrorState]:
        if not snapshot.rows:
            return snapshot
        state = snapshot.rows[0]
        pools = tuple(change(pool) if pool.pool.name == name else pool for pool in state.pools)
        if all(one is other for one, other in zip(pools, state.pools, strict=True)):
            return snapshot
        return replace(
            snapshot,
            rows=(replace(state, pools=pools),),
            generation=snapshot.generation + 1,
        )

    return change_snapshot
