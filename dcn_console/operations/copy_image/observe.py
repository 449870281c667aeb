"""What can be seen of an image while it is copied, and what it means for one store."""

from collections.abc import Collection
from datetime import datetime

import msgspec

from dcn_console.clouds.glance import COPY_IMAGE
from dcn_console.inventory.services import Services
from dcn_console.model.imports import ImportLock, import_lock
from dcn_console.model.inventory import Image, ImageTask

SLOWEST_STAGING = 1024 * 1024
"""Bytes per second below which nobody's staging goes on: see ``Observation.lock_is_dead``."""


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """An image and its tasks, the newest first, at one moment."""

    image: Image
    tasks: tuple[ImageTask, ...]
    at: datetime

    @property
    def lock(self) -> ImportLock | None:
        """Who holds the image's import lock."""
        return import_lock(self.image, self.tasks)

    def task(self, task_id: str) -> ImageTask | None:
        """The task with that id, if Glance still has it."""
        return next((task for task in self.tasks if task.id == task_id), None)

    def has_copy(self, store: str) -> bool:
        """Whether Glance lists ``store`` among those that hold the image."""
        return store in self.image.stores

    def lock_is_dead(self) -> bool:
        """Whether the lock may be taken over without starting a second copy beside a living one.

        Glance lets go of a lock whose task was silent for an hour, but a task is silent all
        through the staging of an image (glance/async_/flows/_internal_plugins/copy_image.py
        has no callback), however long a slow link takes. So the silence must also be longer
        than staging the whole image at 1 MiB/s.
        """
        lock = self.lock
        if lock is None or not lock.is_free(self.at):
            return False
        if lock.task is None or lock.task.updated_at is None:
            return True
        silence = (self.at - lock.task.updated_at).total_seconds()
        return silence * SLOWEST_STAGING > (self.image.size or 0)

    @property
    def stalled(self) -> str:
        """Say since when Glance tells nothing of the import it works on, "" while it does."""
        lock = self.lock
        if lock is None or lock.task is None or lock.task.updated_at is None:
            return ""
        if not lock.is_stalled(self.at):
            return ""
        minutes = int((self.at - lock.task.updated_at).total_seconds() // 60)
        free = f"{lock.free_from:%H:%M} UTC" if lock.free_from else "now on"
        return (
            f"no word from Glance for {minutes} min; if it died, the import can be "
            f"taken over from {free}"
        )

    def is_importing(self, store: str) -> bool:
        """Whether a living import has still to serve ``store``."""
        return store in self.stores_to_serve and not self.lock_is_dead()

    @property
    def stores_to_serve(self) -> tuple[str, ...]:
        """The stores that the import holding the lock has still to serve, the next one first.

        ``os_glance_importing_to_stores`` may hold stores of an import that failed before
        their turn (glance/async_/flows/api_image_import.py cleans up after the store that
        failed), so only those that the lock's task asked for count. It is sorted by name,
        while Glance serves them in the order of the request.
        """
        lock = self.lock
        if lock is None:
            return ()
        if lock.task is None or not lock.task.stores:
            return self.image.importing_to
        return tuple(store for store in lock.task.stores if store in self.image.importing_to)

    def new_task_for(self, store: str, known: Collection[str]) -> ImageTask | None:
        """Return the newest copy task that names ``store`` and is not among ``known`` ids."""
        return next(
            (
                task
                for task in self.tasks
                if task.id not in known and task.method == COPY_IMAGE and store in task.stores
            ),
            None,
        )


async def observe(services: Services, image_id: str, at: datetime) -> Observation:
    """Read an image and its tasks; raises ServiceError, ObjectNotFound among them."""
    image = await services.glance.image(image_id)
    tasks = await services.glance.tasks(image_id)
    return Observation(image=image, tasks=tasks, at=at)
