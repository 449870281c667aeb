"""The last step of creating a volume: see it where it was asked for, as what it should be."""

from dcn_console.clouds.cinder_wire import GIB
from dcn_console.inventory.services import Services
from dcn_console.model.errors import ServiceError
from dcn_console.model.inventory import Volume
from dcn_console.model.mirroring import RbdDetail
from dcn_console.model.tasks import TargetState
from dcn_console.model.text import format_bytes, printable
from dcn_console.operations.backups.checks import VOLUME_SERVICE
from dcn_console.operations.backups.where import image_of
from dcn_console.operations.base import TargetContext
from dcn_console.operations.cinder_waiting import GONE, until_answered
from dcn_console.operations.create_volume.parameters import Parameters
from dcn_console.operations.patience import CANCELLED, DONE, REFUSED, look_until_done
from dcn_console.operations.results import StepResult


async def verify(context: TargetContext, parameters: Parameters, volume_id: str) -> StepResult:
    """See the volume with our own eyes; DONE, REFUSED or CANCELLED."""

    async def look() -> StepResult | None:
        context.show(TargetState.VERIFYING, f"looking at volume “{printable(parameters.name, 60)}”")
        return await _look(context, parameters, volume_id)

    result = await until_answered(
        context, look, cancelled="made, but not verified", at_least_once=True
    )
    if result.outcome == GONE:
        return StepResult(outcome=REFUSED, text=result.text)
    return result


async def _look(context: TargetContext, parameters: Parameters, volume_id: str) -> StepResult:
    services = context.services
    volume = await services.cinder.volume(volume_id)
    label = f"volume “{printable(volume.label, 60)}”"
    if volume.availability_zone != parameters.zone:
        zone = printable(volume.availability_zone or "none", 60)
        text = (
            f"{label} is in zone {zone}, not in {parameters.zone}: Cinder's fallback put it there"
        )
        return _wrong(text)
    if (volume.size or 0) < parameters.size:
        have, need = format_bytes(volume.size), format_bytes(parameters.size)
        return _wrong(f"{label} has {have} instead of {need}")
    hosts = await _hosts(services, parameters.zone)
    host = (volume.host or "").partition("#")[0]
    if host and hosts and host not in hosts:
        text = f"{label} is on {printable(host, 80)}, which serves another zone than"
        return _wrong(f"{text} {parameters.zone}")
    if parameters.bootable and not volume.bootable:
        return _wrong(f"{label} is not bootable, as what it was made of is")
    on = f" on {printable(volume.host or '', 80)}" if volume.host else ""
    seen = f"{label} is in zone {parameters.zone}{on}, {format_bytes(volume.size)}"
    return await _in_cluster(context, parameters, volume, seen)


async def _hosts(services: Services, zone: str) -> set[str]:
    """Return the hosts of a zone's cinder-volume, empty where only administrators may list them."""
    try:
        known = await services.cinder.services()
    except ServiceError:
        return set()
    return {
        one.host for one in known if one.binary == VOLUME_SERVICE and one.availability_zone == zone
    }


async def _in_cluster(
    context: TargetContext, parameters: Parameters, volume: Volume, seen: str
) -> StepResult:
    """Look at the RBD image: its size, and what it is a clone of."""
    site = context.services.topology.site(context.site)
    cluster = context.services.clusters.get(site.name)
    if cluster is None or site.cluster is None:
        return StepResult(outcome=DONE, text=f"{seen}; no Ceph access to {site.name} to see more")
    pool = site.cluster.volumes_pool

    async def look() -> StepResult:
        return _judged(await cluster.content.detail(pool, image_of(volume.id)), parameters, seen)

    result = await look_until_done(
        context, look, cancelled="made, but not verified", at_least_once=True
    )
    if result.outcome == CANCELLED or result.data.get("seen"):
        return result
    return _wrong(f"{seen}; but {result.text}")


def _judged(detail: RbdDetail, parameters: Parameters, seen: str) -> StepResult:
    found = ""
    if detail.parent is not None:
        parent = detail.parent
        found = f"{parent.pool}/{parent.image}@{parent.snapshot}"
    if detail.size < parameters.size // GIB * GIB:
        return _wrong(f"{seen}; but its RBD image has {format_bytes(detail.size)}", seen=True)
    if not parameters.parent:
        return StepResult(outcome=DONE, text=seen, data={"seen": True})
    if found == parameters.parent:
        text = f"{seen}; its RBD image is a clone of {found}"
        return StepResult(outcome=DONE, text=text, data={"seen": True})
    if not found and parameters.may_be_flat:
        text = f"{seen}; its RBD image was filled at once and depends on nothing"
        return StepResult(outcome=DONE, text=text, data={"seen": True})
    is_what = f"a clone of {printable(found, 200)}" if found else "a full copy"
    return _wrong(
        f"{seen}; but its RBD image is {is_what}, no clone of {parameters.parent}. See that Glance "
        "shows locations to Cinder (show_multiple_locations or 2.17), and that Cinder's user may "
        "read the images pool",
        seen=True,
    )


def _wrong(text: str, *, seen: bool = False) -> StepResult:
    return StepResult(outcome=REFUSED, text=text, data={"seen": True} if seen else {})
