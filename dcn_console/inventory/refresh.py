"""Keeping the inventory fresh in the background, on a thread and event loop of its own."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from dcn_console.ceph.cluster import Cluster
from dcn_console.clouds.cloud import Cloud
from dcn_console.config.settings import Settings
from dcn_console.inventory.board import Board
from dcn_console.inventory.cloud_feeds import (
    CinderServicesFeed,
    ImagesFeed,
    ImportsFeed,
    StoresFeed,
    VolumesFeed,
)
from dcn_console.inventory.cluster_feeds import ClusterFeed, CopiesFeed
from dcn_console.inventory.feeds import Feed
from dcn_console.inventory.link import Link
from dcn_console.inventory.mirror_feeds import ArrivalFeed, MirrorFeed, MirrorManagerFeed
from dcn_console.inventory.services import Services, connect, open_clusters
from dcn_console.inventory.storage_feeds import BackupsFeed, MarkedFeed, ServersFeed, SnapshotsFeed
from dcn_console.model.errors import ServiceUnreachable
from dcn_console.model.inventory import Inventory

NOTIFY_SECONDS = 0.2
"""Shortest time between two calls of ``on_change``."""

COPIES_SECONDS = 5.0
"""Seconds between two looks for copies that Glance newly lists; most find nothing to do."""

_LOG = logging.getLogger(__name__)


class Refresher:
    """Refreshes every service and every site by itself, so that none delays another.

    ``on_change`` is called from the refresher's own thread, at most five times a second.
    ``cached`` is shown until the services answer. Nothing here waits for the network: the
    cloud is connected to in the background, and a failure is an error in the snapshots.
    """

    def __init__(
        self,
        settings: Settings,
        on_change: Callable[[], None],
        cached: Inventory | None = None,
        *,
        connect: Callable[[Settings], Awaitable[Cloud]] = connect,
        clusters: Mapping[str, Cluster] | None = None,
    ) -> None:
        self._settings = settings
        self._on_change = on_change
        self._connect = connect
        self._clusters = open_clusters(settings) if clusters is None else clusters
        self._board = Board(_start(settings, cached), self._changed)
        self._loop = asyncio.new_event_loop()
        self._link = Link(self._open)
        self._feeds: tuple[Feed, ...] = ()
        self._imports = ImportsFeed(self._link, self._board)
        self._notifying = False
        self._notified_at = 0.0
        self._main: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._work, name="dcn-refresher", daemon=True)
        self._stopping = threading.Event()

    def current(self) -> Inventory:
        """Return the newest inventory, at once."""
        return self._board.current()

    def start(self) -> None:
        """Begin; returns at once."""
        if not self._stopping.is_set():
            self._thread.start()

    def stop(self) -> None:
        """End; returns at once, agents and connections are let go of in the background."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._call(self._cancel)

    def refresh(self) -> None:
        """Ask for a full look at everything soon."""
        self._call(self._ask_all)

    def watch(self, image_ids: Sequence[str]) -> None:
        """Look every two seconds at these images, in the place of those named before."""
        ids = tuple(image_ids)
        self._call(lambda: self._imports.watch(ids))

    async def services(self) -> Services:
        """Return the services the refresher uses, connecting if need be.

        They may be used on any event loop, and end with ``stop``. Raises DcnError.
        """
        if self._stopping.is_set() or not self._thread.is_alive():
            raise ServiceUnreachable("The connection to the cloud is closed.")
        waiting = asyncio.run_coroutine_threadsafe(self._link.services(), self._loop)
        return await asyncio.wrap_future(waiting)

    @property
    def connected(self) -> Services | None:
        """The services once connected, None before."""
        return self._link.connected

    async def _open(self) -> Services:
        cloud = await self._connect(self._settings)
        services = Services.with_cloud(self._settings, cloud, self._clusters)
        self._changed()
        return services

    def _work(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._main = self._loop.create_task(self._run())
            if not self._stopping.is_set():
                self._loop.run_until_complete(self._main)
        except asyncio.CancelledError:
            _LOG.debug("the refresher has ended")
        finally:
            self._loop.run_until_complete(self._close())
            self._loop.close()

    async def _run(self) -> None:
        seconds = self._settings.refresh_seconds
        link, board = self._link, self._board
        feeds: list[Feed] = [
            StoresFeed(seconds, link, board),
            ImagesFeed(seconds, link, board),
            self._imports,
            VolumesFeed(seconds, link, board),
            CinderServicesFeed(seconds, link, board),
            ServersFeed(seconds * 2, link, board),
            SnapshotsFeed(seconds * 2, link, board),
            BackupsFeed(seconds * 2, link, board),
        ]
        if any(plan.metadata for plan in self._settings.backup_plans):
            feeds.append(MarkedFeed(seconds * 2, link, board))
        for site in self._settings.topology:
            reader = self._clusters.get(site.name)
            if reader is not None:
                copies = CopiesFeed(COPIES_SECONDS, site, reader, board, link)
                feeds.append(ClusterFeed(seconds, site, reader, board, copies.ask))
                feeds.append(copies)
                manager = MirrorManagerFeed(site, reader, board)
                feeds.append(MirrorFeed(seconds, site, reader, board, manager.ask, self._hurry))
                feeds.append(manager)
                feeds.append(ArrivalFeed(site, self._clusters, board))
        self._feeds = tuple(feeds)
        await asyncio.gather(*(feed.run() for feed in feeds))

    async def _close(self) -> None:
        await asyncio.gather(
            *(cluster.close() for cluster in self._clusters.values()), return_exceptions=True
        )
        if self._link.connected is not None:
            self._link.connected.cloud.close()

    def _cancel(self) -> None:
        if self._main is not None:
            self._main.cancel()

    def _ask_all(self) -> None:
        for feed in self._feeds:
            feed.ask()

    def _hurry(self) -> None:
        """Look at all sites' mirroring: what changed at one is judged from both."""
        for feed in self._feeds:
            if isinstance(feed, MirrorFeed):
                feed.hurry()

    def _call(self, function: Callable[[], None]) -> None:
        """Call on the refresher's loop; after its end there is nothing left to do."""
        try:
            self._loop.call_soon_threadsafe(function)
        except RuntimeError:
            _LOG.debug("the refresher has ended already")

    def _changed(self) -> None:
        """Tell of a change soon, once for all changes until then."""
        if not self._notifying:
            self._notifying = True
            earliest = self._notified_at + NOTIFY_SECONDS
            self._loop.call_at(max(earliest, self._loop.time()), self._notify)

    def _notify(self) -> None:
        self._notifying = False
        self._notified_at = self._loop.time()
        self._on_change()


def _start(settings: Settings, cached: Inventory | None) -> Inventory:
    """Return what is shown first: the cached inventory in today's topology."""
    topology = settings.topology
    if cached is None:
        return Inventory(topology=topology)
    clusters = {
        name: snapshot for name, snapshot in cached.clusters.items() if name in topology.names
    }
    mirrors = {
        name: snapshot for name, snapshot in cached.mirrors.items() if name in topology.names
    }
    return msgspec.structs.replace(
        cached, topology=topology, clusters=clusters, mirrors=mirrors, image_tasks={}
    )
