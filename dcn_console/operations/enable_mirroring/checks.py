"""The preconditions of mirroring an RBD image, looked at before anything is changed."""

from dcn_console.model.errors import ClusterError
from dcn_console.model.mirroring import (
    FEATURE_JOURNALING,
    MirrorMode,
    PoolMode,
    RbdParent,
)
from dcn_console.model.plans import Check
from dcn_console.model.requests import EnableMirroring
from dcn_console.model.text import format_bytes, printable
from dcn_console.operations.enable_mirroring.scene import Scene, silent_sites
from dcn_console.operations.mirror_features import needed
from dcn_console.operations.mirror_room import daemon_check, room_checks
from dcn_console.operations.mirror_subject import (
    STEADY,
    fine,
    permission_checks,
    refused,
    warned,
)

_FLATTEN = "or agree to flattening it first."
_FLATTEN_OPTION = "--flatten"


async def all_checks(scene: Scene, request: EnableMirroring) -> list[Check]:
    """Check volume, clone, clients, pool mode, both clusters, and the manager for a schedule."""
    return [
        *_volume_checks(scene),
        *await _clone_checks(scene, request),
        *_client_checks(scene, request.mode),
        *_pool_checks(scene, request.mode),
        *_destination_checks(scene),
        *await _arrival_checks(scene, request),
        *await _schedule_checks(scene, request),
        *await permission_checks(scene.subject, scene.source),
    ]


def _volume_checks(scene: Scene) -> list[Check]:
    volume = scene.volume
    if volume is None:
        return []
    checks = []
    if volume.status not in STEADY:
        status = printable(volume.status or "in an unknown state", 40)
        checks.append(
            refused(
                f"{scene.label} is {status}; something else is at work on it, or went wrong.",
                "Wait until it is available or in-use.",
            )
        )
    if volume.encrypted:
        checks.append(
            warned(
                f"{scene.label} is encrypted: its ciphertext is mirrored, its key stays in this "
                "cloud's key manager (Barbican). Without that key the copy cannot be read.",
                "See that the key manager survives the loss of the site.",
            )
        )
    return checks


async def _clone_checks(scene: Scene, request: EnableMirroring) -> list[Check]:
    detail = scene.detail
    parent = detail.parent
    if parent is None:
        return []
    name = f"{printable(parent.pool)}/{printable(parent.image, 60)}@{printable(parent.snapshot)}"
    if request.flatten:
        return await _flatten_checks(scene, name)
    if request.mode is MirrorMode.SNAPSHOT:
        return [
            refused(
                f"{scene.label} is a copy-on-write clone of {name}. Snapshot mode can silently "
                "corrupt the copy of a clone: what is copied up from the parent after a mirror "
                "snapshot does not travel (tracker.ceph.com/issues/61891).",
                f"Use journal mode with a mirrored parent, {_FLATTEN}",
                option=_FLATTEN_OPTION,
            )
        ]
    hindrance = await _parent_hindrance(scene, parent, name)
    if hindrance:
        return [refused(hindrance, f"Mirror the parent, {_FLATTEN}", option=_FLATTEN_OPTION)]
    return [fine(f"{scene.label} is a clone of {name}, which is mirrored as well.")]


async def _flatten_checks(scene: Scene, name: str) -> list[Check]:
    growth = await flatten_growth(scene)
    source = scene.source
    text = (
        f"{scene.label} is made independent of {name} first: it grows by up to "
        f"{format_bytes(growth)} at {source.name}, and this cannot be undone."
    )
    pool = scene.subject.pool
    return [warned(text), *await room_checks(source.cluster, source.site, pool, growth)]


async def flatten_growth(scene: Scene) -> int:
    """Return how many bytes at most flattening adds at the source.

    No more than the parent holds, and no more than the RBD image has room for beside its own.
    """
    detail = scene.detail
    room = max(0, detail.size - (scene.used or 0))
    if detail.parent is None:
        return 0
    try:
        parent = detail.parent
        return min(room, await scene.source.cluster.used_bytes(parent.pool, parent.image))
    except ClusterError:
        return room


async def _parent_hindrance(scene: Scene, parent: RbdParent, name: str) -> str:
    """Return why the clone cannot be mirrored with its parent, "" when it can.

    librbd refuses the clone of an unmirrored parent ("mirroring is not enabled for the parent"),
    and the receiving daemon needs the parent at its side.
    """
    try:
        here = await scene.source.cluster.content.detail(parent.pool, parent.image)
        if here.mirroring is None:
            return f"{scene.label} is a copy-on-write clone of {name}, which is not mirrored."
        there = await scene.destination.cluster.content.detail(parent.pool, parent.image)
    except ClusterError as error:
        return f"{scene.label} is a copy-on-write clone of {name}. {error.message}"
    if there.mirroring is None or there.mirroring.global_id != here.mirroring.global_id:
        return (
            f"{scene.label} is a copy-on-write clone of {name}, "
            f"which is not mirrored to {scene.destination.name}."
        )
    return ""


def _client_checks(scene: Scene, mode: MirrorMode) -> list[Check]:
    detail = scene.detail
    missing = needed(mode) & ~detail.features
    if not detail.watchers or not missing & FEATURE_JOURNALING:
        return []
    addresses = ", ".join(printable(watcher.address, 60) for watcher in detail.watchers[:5])
    return [
        warned(
            f"{scene.label} is open at {addresses}. Journaling is switched on under it: a client "
            "without it (krbd, or a librbd older than Jewel) then fails to write.",
            "Be sure of those clients, or stop them first.",
        )
    ]


def _pool_checks(scene: Scene, mode: MirrorMode) -> list[Check]:
    source = scene.source
    if scene.pools.pools[source.name].mode is PoolMode.POOL and mode is MirrorMode.SNAPSHOT:
        return [
            refused(
                f"Pool {printable(scene.subject.pool)} of {source.name} is mirrored as a whole, "
                "which is journal mode only.",
                "Use journal mode, or set the pool's mode to image: dcn-console mirror pool-mode",
            )
        ]
    return []


def _destination_checks(scene: Scene) -> list[Check]:
    checks = silent_sites(scene.pools, (scene.source.name, scene.destination.name))
    for side in (scene.destination, *scene.others):
        if side.error is not None:
            found = refused if side is scene.destination else warned
            checks.append(found(side.error.message, side.error.way_out))
        elif side.detail is not None:
            checks.append(
                refused(
                    f"{side.name} has another RBD image {printable(scene.subject.pool)}/"
                    f"{printable(scene.subject.image, 80)} already.",
                    "Rename or remove it there, if it is not needed.",
                )
            )
    if scene.others:
        names = ", ".join(side.name for side in scene.others)
        verb = "receives" if len(scene.others) == 1 else "receive"
        checks.append(
            warned(
                f"{names} {verb} it as well: Ceph mirrors a pool to every site that receives it."
            )
        )
    return checks


async def bytes_to_move(scene: Scene, request: EnableMirroring) -> int | None:
    """Return the bytes that will travel, at most; None when not known."""
    if scene.used is None:
        return None
    return scene.used + (await flatten_growth(scene) if request.flatten else 0)


async def _arrival_checks(scene: Scene, request: EnableMirroring) -> list[Check]:
    """Check the clusters that will receive: room for the data, and a daemon to bring it."""
    pool = scene.subject.pool
    total = await bytes_to_move(scene, request)
    checks = []
    for side in (scene.destination, *scene.others):
        if side.error is None:
            checks += await room_checks(side.cluster, side.site, pool, total)
    if scene.destination.error is None:
        destination = scene.destination
        checks.append(await daemon_check(destination.cluster, destination.site, pool))
    return checks


async def _schedule_checks(scene: Scene, request: EnableMirroring) -> list[Check]:
    if request.mode is not MirrorMode.SNAPSHOT:
        return []
    source = scene.source
    try:
        schedules = await source.cluster.mirroring.schedules(scene.subject.pool)
    except ClusterError as error:
        if not request.schedule:
            return []
        text = f"The schedule cannot be added at {source.name}. {error.message}"
        return [refused(text, error.way_out or "Start a manager there, or enable without one.")]
    whole = [schedule.interval for schedule in schedules if schedule.image is None]
    if request.schedule:
        return []
    if whole:
        every = ", ".join(printable(interval, 20) for interval in whole)
        return [fine(f"Mirror snapshots are taken by the pool's schedule (every {every}).")]
    return [
        warned(
            f"Without a schedule nothing travels after the first copy until a mirror snapshot of "
            f"{scene.label} is taken.",
            "Give it a schedule, such as 15m for every 15 minutes.",
            option="--schedule 15m",
        )
    ]
