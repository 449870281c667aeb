"""The steps of creating a volume: ask for it, watch it, clean up after a failure."""

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ObjectNotFound, ServiceError
from dcn_console.model.inventory import Volume
from dcn_console.model.storage import NewVolume
from dcn_console.model.tasks import Progress, TargetState
from dcn_console.model.text import printable
from dcn_console.operations.arriving import Arriving
from dcn_console.operations.backups.where import image_of
from dcn_console.operations.base import TargetContext
from dcn_console.operations.cinder_waiting import GONE, until_settled
from dcn_console.operations.create_volume.names import PART
from dcn_console.operations.create_volume.parameters import Parameters
from dcn_console.operations.making import CLEARED, THERE, WRONG, ask_for
from dcn_console.operations.marks import carries, mark
from dcn_console.operations.patience import DONE, REFUSED
from dcn_console.operations.results import StepResult
from dcn_console.operations.silence import Silence, at_volume
from dcn_console.operations.volumes.reasons import why
from dcn_console.operations.volumes.removal import remove_volume


class Steps:
    """The steps of one volume, each safe to take again. ``part`` goes into the volume's mark."""

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
        return await ask_for(
            self._context, "Cinder", "volume", self._what, find=self._find, make=self._make
        )

    async def _find(self) -> str | None:
        wanted = mark(self._context, self._part)
        found = await self._services.cinder.volumes.made_with(wanted)
        return found[0].id if found else None

    async def _make(self) -> str:
        parameters = self._parameters
        made = await self._services.cinder.volumes.create(
            NewVolume(
                name=parameters.name,
                size=parameters.size,
                availability_zone=parameters.zone,
                description=f"by dcn-console, task {self._context.task.number}",
                volume_type=parameters.volume_type,
                image_id=parameters.image_id,
                snapshot_id=parameters.snapshot_id,
                metadata=mark(self._context, self._part),
            )
        )
        return made.id

    async def watch(self, volume_id: str) -> StepResult:
        """Watch until the volume is there; THERE, WRONG, REFUSED or CANCELLED."""
        meter = self._meter(volume_id)

        async def measure(volume: Volume) -> Progress | None:
            return await meter.measure() if meter is not None else None

        result = await until_settled(
            self._context,
            lambda: self._services.cinder.volume(volume_id),
            what=self._what,
            doing=f"Cinder makes {self._what}",
            good={"available"},
            measure=measure,
            state=TargetState.COPYING if meter is not None else TargetState.RUNNING,
            silence=self._silence(volume_id),
            cancelled=(
                "stopped watching; Cinder cannot be stopped from outside and may go on making "
                f"{self._what} ({volume_id})"
            ),
        )
        if result.outcome == DONE:
            if meter is not None:
                meter.finish(meter.total)
            return StepResult(outcome=THERE, text=f"{self._what} is available")
        if result.outcome == REFUSED and "status" in result.data:
            if not str(result.data["status"]).startswith("error"):
                way_out = f"openstack volume set --state error {volume_id}, and delete it"
                return StepResult(outcome=WRONG, text=f"{result.text}. Then: {way_out}")
            site = self._services.topology.site(self._context.site)
            reason = await why(self._services, volume_id, site)
            return StepResult(outcome=WRONG, text=f"{result.text}: {reason}")
        if result.outcome == GONE:
            return StepResult(outcome=REFUSED, text=result.text)
        return result

    def _silence(self, volume_id: str) -> Silence:
        """Watch over the making; what is copied whole is first fetched to the host's own disk."""
        if self._parameters.total == 0:
            return at_volume(self._context, volume_id)
        return Silence(self._context, (self._context.site,))

    def _meter(self, volume_id: str) -> Arriving | None:
        """Count what arrives; a clone and an empty volume receive nothing."""
        total = self._parameters.total
        if not total:
            return None
        site = self._services.topology.site(self._context.site)
        pool = site.cluster.volumes_pool if site.cluster is not None else ""
        name = image_of(volume_id) if pool else ""
        return Arriving(self._context, site.name, pool, name, total)

    async def clear(self, volume_id: str) -> StepResult:
        """Delete our own volume; CLEARED, or WRONG with what is left."""
        left = f"{self._what} ({volume_id}) is left"
        try:
            metadata = await self._services.cinder.volumes.metadata(volume_id)
        except ObjectNotFound:
            return StepResult(outcome=CLEARED, text=f"{self._what} is gone")
        except ServiceError as error:
            return StepResult(outcome=WRONG, text=f"{left}: {error.message}")
        if not carries(metadata, mark(self._context, self._part)):
            return StepResult(outcome=WRONG, text=f"{left}: it does not carry our mark")
        result = await remove_volume(self._context, volume_id, self._what)
        if result.outcome == DONE:
            return StepResult(outcome=CLEARED, text=f"{self._what} is removed")
        return StepResult(outcome=WRONG, text=f"{left}: {result.text}")
