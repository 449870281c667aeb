"""The steps that bring a volume's data to Glance: ask, watch, name, compare, clean up."""

from collections.abc import Sequence
from datetime import timedelta

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ObjectNotFound, ServiceError
from dcn_console.model.inventory import Image
from dcn_console.model.requests import ContentCheck
from dcn_console.model.tasks import Progress, TargetState
from dcn_console.model.text import format_bytes, printable
from dcn_console.operations.backups.content import DIFFERENT, SAME, compare_places
from dcn_console.operations.backups.where import image_of, place_at
from dcn_console.operations.base import TargetContext
from dcn_console.operations.cinder_waiting import GONE, until_answered, waiting_text
from dcn_console.operations.copy_image.verify import SNAP
from dcn_console.operations.making import CLEARED, THERE, WRONG, ask_for
from dcn_console.operations.marks import mark
from dcn_console.operations.patience import CANCELLED, DONE, REFUSED, look_until_done
from dcn_console.operations.results import StepResult
from dcn_console.operations.upload_volume.landing import Landing
from dcn_console.operations.upload_volume.names import IMAGE_PART, SCRATCH_NAMES
from dcn_console.operations.upload_volume.plan import Parameters
from dcn_console.operations.volumes.reasons import why
from dcn_console.operations.volumes.scene import NAME_LIMIT

MOST_OBJECTS = 32
"""So many objects of a new image are read to compare them: 128 MiB on both sides."""
LOOKS = 10
"""So often an image may be without data although Cinder is not at it any more."""
LONG_QUEUED = timedelta(minutes=5)
"""After so long without a byte, what may have happened is said, and what ends it."""
SENT_AFTER = timedelta(seconds=2)
"""Glance sets both times of a new image itself, the second perhaps in the next second."""
UPLOADING = "uploading"
SAVING, QUEUED = "saving", "queued"
"""Of an image whose data arrives, and before that; also after it broke off (Glance)."""


def first_name(task_id: str, name: str) -> str:
    """Return the name of a task's image while Cinder uploads it; ``name`` is what it gets then."""
    return f"{SCRATCH_NAMES}{task_id}: {name}"[:NAME_LIMIT]


def _was_changed(image: Image) -> bool:
    """Whether Glance has changed the image since it was made: only when its data comes.

    Its status goes from queued to saving, and back when the data breaks off
    (glance/api/v2/image_data.py, ``upload`` and ``_restore``); Cinder changes nothing before
    (cinder/volume/manager.py, ``copy_volume_to_image``). So a runner that saw neither knows.
    """
    made, changed = image.created_at, image.updated_at
    return made is not None and changed is not None and changed - made >= SENT_AFTER


class Steps:
    """The steps of one upload of ``volume_id``, each safe to take again.

    Cinder lets nobody mark the image it makes, so until it is there it bears a name that holds
    the task's id.
    """

    def __init__(self, context: TargetContext, parameters: Parameters, volume_id: str) -> None:
        self._context = context
        self._parameters = parameters
        self._volume_id = volume_id
        self._what = f"image “{printable(parameters.name, 60)}”"
        self._first_name = first_name(context.task.id, parameters.name)

    @property
    def _services(self) -> Services:
        return self._context.services

    async def ask(self) -> StepResult:
        """Ask Cinder, or take up what an earlier runner asked for; ASKED, REFUSED or CANCELLED."""
        return await ask_for(
            self._context, "Cinder", "image", self._what, find=self._find, make=self._make
        )

    async def _find(self) -> str | None:
        images = self._services.glance.images
        found = await images.named(self._first_name)
        if not found:
            found = await images.made_with(mark(self._context, IMAGE_PART))
        return found[0].id if found else None

    async def _make(self) -> str:
        return await self._services.cinder.volumes.upload(
            self._volume_id, self._first_name, self._parameters.disk_format
        )

    async def watch(self, image_id: str) -> StepResult:
        """Watch until the image is active; THERE, WRONG, REFUSED or CANCELLED."""
        parameters = self._parameters
        landing = Landing(self._context, image_id, parameters.home, parameters.total)
        began = self._context.now()
        idle = fallen = 0
        is_sent = False
        progress: Progress | None = None

        async def look() -> StepResult | None:
            nonlocal idle, fallen, is_sent, progress
            image = await self._services.glance.image(image_id)
            status = image.status or "unknown"
            if status == "active":
                return StepResult(outcome=THERE, text=f"{self._what} is active")
            if status in ("killed", "deleted", "pending_delete"):
                return StepResult(outcome=WRONG, text=f"{self._what} is {status}")
            is_sent = is_sent or status == SAVING or _was_changed(image)
            fallen = fallen + 1 if is_sent and status == QUEUED else 0
            if fallen > LOOKS:
                return StepResult(outcome=WRONG, text=self._broken_off())
            idle = idle + 1 if await self._is_idle() else 0
            if idle > LOOKS:
                text = f"Cinder is not at it any more, and {self._what} is still {status}"
                return StepResult(outcome=WRONG, text=f"{text}: {await self._why()}")
            progress = await landing.measure()
            text = waiting_text(
                f"Cinder uploads {self._what}",
                status,
                began,
                self._context.now(),
                progress,
                "Glance",
            )
            if status == QUEUED and self._context.now() - began > LONG_QUEUED:
                text = f"{text}. {self._unseen()}"
            self._context.show(TargetState.COPYING, text, progress)
            return None

        result = await until_answered(
            self._context,
            look,
            last=lambda: progress,
            cancelled=(
                "stopped watching; Cinder cannot be stopped from outside and may go on uploading "
                f"image {image_id}, which bears the name “{printable(self._first_name, 120)}”"
            ),
        )
        if result.outcome == GONE:
            text = f"Cinder gave {self._what} up: {await self._why()}"
            return StepResult(outcome=REFUSED, text=text)
        if result.outcome == THERE:
            landing.finish()
        return result

    async def _is_idle(self) -> bool:
        try:
            volume = await self._services.cinder.volume(self._volume_id)
        except ObjectNotFound:
            return True
        return volume.status != UPLOADING

    def _broken_off(self) -> str:
        volume_id = self._volume_id
        return (
            f"the upload of {self._what} broke off: Glance has dropped its data. A cinder-volume "
            f"that died leaves the volume “{UPLOADING}” for ever; once none is at work on it: "
            f"openstack volume set --state available {volume_id}"
        )

    def _unseen(self) -> str:
        return (
            "Cinder exports the whole volume to its own disk before the first byte is sent, which "
            "nobody can see; if cinder-volume died meanwhile, nothing comes any more. If its log "
            f"says so, this ends it: openstack volume set --state available {self._volume_id}"
        )

    async def _why(self) -> str:
        site = self._services.topology.site(self._parameters.home)
        return await why(self._services, self._volume_id, site)

    async def name(self, image_id: str) -> StepResult:
        """Give the image its name and our mark; DONE or REFUSED."""

        async def look() -> StepResult | None:
            properties = {"name": self._parameters.name, **mark(self._context, IMAGE_PART)}
            await self._services.glance.images.set_properties(image_id, properties)
            image = await self._services.glance.image(image_id)
            text = f"{self._what} is active, {format_bytes(image.size)}, {image.disk_format}"
            data = {"size": image.size, "stores": list(image.stores)}
            return StepResult(outcome=DONE, text=text, data=data)

        result = await until_answered(
            self._context, look, cancelled="uploaded, but not named", at_least_once=True
        )
        if result.outcome == GONE:
            text = f"{self._what} was deleted by somebody else meanwhile"
            return StepResult(outcome=REFUSED, text=text)
        return result

    async def compare(self, image_id: str, stores: Sequence[str]) -> StepResult:
        """Compare some of a raw image's data with the volume; DONE, REFUSED or CANCELLED.

        ``stores`` are those that have it: the site of the first is where it landed.
        """
        compared = await look_until_done(
            self._context,
            lambda: self._compare(image_id, stores),
            cancelled="uploaded, but not compared",
            at_least_once=True,
        )
        if compared.outcome == SAME:
            return StepResult(outcome=DONE, text=compared.text, data=compared.data)
        if compared.outcome == DIFFERENT:
            return StepResult(outcome=REFUSED, text=compared.text, data=compared.data)
        if compared.outcome == CANCELLED:
            return compared
        text = f"its data was not compared: {compared.text}"
        return StepResult(outcome=DONE, text=text)

    async def _compare(self, image_id: str, stores: Sequence[str]) -> StepResult:
        services, context = self._services, self._context
        home = services.topology.site(self._parameters.home)
        landed = (services.topology.with_store(store) for store in stores)
        found = next((one for one in landed if one is not None), None)
        site = found or services.topology.site(context.site)
        here, there = services.clusters.get(home.name), services.clusters.get(site.name)
        if here is None or there is None or home.cluster is None or site.cluster is None:
            text = f"there is no Ceph access to {home.name if here is None else site.name}"
            return StepResult(outcome=REFUSED, text=text)
        pool = home.cluster.volumes_pool
        volume = await here.content.detail(pool, image_of(self._volume_id))
        images = site.cluster.images_pool
        image = await there.content.detail(images, image_id)
        return await compare_places(
            context,
            place_at(home.name, here, pool, volume, ""),
            place_at(site.name, there, images, image, SNAP),
            ContentCheck.SAMPLED,
            100.0,
            most=MOST_OBJECTS,
        )

    async def clear(self, image_id: str) -> StepResult:
        """Delete our own image that came to nothing; CLEARED, or WRONG with what is left."""
        left = f"{self._what} ({image_id}) is left"
        try:
            image = await self._services.glance.image(image_id)
            if not self._is_ours(image):
                return StepResult(outcome=WRONG, text=f"{left}: it does not bear our name")
            await self._services.glance.images.delete(image_id)
        except ObjectNotFound:
            return StepResult(outcome=CLEARED, text=f"{self._what} is gone")
        except ServiceError as error:
            return StepResult(outcome=WRONG, text=f"{left}: {error.message}")
        return StepResult(outcome=CLEARED, text=f"{self._what} is removed")

    def _is_ours(self, image: Image) -> bool:
        return image.name == self._first_name and image.status != "active"
