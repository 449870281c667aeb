"""The last step of a restore: see the volume where it was asked for, with the right content."""

from dcn_console.inventory.services import Services
from dcn_console.model.errors import (
    ClusterError,
    ObjectNotFound,
    ServiceError,
)
from dcn_console.model.inventory import Volume
from dcn_console.model.storage import Backup
from dcn_console.model.tasks import TargetState
from dcn_console.model.text import format_bytes, printable
from dcn_console.operations.backups.content import SAME, compare_places
from dcn_console.operations.backups.where import Place, image_of, kept, place_at, source_of
from dcn_console.operations.base import TargetContext
from dcn_console.operations.cinder_waiting import GONE, until_answered
from dcn_console.operations.making import VERIFIED, WRONG
from dcn_console.operations.patience import CANCELLED, REFUSED, look_until_done
from dcn_console.operations.restore_backup.plan import Parameters
from dcn_console.operations.results import StepResult


async def verify(context: TargetContext, parameters: Parameters, volume_id: str) -> StepResult:
    """See the restored volume with our own eyes; VERIFIED, WRONG or CANCELLED."""

    async def look() -> StepResult | None:
        context.show(TargetState.VERIFYING, f"looking at volume “{parameters.name}”")
        return await _Verification(context, parameters).look(volume_id)

    result = await until_answered(
        context, look, cancelled="restored, but not verified", at_least_once=True
    )
    if result.outcome in (GONE, REFUSED):
        return StepResult(outcome=WRONG, text=result.text)
    return result


class _Verification:
    def __init__(self, context: TargetContext, parameters: Parameters) -> None:
        self._context = context
        self._parameters = parameters
        self._seen: list[str] = []

    @property
    def _services(self) -> Services:
        return self._context.services

    async def look(self, volume_id: str) -> StepResult:
        parameters = self._parameters
        volume = await self._services.cinder.volume(volume_id)
        label = f"volume “{printable(volume.label, 60)}”"
        if volume.availability_zone != parameters.zone:
            text = f"{label} is in zone {volume.availability_zone}, not in {parameters.zone}"
            return StepResult(outcome=WRONG, text=f"{text}: Cinder's fallback placed it there")
        if parameters.size is not None and (volume.size or 0) < parameters.size:
            have, need = format_bytes(volume.size), format_bytes(parameters.size)
            return StepResult(outcome=WRONG, text=f"{label} has {have} instead of {need}")
        host = f" on {printable(volume.host, 80)}" if volume.host else ""
        self._seen = [f"{label} is in zone {parameters.zone}{host}, {format_bytes(volume.size)}"]
        backup = await self._services.cinder.backups.backup(parameters.backup_id)
        source = await self._source(backup)
        if source is not None and source.id != volume.id:
            await self._carry_over(source, volume)
        compared = await self._compare(backup, source, volume)
        if compared is None:
            return StepResult(outcome=VERIFIED, text="; ".join(self._seen))
        if compared.outcome == CANCELLED:
            return compared
        if compared.outcome != SAME:
            return StepResult(outcome=WRONG, text=compared.text, data=compared.data)
        self._seen.append(compared.text)
        return StepResult(outcome=VERIFIED, text="; ".join(self._seen), data=compared.data)

    async def _source(self, backup: Backup) -> Volume | None:
        if backup.volume_id is None:
            return None
        try:
            return await self._services.cinder.volume(backup.volume_id)
        except ObjectNotFound:
            return None

    async def _carry_over(self, source: Volume, volume: Volume) -> None:
        """See that boot flag and image metadata came along, and set what did not."""
        volumes = self._services.cinder.volumes
        try:
            wanted = await volumes.image_metadata(source.id)
            found = await volumes.image_metadata(volume.id)
            missing = {key: value for key, value in wanted.items() if key not in found}
            if missing:
                await volumes.set_image_metadata(volume.id, missing)
                self._seen.append(f"image metadata set again ({', '.join(sorted(missing))})")
            if source.bootable and not volume.bootable:
                await volumes.set_bootable(volume.id, True)
                self._seen.append("boot flag set again")
        except ServiceError as error:
            self._seen.append(f"boot flag and image metadata not carried over: {error.message}")

    async def _compare(
        self, backup: Backup, source: Volume | None, volume: Volume
    ) -> StepResult | None:
        """Compare the data; None when that cannot be done, which is then said."""
        site = self._services.topology.site(self._context.site)
        cluster = self._services.clusters.get(site.name)
        if cluster is None or site.cluster is None:
            self._seen.append(f"no Ceph access to {site.name} to see more")
            return None
        pool = site.cluster.volumes_pool

        async def look() -> StepResult:
            detail = await cluster.content.detail(pool, image_of(volume.id))
            target = place_at(site.name, cluster, pool, detail, "")
            reference = await self._reference(backup, source)
            if reference is None:
                text = "there is no Ceph access to anything to compare it with"
                return StepResult(outcome=REFUSED, text=text)
            parameters = self._parameters
            return await compare_places(
                self._context, reference, target, parameters.check, parameters.percent
            )

        compared = await look_until_done(
            self._context, look, cancelled="restored, but not compared", at_least_once=True
        )
        if compared.outcome == REFUSED:
            self._seen.append(f"its data could not be compared: {compared.text}")
            return None
        return compared

    async def _reference(self, backup: Backup, source: Volume | None) -> Place | None:
        """Return what to compare with: the volume when it was backed up, else the backup.

        Raises ClusterError, ClusterUnreachable only when the backup's side does not answer either.
        """
        try:
            if source is not None:
                place = await source_of(self._services, backup, source)
                if place is not None:
                    return place
        except ClusterError as error:
            self._context.log(f"the volume's side cannot be read: {error.message}")
        backups = await self._services.cinder.backups.of_volume(backup.volume_id or "")
        return await kept(self._services, backup, backups)
