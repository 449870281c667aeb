"""Sending a file to Glance: one image of the task's own, begun anew as often as it takes."""

from datetime import datetime
from pathlib import Path

from dcn_console.model.errors import HttpError, ObjectNotFound, ServiceError, ServiceUnreachable
from dcn_console.model.inventory import Image
from dcn_console.model.tasks import ProgressSource, TargetState
from dcn_console.model.text import printable
from dcn_console.operations.arriving import Transfer
from dcn_console.operations.base import TargetContext
from dcn_console.operations.cinder_waiting import is_final, until_answered
from dcn_console.operations.images.discarding import discard
from dcn_console.operations.import_image.own_image import OwnImage
from dcn_console.operations.interrupting import Interrupted, interruptible
from dcn_console.operations.patience import CANCELLED, DONE, REFUSED
from dcn_console.operations.results import StepResult

MOST_SENDS = 3
SAVING_SECONDS = 45.0
"""How long Glance may keep an interrupted upload before it is given up: it notices that the
sender is gone at once, unless its own process died (seen with Glance 25.1). Longer than the watch
of a dead process lasts on its RBD image, which only then can be removed."""
_AT_WORK = frozenset({"saving", "uploading", "importing"})
_CONFLICT = 409


class Sending:
    """One file's way into Glance; a task taken up again goes on with the image it finds."""

    def __init__(
        self, context: TargetContext, own: OwnImage, path: Path, size: int, changed: int
    ) -> None:
        self._context = context
        self._own = own
        self._path = path
        self._size = size
        self._changed = changed
        self._sends = 0
        self._complaint = ""
        self._saving_since: datetime | None = None
        self._transfer = Transfer(context)

    async def send(self) -> StepResult:
        """Return DONE with the image's id, REFUSED or CANCELLED."""
        return await until_answered(
            self._context, self._look, cancelled="cancelled; nothing is kept of what was sent"
        )

    async def _look(self) -> StepResult | None:
        try:
            image = await self._own.found_or_made()
            return await self._go_on(image)
        except ObjectNotFound:
            return None

    async def _go_on(self, image: Image) -> StepResult | None:
        if image.status == "active" and image.size == self._size:
            self._transfer.finish(self._size)
            return StepResult(
                outcome=DONE, text=f"Glance has image {image.id}", data={"image": image.id}
            )
        if image.status == "queued":
            return await self._send(image)
        if image.status in _AT_WORK:
            since = self._saving_since = self._saving_since or self._context.now()
            if (self._context.now() - since).total_seconds() < SAVING_SECONDS:
                text = "Glance has not let go of the interrupted upload yet"
                self._context.show(TargetState.WAITING, text)
                return None
        self._context.log(
            f"image {image.id} is {image.status} with {image.size} bytes, not the "
            f"{self._size} of the file; beginning anew"
        )
        self._saving_since = None
        left = await discard(self._context, image)
        return StepResult(outcome=REFUSED, text=left) if left else None

    async def _send(self, image: Image) -> StepResult | None:
        if self._sends >= MOST_SENDS:
            text = f"gave up after sending it {MOST_SENDS} times: {self._complaint}"
            return StepResult(outcome=REFUSED, text=text)
        if not self._is_unchanged():
            text = f"“{printable(str(self._path), 200)}” is not there any more as it was planned"
            return StepResult(outcome=REFUSED, text=text)
        self._sends += 1
        self._saving_since = None
        self._context.show(TargetState.ASKING, "sending to Glance")
        upload = self._context.services.glance.images.upload(image.id, self._path, self._show)
        try:
            await interruptible(self._context, upload)
        except Interrupted:
            return StepResult(outcome=CANCELLED, text="cancelled while it was sent")
        except HttpError as error:
            if is_final(error) and error.status != _CONFLICT:
                return StepResult(outcome=REFUSED, text=str(error))
            self._complain(error)
        except ServiceUnreachable as error:
            self._complain(error)
        except ObjectNotFound as error:
            self._complain(error)
        except ServiceError as error:
            return StepResult(outcome=REFUSED, text=str(error))
        return None

    def _is_unchanged(self) -> bool:
        try:
            seen = self._path.stat()
        except OSError:
            return False
        return (seen.st_size, seen.st_mtime_ns) == (self._size, self._changed)

    def _complain(self, error: ServiceError) -> None:
        self._complaint = error.message
        self._context.log(f"{error.message} Looking what Glance has made of it.")

    def _show(self, sent: int, total: int) -> None:
        text = "" if sent < total else "Glance stores the last of it"
        progress = self._transfer.take(ProgressSource.SENT, sent, total)
        self._context.show(TargetState.COPYING, text, progress)
