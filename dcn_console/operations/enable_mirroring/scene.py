"""What is looked up before mirroring is planned: both sides, the pool's peers, the volume."""

from dataclasses import dataclass

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ClusterError, ObjectNotFound, UsageError
from dcn_console.model.inventory import Volume
from dcn_console.model.mirroring import PoolMode, RbdDetail
from dcn_console.model.plans import Check
from dcn_console.model.requests import EnableMirroring, RbdSubject
from dcn_console.model.text import printable
from dcn_console.operations.mirror_routes import PoolSides, pool_sides
from dcn_console.operations.mirror_sides import Side, label_of, look_everywhere
from dcn_console.operations.mirror_subject import home, refused, volume_of, warned

_CONNECT = "Connect the sites first: dcn-console mirror peer connect"


@dataclass(frozen=True)
class Scene:
    """One RBD image, where it is, and where its data is to go.

    ``detail`` is the RBD image at the source. ``others`` are further sites that receive the pool,
    and so will get it as well. ``used`` are the bytes it holds, None when not known.
    """

    subject: RbdSubject
    volume: Volume | None
    source: Side
    detail: RbdDetail
    destination: Side
    others: tuple[Side, ...]
    pools: PoolSides
    used: int | None

    @property
    def label(self) -> str:
        """What people call the RBD image."""
        return label_of(self.subject)


@dataclass(frozen=True)
class Nothing:
    """Why there is nothing to plan: ``skipped`` at a site, or ``checks`` that refuse."""

    source: str = ""
    skipped: str = ""
    checks: tuple[Check, ...] = ()


async def look(
    services: Services, subject: RbdSubject, request: EnableMirroring
) -> Scene | Nothing:
    """Look at everything. Raises UsageError where somebody must say more, or ServiceError."""
    try:
        volume = await volume_of(services, subject)
    except ObjectNotFound as error:
        return Nothing(checks=(refused(str(error)),))
    sides = await look_everywhere(services, subject)
    primary = next((side for side in sides if side.is_primary), None)
    if primary is not None:
        return _mirrored_already(primary, sides)
    source = home(subject, volume, sides, services.topology)
    problem = _source_problem(subject, source, sides)
    if source is None or source.detail is None or problem is not None:
        where = source.name if source is not None else ""
        return Nothing(source=where, checks=(problem,) if problem is not None else ())
    pools = await pool_sides(services, subject.pool)
    destination = _destination(subject, source, request.destination, pools, sides)
    if isinstance(destination, Check):
        return Nothing(source=source.name, checks=(destination,))
    receivers = pools.receivers(source.name)
    return Scene(
        subject=subject,
        volume=volume,
        source=source,
        detail=source.detail,
        destination=destination,
        others=tuple(
            side for side in sides if side.name in receivers and side.name != destination.name
        ),
        pools=pools,
        used=await _used(source, subject),
    )


def _mirrored_already(primary: Side, sides: tuple[Side, ...]) -> Nothing:
    mirroring = primary.mirroring
    mode = mirroring.mode if mirroring is not None else None
    held = [
        side.name
        for side in sides
        if side.name != primary.name
        and side.mirroring is not None
        and mirroring is not None
        and side.mirroring.global_id == mirroring.global_id
    ]
    where = f" from {primary.name} to {', '.join(held)}" if held else f", primary at {primary.name}"
    words = f" in {mode} mode" if mode is not None else ""
    return Nothing(source=primary.name, skipped=f"is mirrored already{where}{words}")


def _source_problem(
    subject: RbdSubject, source: Side | None, sides: tuple[Side, ...]
) -> Check | None:
    name = f"{printable(subject.pool)}/{printable(subject.image, 80)}"
    if source is not None and source.error is not None:
        return refused(source.error.message, source.error.way_out)
    if source is None or source.detail is None:
        errors = [side.error for side in sides if side.error is not None]
        where = source.name if source is not None else "any site that answers"
        why = " ".join(dict.fromkeys(error.message for error in errors))
        way_out = next((error.way_out for error in errors if error.way_out), "")
        return refused(
            f"There is no RBD image {name} at {where}. {why}".strip(),
            way_out or "Check pool and site with: dcn-console volume list",
        )
    if source.mirroring is not None:
        return refused(
            f"{name} at {source.name} is a mirrored copy, and no site that answers is primary.",
            "Bring the primary back, or make this side primary with: dcn-console mirror failover",
        )
    return None


def _destination(
    subject: RbdSubject,
    source: Side,
    wanted: str | None,
    pools: PoolSides,
    sides: tuple[Side, ...],
) -> Side | Check:
    """Return the receiving side, or why there is none; raises UsageError when it is not clear."""
    pool = printable(subject.pool)
    for name in (source.name, wanted):
        error = pools.errors.get(name) if name is not None else None
        if error is not None:
            return refused(error.message, error.way_out)
    if pools.pools[source.name].mode is PoolMode.DISABLED:
        return refused(f"Mirroring of pool {pool} is switched off at {source.name}.", _CONNECT)
    receivers = pools.receivers(source.name)
    if wanted is None and len(receivers) > 1:
        raise UsageError(
            f"Pool {pool} of {source.name} is received by {', '.join(receivers)}.",
            way_out="Say which of them the RBD image is for; the others receive it as well.",
        )
    name = wanted or next(iter(receivers), None)
    if name == source.name:
        raise UsageError(f"{label_of(subject)} is at {name}; it cannot be mirrored to itself.")
    if name is None or name not in receivers:
        return _no_peer(pool, source.name, name, pools)
    return next(side for side in sides if side.name == name)


def _no_peer(pool: str, source: str, wanted: str | None, pools: PoolSides) -> Check:
    if wanted is not None and wanted in pools.pools:
        if pools.pools[wanted].mode is PoolMode.DISABLED:
            return refused(f"Mirroring of pool {pool} is switched off at {wanted}.", _CONNECT)
        return refused(
            f"{wanted} has no peer by which its pool {pool} receives from {source}.", _CONNECT
        )
    if wanted is not None:
        raise UsageError(
            f"No Ceph access is configured for {wanted}.",
            way_out=f"Give [site.{wanted}] a cluster, then see: dcn-console doctor",
        )
    silent = "".join(f" {error.message}" for error in pools.errors.values())
    return refused(f"No site receives pool {pool} from {source}.{silent}", _CONNECT)


def silent_sites(pools: PoolSides, scene_sites: tuple[str, ...]) -> list[Check]:
    """Warn of sites that cannot be asked whether they receive the pool too."""
    return [
        warned(f"{name}: whether it receives the pool as well is not known. {error.message}")
        for name, error in pools.errors.items()
        if name not in scene_sites
    ]


async def _used(source: Side, subject: RbdSubject) -> int | None:
    try:
        return await source.cluster.used_bytes(subject.pool, subject.image)
    except ClusterError:
        return None
