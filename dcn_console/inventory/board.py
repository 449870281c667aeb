"""The current inventory, changed from one event loop and read from any thread."""

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from dcn_console.model.inventory import (
    ClusterState,
    Image,
    ImageTask,
    Inventory,
    MirrorState,
    Snapshot,
)

T = TypeVar("T")


class Board:
    """Holds the newest inventory; ``on_change`` is called after every change, on its thread."""

    def __init__(self, inventory: Inventory, on_change: Callable[[], None]) -> None:
        self._lock = threading.Lock()
        self._inventory = inventory
        self._on_change = on_change

    def current(self) -> Inventory:
        """Return the newest inventory."""
        return self._inventory

    def change(self, change: Callable[[Inventory], Inventory]) -> None:
        """Put in place what ``change`` makes of the inventory."""
        with self._lock:
            before = self._inventory
            self._inventory = change(before)
            same = self._inventory is before
        if not same:
            self._on_change()

    def change_image_tasks(self, tasks: dict[str, ImageTask], among: frozenset[str]) -> None:
        """Replace the import tasks of the images ``among`` by ``tasks``."""

        def change(inventory: Inventory) -> Inventory:
            kept = {
                image_id: task
                for image_id, task in inventory.image_tasks.items()
                if image_id not in among
            }
            new = kept | tasks
            if new == inventory.image_tasks:
                return inventory
            return msgspec.structs.replace(inventory, image_tasks=new)

        self.change(change)

    def images(self) -> tuple[Image, ...]:
        """Return the newest images."""
        return self._inventory.images.rows


class Shelf(Generic[T]):
    """One snapshot on the board: a field of the inventory, or a site's cluster."""

    def __init__(self, board: Board, field: str) -> None:
        self._board = board
        self._field = field

    def get(self) -> Snapshot[T]:
        """Return the snapshot."""
        snapshot: Snapshot[T] = getattr(self._board.current(), self._field)
        return snapshot

    def put(self, change: Callable[[Snapshot[T]], Snapshot[T]]) -> None:
        """Put in place what ``change`` makes of the snapshot."""

        def change_inventory(inventory: Inventory) -> Inventory:
            before: Snapshot[T] = getattr(inventory, self._field)
            after = change(before)
            if after is before:
                return inventory
            fields: dict[str, Any] = {self._field: after}
            return msgspec.structs.replace(inventory, **fields)

        self._board.change(change_inventory)


class SiteShelf(Shelf[T]):
    """A site's snapshot in a field of the inventory that has one for each site."""

    def __init__(self, board: Board, field: str, site: str) -> None:
        super().__init__(board, field)
        self._site = site

    def get(self) -> Snapshot[T]:
        """Return the snapshot."""
        return self._of(self._board.current()).get(self._site, Snapshot())

    def put(self, change: Callable[[Snapshot[T]], Snapshot[T]]) -> None:
        """Put in place what ``change`` makes of the snapshot."""

        def change_inventory(inventory: Inventory) -> Inventory:
            all_sites = self._of(inventory)
            before = all_sites.get(self._site, Snapshot())
            after = change(before)
            if after is before:
                return inventory
            fields: dict[str, Any] = {self._field: all_sites | {self._site: after}}
            return msgspec.structs.replace(inventory, **fields)

        self._board.change(change_inventory)

    def _of(self, inventory: Inventory) -> dict[str, Snapshot[T]]:
        snapshots: dict[str, Snapshot[T]] = getattr(inventory, self._field)
        return snapshots


class ClusterShelf(SiteShelf[ClusterState]):
    """The snapshot of one site's cluster on the board."""

    def __init__(self, board: Board, site: str) -> None:
        super().__init__(board, "clusters", site)


class MirrorShelf(SiteShelf[MirrorState]):
    """The snapshot of one site's mirroring on the board."""

    def __init__(self, board: Board, site: str) -> None:
        super().__init__(board, "mirrors", site)
