"""The steps of a backup: ask for it, watch it, verify it, let older ones go, clean up."""

from dcn_console.inventory.services import Services
from dcn_console.model.backup_chains import GOOD, nodes, to_drop
from dcn_console.model.errors import (
    ClusterError,
    ObjectNotFound,
    RbdImageNotFound,
    ServiceError,
)
from dcn_console.model.inventory import Volume
from dcn_console.model.requests import ContentCheck
from dcn_console.model.storage import Backup, NewBackup
from dcn_console.model.tasks import Progress, TargetState
from dcn_console.model.text import count, format_bytes, printable
from dcn_console.operations.arriving import Arriving
from dcn_console.operations.back_up.names import PART
from dcn_console.operations.back_up.plan import Parameters
from dcn_console.operations.backups.content import DIFFERENT, SAME, compare_places
from dcn_console.operations.backups.reasons import explained
from dcn_console.operations.backups.removal import remove_backup
from dcn_console.operations.backups.where import (
    image_of,
    kept,
    source_of,
)
from dcn_console.operations.base import TargetContext
from dcn_console.operations.cinder_waiting import GONE, until_answered, until_settled
from dcn_console.operations.making import CLEARED, THERE, VERIFIED, WRONG, ask_for
from dcn_console.operations.marks import carries, mark
from dcn_console.operations.patience import CANCELLED, DONE, REFUSED, look_until_done
from dcn_console.operations.results import StepResult
from dcn_console.operations.silence import Silence

MOST_OBJECTS = 64
"""So many objects of a new backup are read to compare them: 256 MiB on both sides."""


class Steps:
    """The steps of one backup, each safe to take again."""

    def __init__(self, context: TargetContext, parameters: Parameters) -> None:
        self._context = context
        self._parameters = parameters
        self._what = f"backup “{printable(parameters.name, 60)}”"
        self._complaint = ""

    @property
    def _services(self) -> Services:
        return self._context.services

    async def ask(self) -> StepResult:
        """Ask Cinder, or take up what an earlier runner asked for; ASKED, REFUSED or CANCELLED."""
        return await ask_for(
            self._context, "Cinder", "backup", self._what, find=self._find, make=self._make
        )

    async def _find(self) -> str | None:
        wanted = mark(self._context, PART)
        found = await self._services.cinder.backups.made_with(self._parameters.volume_id, wanted)
        return found[0].id if found else None

    async def _make(self) -> str:
        parameters = self._parameters
        volume = await self._services.cinder.volume(parameters.volume_id)
        made = await self._services.cinder.backups.create(
            NewBackup(
                volume_id=parameters.volume_id,
                name=parameters.name,
                description=f"by dcn-console, task {self._context.task.number}",
                availability_zone=parameters.zone,
                incremental=parameters.incremental,
                force=volume.status == "in-use",
                snapshot_id=parameters.snapshot_id,
                metadata=mark(self._context, PART),
            )
        )
        return made.id

    async def watch(self, backup_id: str) -> StepResult:
        """Watch until the backup is there; THERE, WRONG, REFUSED or CANCELLED."""
        meter: Arriving | None = None
        pool = ""

        async def measure(backup: Backup) -> Progress | None:
            nonlocal meter, pool
            found = backup.container or self._parameters.pool
            if meter is None or found != pool:
                meter, pool = self._meter(backup, found), found
            return await meter.measure()

        result = await until_settled(
            self._context,
            lambda: self._services.cinder.backups.backup(backup_id),
            what=self._what,
            doing="Cinder backs it up",
            good={GOOD},
            measure=measure,
            state=TargetState.COPYING,
            silence=Silence(self._context, self._sites()),
            cancelled=(
                f"stopped watching; Cinder cannot be stopped from outside and may go on with "
                f"{self._what} ({backup_id})"
            ),
        )
        if result.outcome == DONE:
            if meter is not None:
                meter.finish(meter.total)
            return StepResult(outcome=THERE, text=f"{self._what} is available")
        if result.outcome == REFUSED and "status" in result.data:
            return StepResult(outcome=WRONG, text=await self._why(backup_id))
        if result.outcome == GONE:
            return StepResult(outcome=REFUSED, text=result.text)
        return result

    def _sites(self) -> tuple[str, ...]:
        home = self._parameters.home
        return (self._context.site, home) if home else (self._context.site,)

    def _meter(self, backup: Backup, pool: str) -> Arriving:
        parameters = self._parameters
        if parameters.snapshot_id is not None:
            image = f"{image_of(parameters.volume_id)}.backup.base"
        else:
            image = f"{image_of(parameters.volume_id)}.backup.{parameters.chain or backup.id}"
        since = parameters.since if parameters.incremental else ""
        name = "" if not pool or (parameters.incremental and not since) else image
        return Arriving(
            self._context, self._context.site, pool, name, parameters.total, since=since
        )

    async def _why(self, backup_id: str) -> str:
        backup = await self._services.cinder.backups.backup(backup_id)
        said = [explained(backup.fail_reason, self._what)]
        try:
            volume = await self._services.cinder.volume(self._parameters.volume_id)
        except ServiceError as error:
            said.append(error.message)
        else:
            if (volume.status or "").startswith("error") or volume.status == "backing-up":
                said.append(
                    f"The volume is left {volume.status}: once you have seen that it is well, "
                    f"openstack volume set --state available {volume.id}"
                )
        return " ".join(said)

    async def verify(self, backup_id: str) -> StepResult:
        """See the backup with our own eyes; VERIFIED, WRONG or CANCELLED."""

        async def look() -> StepResult | None:
            self._context.show(TargetState.VERIFYING, f"looking at {self._what}")
            try:
                return await self._verify(backup_id)
            except ObjectNotFound as error:
                return StepResult(outcome=WRONG, text=str(error))

        return await until_answered(
            self._context, look, cancelled="made, but not verified", at_least_once=True
        )

    async def _verify(self, backup_id: str) -> StepResult:
        services, parameters = self._services, self._parameters
        backup = await services.cinder.backups.backup(backup_id)
        volume = await services.cinder.volume(parameters.volume_id)
        backups = await services.cinder.backups.of_volume(parameters.volume_id)
        kind = await self._kind(backup)
        zone = parameters.zone
        if zone and backup.availability_zone not in (None, zone):
            text = f"{self._what} is in zone {backup.availability_zone}, not {zone}"
            return StepResult(outcome=WRONG, text=text)
        seen = await look_until_done(
            self._context,
            lambda: self._data(backup, volume, backups),
            cancelled="made, but not verified",
            at_least_once=True,
        )
        if seen.outcome in (CANCELLED, DIFFERENT):
            outcome = CANCELLED if seen.outcome == CANCELLED else WRONG
            return StepResult(outcome=outcome, text=seen.text, data=seen.data)
        text = seen.text if seen.outcome == SAME else f"its data was not looked at: {seen.text}"
        return StepResult(
            outcome=VERIFIED, text=f"{kind}; {text}", data={**seen.data, "backup": backup_id}
        )

    async def _data(
        self, backup: Backup, volume: Volume, backups: tuple[Backup, ...]
    ) -> StepResult:
        """Look at the data at the hub; SAME when nothing is wrong, DIFFERENT, REFUSED."""
        try:
            place = await kept(self._services, backup, backups)
        except RbdImageNotFound as error:
            return StepResult(outcome=DIFFERENT, text=str(error))
        if place is None:
            text = f"there is no Ceph access to {self._context.site}"
            return StepResult(outcome=REFUSED, text=text)
        try:
            source = await source_of(self._services, backup, volume)
        except ClusterError as error:
            self._context.log(f"the volume's side cannot be read: {error.message}")
            source = None
        if source is None:
            return StepResult(outcome=SAME, text=f"{place.words} is there, not compared")
        return await compare_places(
            self._context, source, place, ContentCheck.SAMPLED, 100.0, most=MOST_OBJECTS
        )

    async def _kind(self, backup: Backup) -> str:
        """Say which kind it is, and why a full one was made where an increment was asked for."""
        if backup.incremental or not self._parameters.incremental:
            kind = "incremental" if backup.incremental else "full"
            return f"{self._what} is there, {kind}, of {format_bytes(backup.size)}"
        why = ""
        try:
            told = await self._services.cinder.messages(backup.id)
        except ServiceError as error:
            self._context.log(f"Cinder's messages cannot be read: {error.message}")
        else:
            why = " ".join(printable(one.text, 200) for one in told)
        reason = f": {why}" if why else "; it does not say why"
        text = f"Cinder made a FULL backup although an incremental one was asked for{reason}"
        self._context.log(text)
        return text

    async def drop(self, backup_id: str) -> StepResult:
        """Delete the older backups of the plan that may still go; CLEARED or WRONG."""
        parameters = self._parameters
        backups = await self._services.cinder.backups.of_volume(parameters.volume_id)
        new = next((one for one in backups if one.id == backup_id), None)
        if new is None or new.status != GOOD or parameters.keep is None:
            return StepResult(outcome=WRONG, text="the new backup is not there: nothing is deleted")
        ours = [one for one in backups if one.project_id == new.project_id]
        planned = [
            node
            for node in to_drop(ours, parameters.keep)
            if node.backup.id in parameters.drop and node.backup.id != backup_id
        ]
        whole = {node.chain for node in nodes(ours)} - {
            node.chain for node in nodes(ours) if node.backup.id not in parameters.drop
        }
        gone, left = 0, list[str]()
        for node in planned:
            if node.chain not in whole:
                continue
            result = await remove_backup(self._context, node.backup)
            if result.outcome == DONE:
                gone += 1
            elif result.outcome == REFUSED and node.backup.status != GOOD:
                left.append(result.text)
            else:
                text = f"{count(gone, 'older backup')} deleted; {result.text}"
                return StepResult(outcome=WRONG, text=text)
        text = "; ".join([f"{count(gone, 'older backup')} deleted", *left])
        return StepResult(outcome=CLEARED, text=text)

    async def clear(self, backup_id: str) -> StepResult:
        """Delete our own failed backup; CLEARED, or WRONG with what is left."""
        try:
            backup = await self._services.cinder.backups.backup(backup_id)
        except ObjectNotFound:
            return StepResult(outcome=CLEARED, text=f"{self._what} is gone")
        except ServiceError as error:
            return StepResult(outcome=WRONG, text=f"{self._what} is left: {error.message}")
        if not carries(backup.metadata, mark(self._context, PART)) or backup.status != "error":
            return StepResult(
                outcome=WRONG, text=f"{self._what} ({backup_id}) is left, {backup.status}"
            )
        backups = await self._services.cinder.backups.of_volume(self._parameters.volume_id)
        node = next((one for one in nodes(backups) if one.backup.id == backup_id), None)
        if node is not None and node.obstacle:
            text = f"{self._what} ({backup_id}) is left: {node.obstacle}"
            return StepResult(outcome=WRONG, text=text)
        result = await remove_backup(self._context, backup)
        if result.outcome == DONE:
            return StepResult(outcome=CLEARED, text=f"{self._what} is removed")
        return StepResult(outcome=WRONG, text=f"{self._what} ({backup_id}) is left: {result.text}")
