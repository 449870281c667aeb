"""The running simulation: its world, its clock and its folder, driven by requests and ticks."""

import asyncio
import time
from collections.abc import Iterable

from msgspec.structs import replace

from dcn_console.simulator.block_clock import advance_block, note_services
from dcn_console.simulator.clock import Clock
from dcn_console.simulator.deployment import Contents
from dcn_console.simulator.faults import Faults
from dcn_console.simulator.imports import advance_imports
from dcn_console.simulator.mirror_clock import advance_mirrors, reconsider
from dcn_console.simulator.mirror_progress import settle
from dcn_console.simulator.records import SimulatedSite
from dcn_console.simulator.servers import advance_servers
from dcn_console.simulator.storage import Storage
from dcn_console.simulator.tokens import Tokens
from dcn_console.simulator.world import World

_POLL_SECONDS = 0.05
_SAVE_SECONDS = 0.5


class Engine:
    """Everything the HTTP side works on; one event loop owns it.

    ``persistent`` says whether the contents are saved to the storage as they change.
    """

    def __init__(self, contents: Contents, storage: Storage, *, persistent: bool = True) -> None:
        self.storage = storage
        self._persistent = persistent
        self.clock = Clock(max(contents.now, time.time()), contents.conditions.time_scale)
        self.world = World(replace(contents, now=self.clock.now()))
        self.tokens = Tokens(storage.key())
        self.image_threads = asyncio.Semaphore(contents.deployment.api_threads)
        self._saved = -1
        self._work: set[asyncio.Task[None]] = set()

    def keep(self, work: asyncio.Task[None]) -> None:
        """Keep a task from being thrown away before it is over."""
        self._work.add(work)
        work.add_done_callback(self._work.discard)

    def tick(self) -> None:
        """Bring the world to the clock's time."""
        before = self.world.now
        advance_imports(self.world, self.clock.now())
        advance_block(self.world, before)
        advance_servers(self.world)
        advance_mirrors(self.world, self.world.now)

    def save(self) -> None:
        """Save the contents if they changed and are to be kept."""
        if self._persistent and self.world.revision != self._saved:
            self._saved = self.world.revision
            self.storage.save(self.world.contents())

    async def run(self) -> None:
        """Tick and save for ever, so that a killed simulator loses half a second at most."""
        while True:
            self.tick()
            self.save()
            await asyncio.sleep(_SAVE_SECONDS)

    def set_faults(self, faults: Faults) -> None:
        """Bring the world up to date, then switch faults."""
        self.tick()
        for replay in self.world.mirrors.replays():
            settle(self.world, replay, self.world.now)
        before, self.world.faults = self.world.faults, faults
        note_services(self.world, before)
        reconsider(self.world, self.world.now)
        self.world.revision += 1

    def set_time_scale(self, scale: float) -> None:
        """Let the clock run ``scale`` times as fast as real time."""
        self.tick()
        self.clock.run_at(scale)
        self.world.conditions = replace(self.world.conditions, time_scale=scale)
        self.world.revision += 1

    def set_latency(self, seconds: dict[str, float]) -> None:
        """Delay every answer of the named services ("" is all of them)."""
        self.world.conditions = replace(self.world.conditions, latency_seconds=seconds)
        self.world.revision += 1

    async def connect(self, sites: Iterable[SimulatedSite]) -> tuple[SimulatedSite, ...]:
        """Wait as Glance does for clusters whose mon is dead; return those that gave no answer.

        It hangs until the mon is back or the connection times out, whichever is first.
        """
        asked = tuple(sites)
        deadline = self.clock.now() + self.world.deployment.connect_timeout_seconds
        while True:
            self.tick()
            dead = tuple(site for site in asked if self.world.is_unconnectable(site))
            if not dead or self.clock.now() >= deadline:
                return dead
            await asyncio.sleep(_POLL_SECONDS)
