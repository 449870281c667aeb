"""What Glance's import lock means: who holds an image, and until when.

Facts from glance/api/v2/images.py, ``_enforce_import_lock``: the property
``os_glance_import_task`` names the task that holds the image; a new import is refused with
409 "Image has active task" until that task has not been updated for 60 minutes (120 while it
is pending), or at once when its record is gone. No service takes up the task of a Glance
that died.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from dcn_console.model.inventory import Image, ImageTask

LOCK_LIFETIME = timedelta(minutes=60)
PENDING_LOCK_LIFETIME = timedelta(minutes=120)
STALLED_AFTER = timedelta(minutes=3)
"""Glance refreshes a working task at least once a minute while it uploads."""


class ImportLock(msgspec.Struct, frozen=True, kw_only=True):
    """The lock on an image.

    ``task`` is None when its record is gone. ``free_from`` is the time from which a new
    import may take the lock over: None means at once.
    """

    task_id: str
    task: ImageTask | None = None
    free_from: datetime | None = None

    def is_free(self, now: datetime) -> bool:
        """Whether Glance would let a new import take the lock over."""
        return self.free_from is None or now >= self.free_from

    def is_stalled(self, now: datetime) -> bool:
        """Whether its task has gone without a sign of life for longer than a working one does."""
        if self.task is None or self.task.updated_at is None:
            return self.task is None
        return now - self.task.updated_at > STALLED_AFTER


def import_lock(image: Image, tasks: Sequence[ImageTask]) -> ImportLock | None:
    """Return the lock on ``image`` given the image's tasks, or None when nobody holds it."""
    if not image.import_task:
        return None
    task = next((task for task in tasks if task.id == image.import_task), None)
    if task is None:
        return ImportLock(task_id=image.import_task)
    lifetime = PENDING_LOCK_LIFETIME if task.status == "pending" else LOCK_LIFETIME
    updated_at = task.updated_at or task.created_at
    return ImportLock(
        task_id=image.import_task,
        task=task,
        free_from=None if updated_at is None else updated_at + lifetime,
    )
