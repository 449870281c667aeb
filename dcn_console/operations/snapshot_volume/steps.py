"""The steps of a snapshot: ask for it, watch it, verify it, clean up after a failure."""

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ObjectNotFound, ServiceError
from dcn_console.model.tasks import TargetState
from dcn_console.model.text import printable
from dcn_console.operations.backups.where import image_of, snapshot_named
from dcn_console.operations.base import TargetContext
from dcn_console.operations.cinder_waiting import GONE, until_answered, until_settled
from dcn_console.operations.making import CLEARED, THERE, WRONG, ask_for
from dcn_console.operations.marks import carries, mark
from dcn_console.operations.patience import DONE, REFUSED, look_until_done
from dcn_console.operations.results import StepResult
from dcn_console.operations.silence import at_volume
from dcn_console.operations.snapshot_volume.names import PART
from dcn_console.operations.volumes.reasons import why
from dcn_console.operations.volumes.removal import remove_snapshot


class Steps:
    """The steps of one snapshot, each safe to take again. ``part`` goes into its mark."""

    def __init__(self, context: TargetContext, volume_id: str, name: str, part: str = PART) -> None:
        self._context = context
        self._volume_id = volume_id
        self._name = name
        self._part = part
        self._what = f"snapshot “{printable(name, 60)}”"

    @property
    def _services(self) -> Services:
        return self._context.services

    async def ask(self) -> StepResult:
        """Ask Cinder, or take up what an earlier runner asked for; ASKED, REFUSED or CANCELLED."""
        return await ask_for(
            self._context, "Cinder", "snapshot", self._what, find=self._find, make=self._make
        )

    async def _find(self) -> str | None:
        wanted = mark(self._context, self._part)
        found = await self._services.cinder.snapshots.made_with(wanted)
        return found[0].id if found else None

    async def _make(self) -> str:
        volume = await self._services.cinder.volume(self._volume_id)
        made = await self._services.cinder.snapshots.create(
            self._volume_id,
            self._name,
            mark(self._context, self._part),
            force=volume.status == "in-use",
        )
        return made.id

    async def watch(self, snapshot_id: str) -> StepResult:
        """Watch until it is taken; THERE, WRONG, REFUSED or CANCELLED."""
        result = await until_settled(
            self._context,
            lambda: self._services.cinder.snapshots.snapshot(snapshot_id),
            what=self._what,
            doing=f"Cinder takes {self._what}",
            good={"available"},
            silence=at_volume(self._context, self._volume_id),
            cancelled=(
                f"stopped watching; Cinder goes on taking {self._what} ({snapshot_id}), for it "
                "cannot be stopped from outside"
            ),
        )
        if result.outcome == DONE:
            return StepResult(outcome=THERE, text=f"{self._what} is taken")
        if result.outcome == REFUSED and "status" in result.data:
            if not str(result.data["status"]).startswith("error"):
                way_out = f"openstack volume snapshot set --state error {snapshot_id}"
                return StepResult(
                    outcome=WRONG, text=f"{result.text}. Then: {way_out}, and delete it"
                )
            site = self._services.topology.site(self._context.site)
            reason = await why(self._services, snapshot_id, site)
            return StepResult(outcome=WRONG, text=f"{result.text}: {reason}")
        if result.outcome == GONE:
            return StepResult(outcome=REFUSED, text=result.text)
        return result

    async def verify(self, snapshot_id: str, *, seen: bool = True) -> StepResult:
        """See it with our own eyes; DONE, REFUSED or CANCELLED.

        Also in the RBD image, unless that was not ``seen`` when it was planned.
        """

        async def look() -> StepResult | None:
            self._context.show(TargetState.VERIFYING, f"looking at {self._what}")
            snapshot = await self._services.cinder.snapshots.snapshot(snapshot_id)
            if snapshot.status != "available":
                text = f"{self._what} is {printable(snapshot.status or 'unknown', 40)}"
                return StepResult(outcome=REFUSED, text=text)
            if not seen:
                text = f"{self._what} is available; its RBD image is in no pool that is known here"
                return StepResult(outcome=DONE, text=text)
            return await self._in_cluster(snapshot_id)

        cancelled = "taken, but not verified"
        result = await until_answered(self._context, look, cancelled=cancelled, at_least_once=True)
        if result.outcome == GONE:
            return StepResult(outcome=REFUSED, text=result.text)
        return result

    async def _in_cluster(self, snapshot_id: str) -> StepResult:
        site = self._services.topology.site(self._context.site)
        cluster = self._services.clusters.get(site.name)
        if cluster is None or site.cluster is None:
            text = f"{self._what} is available; no Ceph access to {site.name} to see more"
            return StepResult(outcome=DONE, text=text)
        pool, name = site.cluster.volumes_pool, image_of(self._volume_id)

        async def look() -> StepResult:
            found = snapshot_named(await cluster.content.detail(pool, name), _held(snapshot_id))
            where = f"RBD snapshot {pool}/{name}@{_held(snapshot_id)}"
            if not found:
                text = f"{self._what} is available for Cinder, but there is no {where}"
                return StepResult(outcome=REFUSED, text=text)
            return StepResult(outcome=DONE, text=f"{self._what} is available, {where} is there")

        return await look_until_done(
            self._context, look, cancelled="taken, but not verified", at_least_once=True
        )

    async def clear(self, snapshot_id: str) -> StepResult:
        """Delete our own snapshot; CLEARED, or WRONG with what is left."""
        left = f"{self._what} ({snapshot_id}) is left"
        try:
            snapshot = await self._services.cinder.snapshots.snapshot(snapshot_id)
        except ObjectNotFound:
            return StepResult(outcome=CLEARED, text=f"{self._what} is gone")
        except ServiceError as error:
            return StepResult(outcome=WRONG, text=f"{left}: {error.message}")
        if not carries(snapshot.metadata, mark(self._context, self._part)):
            return StepResult(outcome=WRONG, text=f"{left}: it does not carry our mark")
        result = await remove_snapshot(self._context, snapshot_id, self._what)
        if result.outcome == DONE:
            return StepResult(outcome=CLEARED, text=f"{self._what} is removed")
        return StepResult(outcome=WRONG, text=f"{left}: {result.text}")


def _held(snapshot_id: str) -> str:
    """Return the name of a Cinder snapshot's RBD snapshot (snapshot_name_template)."""
    return f"snapshot-{snapshot_id}"
