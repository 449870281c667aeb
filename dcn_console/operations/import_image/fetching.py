"""Having Glance fetch an address into the hub's store, and watching it (web-download)."""

from datetime import datetime

from dcn_console.clouds.glance_images import WEB_DOWNLOAD
from dcn_console.model.errors import HttpError, ObjectNotFound, ServiceUnreachable
from dcn_console.model.inventory import Image, ImageTask
from dcn_console.model.tasks import Progress, TargetState
from dcn_console.model.text import printable
from dcn_console.operations.arriving import Arriving
from dcn_console.operations.base import TargetContext
from dcn_console.operations.cinder_waiting import is_final, until_answered, waited
from dcn_console.operations.images.discarding import discard
from dcn_console.operations.import_image.own_image import OwnImage
from dcn_console.operations.import_image.parameters import Parameters
from dcn_console.operations.import_image.silence import DownloadSilence
from dcn_console.operations.patience import DONE, REFUSED
from dcn_console.operations.results import StepResult

MOST_FETCHES = 3
APPEAR_SECONDS = 120.0
"""How long a request that was not answered may take to show: it may be carried out late."""
SETTLE_LOOKS = 5
"""How often to look again after Glance's task is over and the image is not active yet."""
_CONFLICT = 409
_ENDED = frozenset({"killed", "deactivated"})


class Fetching:
    """One address's way into Glance; a task taken up again goes on with the image it finds."""

    def __init__(self, context: TargetContext, own: OwnImage, parameters: Parameters) -> None:
        self._context = context
        self._own = own
        self._parameters = parameters
        self._asked_at: datetime | None = None
        self._looks_after_end = 0
        self._silence = DownloadSilence()
        self._fetches = 1
        self._meter: Arriving | None = None
        self._last: Progress | None = None

    async def fetch(self) -> StepResult:
        """Return DONE with the image's id, REFUSED or CANCELLED."""
        self._silence = DownloadSilence(runner_died=self._context.taken_again())
        return await until_answered(
            self._context,
            self._look,
            cancelled="cancelled; Glance's part of it is given up with its image",
            last=lambda: self._last,
        )

    async def _look(self) -> StepResult | None:
        try:
            image = await self._own.found_or_made()
            return await self._go_on(image)
        except ObjectNotFound:
            self._asked_at = None
            return None
        except ServiceUnreachable:
            self._silence.away()
            raise

    async def _go_on(self, image: Image) -> StepResult | None:
        if image.status == "active":
            if self._meter is not None:
                self._meter.finish(image.size)
            return StepResult(
                outcome=DONE, text=f"Glance has image {image.id}", data={"image": image.id}
            )
        if image.status in _ENDED:
            return StepResult(outcome=REFUSED, text=f"Glance left the image {image.status}")
        task = await self._task(image)
        if task is not None and task.is_over:
            return self._gave_up(task)
        if task is None and image.status == "queued":
            return await self._ask(image)
        await self._show(image, task)
        arrived = self._last.done if self._last is not None else None
        sign = (image.status, task, arrived)
        if self._silence.lasts(sign, self._context.now()):
            return await self._begin_anew(image)
        return None

    async def _begin_anew(self, image: Image) -> StepResult | None:
        """Give the image up; REFUSED when that cannot be, or was done often enough."""
        if self._fetches >= MOST_FETCHES:
            text = f"gave up: Glance fell silent {MOST_FETCHES} times while it fetched the address"
            return StepResult(outcome=REFUSED, text=text)
        self._fetches += 1
        self._context.log(f"nothing stirs at image {image.id} any more; beginning anew")
        self._asked_at = self._meter = self._last = None
        self._silence = DownloadSilence()
        left = await discard(self._context, image)
        return StepResult(outcome=REFUSED, text=left) if left else None

    async def _task(self, image: Image) -> ImageTask | None:
        tasks = await self._context.services.glance.tasks(image.id)
        return next((task for task in tasks if task.method in (WEB_DOWNLOAD, None)), None)

    def _gave_up(self, task: ImageTask) -> StepResult | None:
        self._looks_after_end += 1
        if self._looks_after_end <= SETTLE_LOOKS:
            return None
        said = f" ({printable(task.message, 300)})" if task.message else ""
        text = (
            f"Glance could not import {printable(self._parameters.url, 200)}{said}. See that its "
            "hosts reach the address and that the store has room; Glance's log says more."
        )
        return StepResult(outcome=REFUSED, text=text)

    async def _ask(self, image: Image) -> StepResult | None:
        now = self._context.now()
        if self._asked_at is not None:
            if (now - self._asked_at).total_seconds() < APPEAR_SECONDS:
                text = "looking whether Glance has begun"
                self._context.show(TargetState.ASKING, text)
                return None
            self._asked_at = None
        parameters = self._parameters
        self._context.show(TargetState.ASKING, "asking Glance to fetch the address")
        self._asked_at = now
        try:
            await self._context.services.glance.images.import_url(
                image.id, parameters.url, (parameters.store,)
            )
        except HttpError as error:
            if is_final(error) and error.status != _CONFLICT:
                return StepResult(outcome=REFUSED, text=str(error))
            self._context.log(error.message)
        except ServiceUnreachable as error:
            self._context.log(f"{error.message} The request may still be carried out.")
        return None

    async def _show(self, image: Image, task: ImageTask | None) -> None:
        """Show the bytes in the hub's RBD image; while Glance downloads there is nothing to see."""
        if self._meter is None:
            hub = self._context.services.topology.site(self._parameters.hub)
            pool = hub.cluster.images_pool if hub.cluster is not None else ""
            self._meter = Arriving(self._context, hub.name, pool, image.id, image.size)
        self._meter.total = image.size or self._meter.total
        self._last = await self._meter.measure()
        if self._last is None or self._last.done is None:
            began = task.created_at if task is not None else None
            long = waited(began, self._context.now()) if began is not None else ""
            text = f"Glance fetches the address{long}; not visible from outside"
            if self._silence.doubt:
                text = f"{text}. {self._silence.doubt}: without a sign of life it is begun anew"
            self._context.show(TargetState.STAGING, text, self._last)
        else:
            self._context.show(TargetState.COPYING, "", self._last)
