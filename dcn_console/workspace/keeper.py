"""Keeping the last inventory on disk, so that the next start has something to show at once."""

import logging
import time
from pathlib import Path

from dcn_console.inventory.cache import load, save
from dcn_console.model.inventory import Inventory, Source

SAVE_SECONDS = 30.0
"""At most so often is the inventory written."""

_LOG = logging.getLogger(__name__)


class Keeper:
    """The saved inventory of one cloud."""

    def __init__(self, path: Path, cloud: str) -> None:
        self._path = path
        self._cloud = cloud
        self._saved_at: float | None = None

    def load(self) -> Inventory | None:
        """Return what an earlier session saved, or None."""
        return load(self._path, self._cloud)

    def keep(self, inventory: Inventory) -> None:
        """Save a complete, live inventory, unless that was done just now."""
        live = inventory.images.complete and inventory.images.source is Source.LIVE
        now = time.monotonic()
        if not live or (self._saved_at is not None and now - self._saved_at < SAVE_SECONDS):
            return
        self._saved_at = now
        try:
            save(inventory, self._path, self._cloud)
        except OSError:
            _LOG.exception("the inventory cannot be saved to %s", self._path)
