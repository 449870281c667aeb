"""An image of a root disk of Nova's own: Nova brings it to Glance, and it is copied on.

It lands in the default store of the Glance that Nova uses at the server's site (nova.conf,
[glance]). When Nova fails it deletes the image (nova/compute/manager.py, delete_image_on_error).
"""

from collections.abc import Awaitable, Callable
from functools import partial

from dcn_console.model.errors import ObjectNotFound, ServiceError
from dcn_console.model.inventory import Image
from dcn_console.model.tasks import Progress, TargetState
from dcn_console.model.text import format_bytes, printable
from dcn_console.operations.base import TargetContext
from dcn_console.operations.cinder_waiting import GONE, until_answered, waiting_text
from dcn_console.operations.images.discarding import discard
from dcn_console.operations.making import ASKED, CLEARED, WRONG, ask_for
from dcn_console.operations.marks import mark
from dcn_console.operations.patience import DONE, REFUSED
from dcn_console.operations.results import StepResult
from dcn_console.operations.server_image.names import (
    ASK_STEP,
    CLEAR_STEP,
    PART,
    WATCH_STEP,
    OwnDisk,
)
from dcn_console.operations.servers.where import nova_of
from dcn_console.operations.upload_volume.landing import Landing
from dcn_console.operations.upload_volume.spread import spread

LOOKS = 30
"""So often an image may be without data although Nova is not at it any more."""


async def own_disk_image(
    context: TargetContext,
    server_id: str,
    own_disk: OwnDisk,
    made: Callable[[], Awaitable[None]] | None,
) -> StepResult:
    """Have the image made and bring it to its sites; ``made`` is called once Nova is done."""
    steps = Steps(context, server_id, own_disk)
    result = await _made(context, steps)
    if made is not None:
        await made()
    return await spread(context, own_disk.name, own_disk.sites, result)


async def _made(context: TargetContext, steps: "Steps") -> StepResult:
    asked = await context.step(ASK_STEP, steps.ask)
    if asked.outcome != ASKED:
        return asked
    image_id = str(asked.data["image"])
    watched = await context.step(WATCH_STEP, partial(steps.watch, image_id))
    if watched.outcome != WRONG:
        return watched
    cleared = await context.step(CLEAR_STEP, partial(steps.clear, image_id))
    left = "" if cleared.outcome == CLEARED else f". {cleared.text}"
    return StepResult(outcome=REFUSED, text=f"{watched.text}{left}")


class Steps:
    """The steps of one image, each safe to take again."""

    def __init__(self, context: TargetContext, server_id: str, own_disk: OwnDisk) -> None:
        self._context = context
        self._server_id = server_id
        self._own_disk = own_disk
        self._what = f"image “{printable(own_disk.name, 60)}”"

    async def ask(self) -> StepResult:
        """Ask Nova, or take up what an earlier runner asked for; ASKED, REFUSED or CANCELLED."""
        return await ask_for(
            self._context, "Nova", "image", self._what, find=self._find, make=self._make
        )

    async def _find(self) -> str | None:
        images = self._context.services.glance.images
        found = await images.made_with(mark(self._context, PART))
        return found[0].id if found else None

    async def _make(self) -> str:
        nova = nova_of(self._context.services)
        return await nova.create_image(
            self._server_id, self._own_disk.name, mark(self._context, PART)
        )

    async def watch(self, image_id: str) -> StepResult:
        """Wait until the image is active; DONE, WRONG, REFUSED or CANCELLED."""
        landing = Landing(self._context, image_id, self._own_disk.home, None)
        began = self._context.now()
        idle = 0
        progress: Progress | None = None

        async def look() -> StepResult | None:
            nonlocal idle, progress
            image = await self._context.services.glance.image(image_id)
            status = image.status or "unknown"
            if status == "active":
                return self._active(image)
            if status in ("killed", "deleted", "pending_delete"):
                return StepResult(outcome=WRONG, text=f"{self._what} is {status}")
            idle = idle + 1 if await self._is_idle() else 0
            if idle > LOOKS:
                text = f"Nova is not at it any more, and {self._what} is still {status}"
                return StepResult(outcome=WRONG, text=f"{text}: see the log of nova-compute")
            progress = await landing.measure()
            doing = f"Nova makes {self._what}"
            now = self._context.now()
            text = waiting_text(doing, status, began, now, progress, service="Glance")
            self._context.show(TargetState.COPYING, text, progress)
            return None

        result = await until_answered(
            self._context,
            look,
            last=lambda: progress,
            cancelled=f"stopped watching; Nova may go on making {self._what} ({image_id})",
        )
        if result.outcome == GONE:
            text = f"Nova gave {self._what} up: see the log of nova-compute"
            return StepResult(outcome=REFUSED, text=text)
        return result

    def _active(self, image: Image) -> StepResult:
        if not image.size:
            return StepResult(outcome=WRONG, text=f"{self._what} holds no data")
        text = f"{self._what} is active, {format_bytes(image.size)}, {image.disk_format}"
        return StepResult(outcome=DONE, text=text, data={"image": image.id, "size": image.size})

    async def _is_idle(self) -> bool:
        try:
            server = await nova_of(self._context.services).server(self._server_id)
        except ObjectNotFound:
            return True
        return server.task_state is None

    async def clear(self, image_id: str) -> StepResult:
        """Delete our own image that came to nothing; CLEARED, or WRONG with what is left."""
        try:
            if await self._find() != image_id:
                return StepResult(outcome=CLEARED, text=f"{self._what} is gone")
            image = await self._context.services.glance.image(image_id)
            left = await discard(self._context, image)
        except ObjectNotFound:
            left = ""
        except ServiceError as error:
            left = f"{self._what} ({image_id}) is left: {error.message}"
        if left:
            return StepResult(outcome=WRONG, text=left)
        return StepResult(outcome=CLEARED, text=f"{self._what} is removed")
