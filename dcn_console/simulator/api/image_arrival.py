"""An image's data on its way from a client into a store, as fast as the site takes it."""

import asyncio

from msgspec.structs import replace

from dcn_console.simulator.engine import Engine
from dcn_console.simulator.records import MIB, RbdRecord

KEPT_LIMIT = 256 * MIB
"""Uploaded data up to this size is kept for downloads; of more only the hashes are."""
_SHOWN_BYTES = 4 * MIB
_POLL_SECONDS = 0.1


class Arrival:
    """Slows an upload of ``length`` bytes (0: not known) down, and lets its RBD image grow."""

    def __init__(self, engine: Engine, image_id: str, store: str, length: int) -> None:
        self._engine = engine
        self._image_id = image_id
        self._site = engine.world.deployment.site_of_store(store)
        self._length = length
        self._taken = 0
        self._shown = 0

    async def take(self, size: int) -> None:
        """Take ``size`` bytes; wait as long as the store needs for them."""
        site, world = self._site, self._engine.world
        if site is None:
            return
        while world.is_blocked(site):  # noqa: ASYNC110 - faults tell nobody of their end
            await asyncio.sleep(_POLL_SECONDS)
        scale = self._engine.clock.scale
        if scale:
            await asyncio.sleep(size / site.bandwidth / scale)
        self._taken += size
        if self._taken - self._shown >= _SHOWN_BYTES:
            self._show()

    def _show(self) -> None:
        site, world = self._site, self._engine.world
        if site is None or self._image_id not in world.images:
            return
        self._shown = self._taken
        there = world.record(site.name, site.images_pool, self._image_id)
        size = max(self._length, self._taken)
        partial = there or RbdRecord(size=size, used=0, snap=False, snap_protected=False)
        grown = replace(partial, size=size, used=self._taken)
        world.put_rbd(site, site.images_pool, self._image_id, grown)

    def give_up(self) -> None:
        """Remove what has arrived."""
        if self._site is not None and self._shown:
            world = self._engine.world
            world.drop_rbd(self._site, self._site.images_pool, self._image_id)
