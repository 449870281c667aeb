"""The steps of a restore: ask for it, watch the bytes arrive, clean up after a failure."""

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ObjectNotFound, ServiceError
from dcn_console.model.inventory import Volume
from dcn_console.model.storage import NewVolume
from dcn_console.model.tasks import Progress, TargetState
from dcn_console.model.text import printable
from dcn_console.operations.arriving import Arriving
from dcn_console.operations.backups.reasons import explained
from dcn_console.operations.backups.where import hub_of, image_of
from dcn_console.operations.base import TargetContext
from dcn_console.operations.cinder_waiting import GONE, until_answered, until_gone, until_settled
from dcn_console.operations.making import ASKED, CLEARED, THERE, WRONG, ask_for
from dcn_console.operations.marks import carries, mark
from dcn_console.operations.not_working import not_working
from dcn_console.operations.patience import CANCELLED, DONE, REFUSED
from dcn_console.operations.restore_backup.names import PART, SOURCE_BACKUP
from dcn_console.operations.restore_backup.plan import Parameters
from dcn_console.operations.results import StepResult
from dcn_console.operations.silence import Silence, at_volume, volume_opened

RESTORING = "restoring-backup"
"""A volume's status."""
RESTORING_BACKUP = "restoring"
"""A backup's status."""


class _Restoring(Silence):
    """Watches over a restore: while the backup counts as restoring it may wait for its turn.

    cinder-backup restores a few at a time only (option backup_max_operations).
    """

    def __init__(self, context: TargetContext, backup_id: str, volume_id: str) -> None:
        sites = (context.site, hub_of(context.services).name)
        super().__init__(context, sites, volume_opened(context, volume_id))
        self._backups = context.services.cinder.backups
        self._backup_id = backup_id

    async def may_be_at_work(self) -> bool:
        """Whether cinder-backup has it still before it, or is at it."""
        backup = await self._backups.backup(self._backup_id)
        return backup.status == RESTORING_BACKUP or await super().may_be_at_work()


class Steps:
    """The steps of one restore, each safe to take again. ``part`` goes into the volume's mark."""

    def __init__(self, context: TargetContext, parameters: Parameters, part: str = PART) -> None:
        self._context = context
        self._parameters = parameters
        self._part = part
        self._what = f"volume “{printable(parameters.name, 60)}”"

    @property
    def _services(self) -> Services:
        return self._context.services

    async def ask(self) -> StepResult:
        """Ask Cinder, or take up what an earlier runner asked for; ASKED, REFUSED or CANCELLED."""
        if self._parameters.volume_id is None:
            return await ask_for(
                self._context, "Cinder", "volume", self._what, find=self._find, make=self._make
            )
        if self._context.cancelled():
            return StepResult(outcome=CANCELLED, text="cancelled before Cinder was asked")
        self._context.show(TargetState.ASKING, f"asking Cinder to restore to {self._what}")
        result = await until_answered(
            self._context,
            self._ask_over,
            cancelled="cancelled while Cinder was asked",
            at_least_once=True,
        )
        if result.outcome == GONE:
            return StepResult(outcome=REFUSED, text=result.text)
        return result

    async def _find(self) -> str | None:
        """Find the volume by its mark, or as what became of it.

        When the volume that was backed up had metadata, Cinder replaces the new one's by that at
        the end of a restore (cinder/backup/driver.py), and the mark is gone.
        """
        parameters = self._parameters
        volumes = self._services.cinder.volumes
        marked = await volumes.made_with(mark(self._context, self._part))
        if marked:
            return marked[0].id
        submitted = self._context.task.submitted_at
        restored = await volumes.made_with({SOURCE_BACKUP: parameters.backup_id})
        ours = [
            volume
            for volume in restored
            if volume.name == parameters.name
            and volume.availability_zone == parameters.zone
            and volume.created_at is not None
            and volume.created_at >= submitted.replace(microsecond=0)
        ]
        return ours[0].id if ours else None

    async def _make(self) -> str:
        parameters = self._parameters
        made = await self._services.cinder.volumes.create(
            NewVolume(
                name=parameters.name,
                availability_zone=parameters.zone,
                description=f"by dcn-console, task {self._context.task.number}",
                backup_id=parameters.backup_id,
                metadata=mark(self._context, self._part),
            )
        )
        return made.id

    async def _ask_over(self) -> StepResult | None:
        parameters = self._parameters
        volume_id = parameters.volume_id or ""
        volume = await self._services.cinder.volume(volume_id)
        if volume.status != RESTORING:
            await self._services.cinder.backups.restore(parameters.backup_id, volume_id)
        text = f"Cinder writes the backup over {self._what}"
        return StepResult(outcome=ASKED, text=text, data={"volume": volume_id})

    async def watch(self, volume_id: str) -> StepResult:
        """Watch until the volume is there; THERE, WRONG, REFUSED or CANCELLED."""
        meter = self._meter(volume_id)

        async def measure(volume: Volume) -> Progress | None:
            return await meter.measure()

        result = await until_settled(
            self._context,
            lambda: self._services.cinder.volume(volume_id),
            what=self._what,
            doing="Cinder restores it",
            good={"available"},
            measure=measure,
            state=TargetState.COPYING,
            silence=_Restoring(self._context, self._parameters.backup_id, volume_id),
            cancelled=(
                "stopped watching; Cinder cannot be stopped from outside and may go on restoring "
                f"to {self._what} ({volume_id})"
            ),
        )
        if result.outcome == DONE:
            meter.finish(meter.total)
            return StepResult(outcome=THERE, text=f"{self._what} is available")
        if result.outcome == REFUSED and "status" in result.data:
            if not str(result.data["status"]).startswith("error"):
                text = f"{result.text}{await self._stuck()}. {self._free(volume_id)}"
                return StepResult(outcome=WRONG, text=text)
            return StepResult(outcome=WRONG, text=await self._why(volume_id, result.text))
        if result.outcome == GONE:
            return StepResult(outcome=REFUSED, text=result.text + await self._stuck())
        return result

    def _free(self, volume_id: str) -> str:
        """Say how to go on with a volume whose restore was broken off."""
        if self._parameters.volume_id is None:
            return f"Then: openstack volume set --state error {volume_id}, and delete it"
        return (
            f"It holds neither its old data nor all of the backup. Then: openstack volume set "
            f"--state available {volume_id}, and restore it again"
        )

    async def _stuck(self) -> str:
        """Say that the backup still counts as restoring, which is for ever when its volume is gone.

        When cinder-backup does not find the volume it gives up before it looks at the backup (seen
        on Cinder 21.3).
        """
        parameters = self._parameters
        try:
            backup = await self._services.cinder.backups.backup(parameters.backup_id)
        except ServiceError as error:
            return f". What became of the backup is not known: {error.message}"
        if backup.status != RESTORING_BACKUP:
            return ""
        return (
            f". Backup “{parameters.label}” is left in the status restoring; if it stays so: "
            f"openstack volume backup set --state available {parameters.backup_id}"
        )

    def _meter(self, volume_id: str) -> Arriving:
        parameters = self._parameters
        site = self._services.topology.site(self._context.site)
        countable = parameters.countable and site.cluster is not None
        return Arriving(
            self._context,
            site.name,
            site.cluster.volumes_pool if site.cluster is not None else "",
            image_of(volume_id) if countable else "",
            parameters.total,
        )

    async def _why(self, volume_id: str, text: str) -> str:
        """Say what Cinder says of the failure, and what of an overwritten volume is left."""
        cinder = self._services.cinder
        said = [text]
        try:
            backup = await cinder.backups.backup(self._parameters.backup_id)
            if backup.fail_reason:
                said = [explained(backup.fail_reason, f"the restore to {self._what}")]
            messages = await cinder.messages(volume_id)
            said += [printable(message.text, 200) for message in messages[:1]]
        except ServiceError as error:
            said.append(error.message)
        if len(said) == 1 and said[0] == text:
            said.append(await self._guess())
        if self._parameters.volume_id is not None:
            said.append(
                f"{self._what} holds neither its old data nor all of the backup: restore it again "
                f"after: openstack volume set --state available {volume_id}"
            )
        return ". ".join(one.rstrip(".") for one in said if one)

    async def _guess(self) -> str:
        """Say what does not work: Cinder tells no reason for a failed restore."""
        site = self._context.site
        found = await not_working(self._services, (site, hub_of(self._services).name))
        if found:
            return f"Cinder does not say why. {'. '.join(found)}"
        return (
            f"Cinder does not say why; see the logs of cinder-volume at {site} and of "
            "cinder-backup, which needs that site's ceph.conf and keyring too: either gives up "
            "what it was at when it is restarted"
        )

    async def clear(self, volume_id: str) -> StepResult:
        """Delete the new volume of a failed restore; CLEARED, or WRONG with what is left.

        A volume that was there before is never deleted.
        """
        volumes = self._services.cinder.volumes
        left = f"{self._what} ({volume_id}) is left"
        if self._parameters.volume_id is not None:
            return StepResult(outcome=CLEARED, text=f"{self._what} was there before and stays")
        try:
            if not await self._is_ours(volume_id):
                return StepResult(outcome=WRONG, text=f"{left}: it does not carry our mark")
            await volumes.delete(volume_id)
        except ObjectNotFound:
            return StepResult(outcome=CLEARED, text=f"{self._what} is gone")
        except ServiceError as error:
            return StepResult(outcome=WRONG, text=f"{left}: {error.message}")
        result = await until_gone(
            self._context,
            lambda: self._services.cinder.volume(volume_id),
            what=self._what,
            cancelled=f"stopped watching; Cinder goes on deleting {self._what}",
            silence=at_volume(self._context, volume_id),
        )
        if result.outcome == DONE:
            return StepResult(outcome=CLEARED, text=f"{self._what} is removed")
        return StepResult(outcome=WRONG, text=f"{left}: {result.text}")

    async def _is_ours(self, volume_id: str) -> bool:
        """Whether the volume carries our mark, or is what a finished restore made of it."""
        metadata = await self._services.cinder.volumes.metadata(volume_id)
        if carries(metadata, mark(self._context, self._part)):
            return True
        return await self._find() == volume_id
