"""What is wrong and shows by itself: findings of images, volumes and sites. Pure functions."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from dcn_console.model.imports import import_lock
from dcn_console.model.inventory import (
    CinderService,
    ClusterState,
    Image,
    ImageTask,
    RbdImage,
    Server,
    Snapshot,
    Store,
    Volume,
)
from dcn_console.model.rows import (
    CLUSTER_UNHEALTHY,
    COPY_GONE,
    IMPORT_STALLED,
    NEARLY_FULL,
    NO_CENTRAL_COPY,
    NOT_RAW,
    SERVICE_DOWN,
    SITE_UNREACHABLE,
    ZONE_MISMATCH,
    Finding,
    Severity,
)
from dcn_console.model.sites import Site, Topology
from dcn_console.model.text import format_age, format_bytes, printable

NEARLY_FULL_PERCENT = 85.0
FULL_PERCENT = 95.0
"""Ceph's own mon_osd_nearfull_ratio and mon_osd_full_ratio, as percent."""

HEALTHY = "HEALTH_OK"

_NEVER_BOOTED_AS_DISK = frozenset({"iso", "aki", "ari", "ami"})


def copy_fault(image: Image, rbd_image: RbdImage | None) -> str:
    """Return what is wrong with a copy that Glance lists, "" when nothing is known to be.

    ``rbd_image`` is what the site's cluster said about it, None when it was not asked. One
    without size and snapshot stands for an RBD image that is not there.
    """
    if rbd_image is None:
        return ""
    if rbd_image.size is None and rbd_image.snap is False:
        return "its RBD image is not in the pool"
    if rbd_image.snap is False:
        return "its RBD image has no snapshot “snap”"
    if rbd_image.size is not None and image.size and rbd_image.size != image.size:
        return (
            f"its RBD image has {format_bytes(rbd_image.size)} "
            f"where Glance says {format_bytes(image.size)}"
        )
    return ""


def image_findings(
    image: Image,
    topology: Topology,
    stores: Mapping[str, Store],
    faults: Mapping[str, str],
    task: ImageTask | None,
    now: datetime,
) -> tuple[Finding, ...]:
    """Return the findings of one image.

    ``stores`` is by id; ``faults`` maps a site's name to what ``copy_fault`` said there;
    ``task`` is the one that holds the import lock, without any times when its record is gone.
    """
    found: list[Finding] = []
    if image.status == "active":
        found.extend(no_central_copy(image, topology, stores))
        found.extend(_not_raw(image, topology, stores))
    found.extend(_copies_gone(image, topology, faults))
    if image.import_task and task is not None:
        found.extend(_stalled(image, task, now))
    return tuple(found)


def volume_findings(volume: Volume, servers: Mapping[str, Server]) -> tuple[Finding, ...]:
    """Return the findings of one volume; ``servers`` is by id."""
    return tuple(_zone_mismatches(volume, servers)) if volume.attachments else ()


def site_findings(
    site: Site,
    cluster: Snapshot[ClusterState] | None,
    services: Iterable[CinderService],
    now: datetime,
) -> tuple[Finding, ...]:
    """Return the findings of one site; ``services`` are Cinder's in its availability zone."""
    found: list[Finding] = []
    if cluster is not None:
        found.extend(_cluster_findings(site, cluster, now))
    for service in services:
        if service.state == "down" and service.status != "disabled":
            name = f"{service.binary} on {printable(service.host)}"
            since = ""
            if service.updated_at is not None:
                since = f" since {clock(service.updated_at, now)}"
            found.append(
                Finding(
                    kind=SERVICE_DOWN,
                    severity=Severity.ERROR,
                    key=site.name,
                    site=site.name,
                    text=f"Site {site.name}: {name} is down{since}.",
                    way_out="Start it again; its log says why it ended.",
                )
            )
    return tuple(found)


def clock(moment: datetime, now: datetime) -> str:
    """Return a moment as "12:04 UTC", with its date when that is not today's."""
    pattern = "%H:%M UTC" if moment.date() == now.date() else "%Y-%m-%d %H:%M UTC"
    return moment.strftime(pattern)


def no_central_copy(
    image: Image, topology: Topology, stores: Mapping[str, Store]
) -> Iterator[Finding]:
    """Yield that an image is at sites but not at the hub, whose store Glance knows."""
    hub = topology.hub
    if hub is None or not hub.store or hub.store in image.stores or not image.stores:
        return
    if hub.store in image.importing_to or hub.store not in stores:
        return
    places = ", ".join(
        site.name if (site := topology.with_store(store)) else f"store {printable(store)}"
        for store in image.stores
    )
    yield Finding(
        kind=NO_CENTRAL_COPY,
        severity=Severity.WARNING,
        key=image.id,
        site=hub.name,
        text=f"Image “{printable(image.label)}” has no copy at {hub.name}, only at {places}.",
        way_out=f"Copy it to {hub.name}: copies to further sites are made from there.",
    )


def _not_raw(image: Image, topology: Topology, stores: Mapping[str, Store]) -> Iterator[Finding]:
    compressed = image.container_format == "compressed"
    if not image.disk_format or (image.disk_format == "raw" and not compressed) or image.size == 0:
        return
    places = [
        site.name if (site := topology.with_store(store)) else f"store {printable(store)}"
        for store in image.stores
        if _is_rbd(store, topology, stores)
    ]
    if not places:
        return
    what = "compressed" if compressed else printable(image.disk_format)
    harmless = image.disk_format in _NEVER_BOOTED_AS_DISK and not compressed
    yield Finding(
        kind=NOT_RAW,
        severity=Severity.NOTICE if harmless else Severity.WARNING,
        key=image.id,
        text=f"Image “{printable(image.label)}” is {what} in an RBD store ({', '.join(places)}): "
        "volumes and servers made from it are full copies, not copy-on-write clones.",
        way_out="Convert it to raw and upload it anew; copy-image never converts.",
    )


def _is_rbd(store_id: str, topology: Topology, stores: Mapping[str, Store]) -> bool:
    """Whether a store is RBD: by its type, or, where that is hidden, as a site's own store."""
    store = stores.get(store_id)
    if store is not None and store.type is not None:
        return store.type == "rbd"
    if store is not None and store.read_only:
        return False
    return topology.with_store(store_id) is not None


def _copies_gone(image: Image, topology: Topology, faults: Mapping[str, str]) -> Iterator[Finding]:
    for name, fault in faults.items():
        store = printable(topology.site(name).store or "")
        yield Finding(
            kind=COPY_GONE,
            severity=Severity.ERROR,
            key=image.id,
            site=name,
            text=f"Image “{printable(image.label)}” at {name}: Glance lists the copy, but {fault}.",
            way_out=f"Remove the copy from Glance's list with “glance stores-delete --store "
            f"{store} {printable(image.id)}”, then copy it again.",
        )


def _stalled(image: Image, task: ImageTask, now: datetime) -> Iterator[Finding]:
    record_gone = task.updated_at is None and task.created_at is None
    lock = import_lock(image, () if record_gone else (task,))
    if lock is None or not lock.is_stalled(now):
        return
    targets = ", ".join(map(printable, image.importing_to)) or "its stores"
    start = f"Image “{printable(image.label)}”: the import to {targets}"
    if lock.task is None or lock.task.updated_at is None:
        text = f"{start} is held by a task that no longer exists."
    else:
        text = f"{start} has shown no sign of life for {format_age(lock.task.updated_at, now)}."
    if lock.free_from is None or lock.is_free(now):
        text += " Its lock can be taken over now."
    else:
        text += f" Its lock can be taken over from {clock(lock.free_from, now)}."
    yield Finding(
        kind=IMPORT_STALLED,
        severity=Severity.WARNING,
        key=image.id,
        text=text,
        way_out="A large image may still be on its way to the staging disk: copy it again once "
        "the lock is free and the target does not grow.",
    )


def _zone_mismatches(volume: Volume, servers: Mapping[str, Server]) -> Iterator[Finding]:
    for attachment in volume.attachments:
        server = servers.get(attachment.server_id)
        if server is None or not server.availability_zone or not volume.availability_zone:
            continue
        if server.availability_zone == volume.availability_zone:
            continue
        yield Finding(
            kind=ZONE_MISMATCH,
            severity=Severity.WARNING,
            key=volume.id,
            text=f"Volume “{printable(volume.label)}” is in availability zone "
            f"{printable(volume.availability_zone)}, its server "
            f"“{printable(server.name or server.id)}” in {printable(server.availability_zone)}: "
            "every read and write crosses between the sites.",
            way_out="Back it up and restore it in the server's zone, or move the server; "
            "cross_az_attach = false under [cinder] in nova.conf keeps others from it.",
        )


def _cluster_findings(
    site: Site, cluster: Snapshot[ClusterState], now: datetime
) -> Iterator[Finding]:
    if cluster.error is not None:
        since = clock(cluster.failing_since or now, now)
        yield Finding(
            kind=SITE_UNREACHABLE,
            severity=Severity.ERROR,
            key=site.name,
            site=site.name,
            text=f"Site {site.name}: its cluster has not answered since {since}: "
            f"{printable(cluster.error)}",
            way_out="Run “dcn-console doctor” for what exactly does not work.",
        )
        return
    for state in cluster.rows:
        if state.health is not None and state.health != HEALTHY:
            warnings = "; ".join(map(printable, state.warnings))
            yield Finding(
                kind=CLUSTER_UNHEALTHY,
                severity=Severity.ERROR if state.health == "HEALTH_ERR" else Severity.WARNING,
                key=site.name,
                site=site.name,
                text=f"Site {site.name}: {printable(state.health)}"
                + (f": {warnings}." if warnings else "."),
                way_out="“ceph health detail” on that cluster tells more.",
            )
        percent = state.capacity.used_percent if state.capacity else 0.0
        if state.capacity is not None and percent >= NEARLY_FULL_PERCENT:
            yield Finding(
                kind=NEARLY_FULL,
                severity=Severity.ERROR if percent >= FULL_PERCENT else Severity.WARNING,
                key=site.name,
                site=site.name,
                text=f"Site {site.name}: its cluster is {percent:.0f} % full, "
                f"{format_bytes(state.capacity.available)} are left.",
                way_out="Remove what is not needed there, or add OSDs.",
            )
