"""The image that a task makes: found by its mark, made without, removed when it came to nothing."""

from datetime import UTC, datetime

from dcn_console.clouds.glance import Glance
from dcn_console.model.errors import ServiceError
from dcn_console.model.inventory import Image
from dcn_console.model.text import printable
from dcn_console.operations.base import TargetContext
from dcn_console.operations.images.discarding import discard
from dcn_console.operations.import_image.parameters import Parameters, image_mark
from dcn_console.operations.marks import found_or_made

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_GOING = frozenset({"deleted", "pending_delete"})


async def images_of(glance: Glance, task_id: str, parameters: Parameters) -> tuple[Image, ...]:
    """The images that a task made, the oldest first.

    They bear its mark and the name it gives: Nova and Cinder hand the mark on to the images that
    people derive from this one (nova: base_image_ref, seen with Zed), and those are not ours.
    """
    found = await glance.images.made_with(image_mark(task_id, parameters.hub))
    ours = [one for one in found if one.name == parameters.name and one.status not in _GOING]
    return tuple(sorted(ours, key=lambda image: (image.created_at or _EPOCH, image.id)))


class OwnImage:
    """The image of one task. Everything raises as the adapter of Glance does."""

    def __init__(self, context: TargetContext, parameters: Parameters) -> None:
        self._context = context
        self._parameters = parameters
        self.what = f"image “{printable(parameters.name, 60)}”"

    async def all(self) -> tuple[Image, ...]:
        """Every image of the task, the oldest first.

        A second one is there when Glance carried out what it had not answered.
        """
        glance = self._context.services.glance
        return await images_of(glance, self._context.task.id, self._parameters)

    async def find(self) -> Image | None:
        """The task's image, None before it is made and after it was deleted."""
        found = await self.all()
        return found[0] if found else None

    async def found_or_made(self) -> Image:
        """The task's image as it is now."""
        return await found_or_made(self._context, self.find, self._make, self.what)

    async def _make(self) -> Image:
        parameters = self._parameters
        return await self._context.services.glance.images.create(
            parameters.name,
            disk_format=parameters.disk_format,
            visibility=parameters.visibility,
            properties=image_mark(self._context.task.id, parameters.hub),
        )

    async def discard_all_but(self, image_id: str) -> list[str]:
        """Remove the task's images besides that one; return what is left behind, in words."""
        left = []
        for image in await self.all():
            if image.id == image_id:
                continue
            try:
                kept = await discard(self._context, image)
            except ServiceError as error:
                kept = f"image {image.id} is left behind: {error.message}"
            if kept:
                left.append(kept)
        return left
