"""The last step: remove everything that the task has made, in the order in which that works.

Servers, then the volumes that nothing hangs on, backups, snapshots, the other volumes, images. Each
is first waited for while a service is at something with it. What is not gone in the end is named.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial

from msgspec.structs import replace

from dcn_console.model.errors import DcnError, HttpError, ObjectNotFound, ServiceError
from dcn_console.model.inventory import Image, Volume
from dcn_console.model.storage import Backup
from dcn_console.model.tasks import TargetState
from dcn_console.model.text import printable
from dcn_console.operations.backups.removal import remove_backup
from dcn_console.operations.backups.where import site_of
from dcn_console.operations.base import TargetContext
from dcn_console.operations.cinder_waiting import GONE, until_answered
from dcn_console.operations.copy_image.observe import observe
from dcn_console.operations.delete_servers.run import delete_server
from dcn_console.operations.images.broken_copy import is_broken_off
from dcn_console.operations.images.children import look_at_copies, look_at_copy
from dcn_console.operations.images.discarding import discard
from dcn_console.operations.mirror_steps.resolute import Resolute
from dcn_console.operations.patience import CANCELLED, DONE, REFUSED
from dcn_console.operations.results import StepResult
from dcn_console.operations.upload_volume.steps import first_name
from dcn_console.operations.validate_site.leftovers import Leftovers, leftovers
from dcn_console.operations.validate_site.names import (
    BEGUN,
    CLEAN,
    COPY,
    FAILED,
    IMAGE_DATA,
    IMPORT,
    MADE_COPY,
    PASSED,
    SERVER,
    SKIPPED,
)
from dcn_console.operations.validate_site.own_file import remove_file
from dcn_console.operations.validate_site.remains import remains_of
from dcn_console.operations.validate_site.settling import until_let_go
from dcn_console.operations.validate_site.stage import Run
from dcn_console.operations.volumes.removal import remove_snapshot, remove_volume
from dcn_console.operations.within import Within

ROUNDS = 3
"""So often everything is gone through, while it helps: what was in the way may be gone then."""
OBJECT_SECONDS = 300.0
"""How long one object may take, at most; a validation with less time a step takes that."""
PAUSE_SECONDS = 5.0
"""Between two looks at services of which one does not answer."""
_BUSY = ("saving", "uploading", "importing")


class Cleaning:
    """The removal of what one task and those it repeats have made."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._services = run.context.services
        task = run.context.task
        self._tasks = (task.id, *run.parameters.earlier)
        self._names = (first_name(task.id, f"{run.name}-image"),)
        self._left: dict[str, str] = {}
        seconds = min(OBJECT_SECONDS, run.parameters.step_seconds)
        self._patience = timedelta(seconds=seconds)
        server = run.results.get(SERVER)
        made_here = server is not None and bool(server.data.get(BEGUN))
        self._with_servers = made_here or bool(run.parameters.earlier)

    async def look(self) -> StepResult:
        """Say what there is to remove: DONE, before anything goes."""
        found = await self._look()
        text = "; ".join((found.words or "nothing", *found.unknown))
        return StepResult(outcome=DONE, text=text, data={"words": found.words})

    async def clean(self, words: str) -> StepResult:
        """Remove everything; the outcome is PASSED when nothing is left, else FAILED.

        ``words`` are what there was when the cleaning began.
        """
        found = await self._look()
        seen = [found]
        for _ in range(ROUNDS):
            self._left.clear()
            before = found
            await self._remove(found)
            found = await self._look()
            seen.append(found)
            if found.is_empty or found.names == before.names:
                break
        return await self._end(words, found, seen)

    async def kept(self) -> StepResult:
        """Remove nothing but the file that was sent, and say what there is."""
        found = await self._look()
        text = f"kept, as asked for: {found.names or 'nothing'}"
        for one in (*found.unknown, self._file()):
            text += f"; {one}" if one else ""
        return StepResult(outcome=SKIPPED, text=text)

    async def _look(self) -> Leftovers:
        """Look for everything; a service that does not answer is waited for, as an object is."""
        context = Resolute(self._run.context, "what the validation made is looked for first")
        deadline = context.now() + self._patience
        while True:
            found = await leftovers(
                self._services, self._tasks, self._names, with_servers=self._with_servers
            )
            if not found.may_be_told or context.now() >= deadline:
                return found
            context.show(TargetState.WAITING, f"{CLEAN}: {found.unknown[0]}")
            await context.wait(PAUSE_SECONDS)

    def _file(self) -> str:
        return remove_file(self._run.parameters, self._run.context.task.id)

    async def _end(self, words: str, found: Leftovers, seen: Sequence[Leftovers]) -> StepResult:
        left = list(found.unknown)
        if found.words:
            reasons = "; ".join(self._left.values())
            left.append(f"left behind: {found.names}{f' ({reasons})' if reasons else ''}")
        if not left:
            copy = await self._foreign_copy()
            left += [copy] if copy else []
        file = self._file()
        left += [file] if file else []
        if left:
            gone = f"not everything is gone: {'; '.join(left)}"
            return StepResult(outcome=FAILED, text=gone)
        remains, looked = await remains_of(self._run, seen)
        if remains:
            text = f"the services list nothing any more, but {'; '.join(remains)}"
            return StepResult(outcome=FAILED, text=text)
        where = f"; nothing is left in {looked} either" if looked else ""
        what = f"removed {words}" if words else "there was nothing to remove"
        return StepResult(outcome=PASSED, text=f"{what}; no service lists anything{where}")

    async def _remove(self, found: Leftovers) -> None:
        site = self._run.parameters.site
        for server in found.servers:
            label = printable(server.label, 60)
            remove = partial(delete_server, server_id=server.id, label=label)
            await self._gone(f"server “{label}”", site, remove)
        holding = {one.volume_id for one in found.snapshots}
        holding |= {one.volume_id for one in found.backups}
        for volume in (one for one in found.volumes if one.id not in holding):
            await self._volume(volume)
        for backup in found.backups:
            await self._backup(backup)
        for snapshot in found.snapshots:
            what = f"snapshot “{printable(snapshot.label, 60)}”"
            take = partial(remove_snapshot, snapshot_id=snapshot.id, what=what)
            await self._gone(what, site, take)
        for volume in (one for one in found.volumes if one.id in holding):
            await self._volume(volume)
        for image in found.images:
            await self._image(image)

    async def _gone(
        self, what: str, site: str, remove: Callable[[TargetContext], Awaitable[StepResult]]
    ) -> None:
        """Remove one object in its own time, and remember why when that did not work."""
        deadline = self._run.context.now() + self._patience
        context = _Timely(Within(self._run.context, CLEAN, site, deadline))
        context.show(TargetState.RUNNING, f"removing {what}")
        try:
            result = await remove(context)
        except DcnError as error:
            result = StepResult(outcome=REFUSED, text=str(error))
        if result.outcome != DONE:
            self._left[what] = result.text.rstrip(".")

    async def _volume(self, volume: Volume) -> None:
        site = site_of(self._services, volume)
        name = site.name if site is not None else self._run.parameters.site
        what = f"volume “{printable(volume.label, 60)}”"

        async def remove(context: TargetContext) -> StepResult:
            hangs = f"openstack volume set --state error {volume.id}"
            ask = partial(self._services.cinder.volume, volume.id)
            settled = await until_let_go(context, what, ask, hangs)
            if settled is not None:
                return settled
            return await remove_volume(context, volume.id, what)

        await self._gone(what, name, remove)

    async def _backup(self, backup: Backup) -> None:
        what = f"backup “{printable(backup.label, 60)}”"

        async def remove(context: TargetContext) -> StepResult:
            hangs = f"openstack volume backup set --state error {backup.id}"
            ask = partial(self._services.cinder.backups.backup, backup.id)
            settled = await until_let_go(context, what, ask, hangs)
            return settled if settled is not None else await remove_backup(context, backup)

        await self._gone(what, self._run.parameters.hub, remove)

    async def _image(self, image: Image) -> None:
        what = f"image “{printable(image.label, 60)}”"

        async def remove(context: TargetContext) -> StepResult:
            words = busy = f"Glance is at something with {what}"

            async def look() -> StepResult | None:
                nonlocal words
                seen = await observe(self._services, image.id, context.now())
                held = seen.lock is not None and not seen.lock_is_dead()
                if seen.image.status in _BUSY or (
                    held and not await is_broken_off(self._services, seen)
                ):
                    words = f"{busy}: {seen.stalled}" if seen.stalled else busy
                    context.show(TargetState.WAITING, words)
                    return None
                left = await self._discarded(context, seen.image)
                return StepResult(outcome=REFUSED if left else DONE, text=left)

            result = await until_answered(context, look, cancelled="")
            if result.outcome == CANCELLED:
                return replace(result, text=words)
            return StepResult(outcome=DONE) if result.outcome == GONE else result

        await self._gone(what, self._run.parameters.hub, remove)

    async def _discarded(self, context: TargetContext, image: Image) -> str:
        """Delete an image of ours; where nobody can see its clones, copy by copy.

        Glance refuses to delete a copy with clones, and the image's others are left alone then.
        """
        copies = await look_at_copies(self._services, image)
        if all(copy.children is not None for copy in copies) or len(copies) < 2:
            return await discard(context, image)
        hub = self._services.topology.hub
        for copy in copies:
            if hub is not None and copy.store == hub.store:
                continue
            try:
                await self._services.glance.images.delete_copy(copy.store, image.id)
            except ObjectNotFound:
                continue
            except HttpError as error:
                return str(error)
        return await discard(context, await self._services.glance.image(image.id))

    async def _foreign_copy(self) -> str:
        """Remove the copy that was made of an image that is not ours; return why it is left."""
        result = self._run.results.get(COPY)
        if result is None or not result.data.get(MADE_COPY):
            return ""
        image_id = self._run.made(IMPORT, IMAGE_DATA)
        site = self._services.topology.site(self._run.parameters.site)
        left = f"the copy of image {image_id} at {site.name} is left"
        try:
            image = await self._services.glance.image(image_id)
            if site.store is None or site.store not in image.stores:
                return ""
            copy = await look_at_copy(self._services, image, site.store)
            if copy.children:
                return f"{left}: others made volumes of it"
            await self._services.glance.images.delete_copy(site.store, image_id)
        except ObjectNotFound:
            return ""
        except ServiceError as error:
            return f"{left}: {error.message}"
        return ""


class _Timely(Resolute):
    """A context that nobody cancels, but whose time ends."""

    def __init__(self, context: Within) -> None:
        super().__init__(context, "what the validation made is removed first")
        self._within = context

    def cancelled(self) -> bool:
        """Whether its time is over."""
        if self._within.is_overdue:
            return True
        return super().cancelled()
