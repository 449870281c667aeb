"""How far a copy is: bytes in the target's RBD image, else Glance's word, else nothing."""

import re

from dcn_console.model.errors import ClusterError, RbdImageNotFound
from dcn_console.model.inventory import ImageTask
from dcn_console.model.tasks import Progress, ProgressSource
from dcn_console.operations.arriving import Transfer
from dcn_console.operations.base import TargetContext
from dcn_console.operations.copy_image.observe import Observation
from dcn_console.operations.copy_image.subject import Subject

_COPIED = re.compile(r"Copied (\d+) MiB")
MIB = 1024 * 1024


class Meter:
    """Measures one copy to one site, and remembers its rate."""

    def __init__(self, context: TargetContext, subject: Subject) -> None:
        self._context = context
        self._subject = subject
        self._transfer = Transfer(context)
        self._first_message: str | None = None

    @property
    def last(self) -> Progress | None:
        """The newest figure, or None before any."""
        return self._transfer.last

    async def measure(self, seen: Observation) -> Progress | None:
        """Return the newest figure, or None while no byte can be seen to have arrived.

        Call it only while Glance serves this site's store.
        """
        cluster = self._context.services.clusters.get(self._context.site)
        if cluster is not None:
            try:
                used = await cluster.used_bytes(self._subject.pool, self._subject.image_id)
            except RbdImageNotFound:
                return None
            except ClusterError as error:
                self._context.log(f"cannot measure: {error.message}")
            else:
                return self._take(ProgressSource.RBD_IMAGE, used, seen)
        told = self._told(seen)
        return None if told is None else self._take(ProgressSource.GLANCE_TASK, told, seen)

    def _take(self, source: ProgressSource, done: int, seen: Observation) -> Progress:
        return self._transfer.take(source, done, seen.image.size)

    def _told(self, seen: Observation) -> int | None:
        """Return the bytes of Glance's "Copied N MiB", refreshed about once a minute.

        The message restarts with each store and stands on after the last one, so what was
        there when this store's turn came is not about it.
        """
        lock = seen.lock
        task: ImageTask | None = lock.task if lock is not None else None
        message = task.message if task is not None else ""
        if self._first_message is None:
            self._first_message = message
        found = _COPIED.search(message)
        if found is None or message == self._first_message:
            return None
        return int(found.group(1)) * MIB

    def finish(self) -> None:
        """Remember the transfer's rate for later estimates, if it was measured long enough."""
        self._transfer.finish(self._subject.size)
