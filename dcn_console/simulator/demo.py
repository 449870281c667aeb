"""The demo: a small chain's cloud with a hub and two edge sites, and a few things wrong with it.

To discover: an image with no central copy, a qcow2 in RBD stores, a copy whose RBD image is
gone, an import that stalled, a volume far from its server, an edge that is nearly full, a
mirrored volume in split-brain, a backup that failed and one that is overdue, and an image that
servers of an edge need but that is not there.
"""

from msgspec.structs import replace

from dcn_console.model.sites import Role
from dcn_console.simulator import demo_data as data
from dcn_console.simulator.data import invented_hash
from dcn_console.simulator.demo_backups import with_backups
from dcn_console.simulator.demo_mirrors import mirrored
from dcn_console.simulator.deployment import Contents, Deployment
from dcn_console.simulator.dice import Dice
from dcn_console.simulator.import_outcome import SYNTHETIC_LIMIT, with_data
from dcn_console.simulator.records import (
    COPY_IMAGE,
    GIB,
    MIB,
    TIB,
    AttachmentRecord,
    ImageRecord,
    Phase,
    RbdRecord,
    ServerRecord,
    SimulatedSite,
    TaskRecord,
    VolumeRecord,
)
from dcn_console.simulator.scenario import filled, make_deployment, paired, rbd_of, with_bandwidth
from dcn_console.simulator.volumes import CLONE_BYTES, image_metadata

DAY = 86400.0
STALLED_SECONDS = 15 * 60.0
"""How long ago the stalled import was heard of last."""
_STALLED_DONE = 1280 * MIB
_PERCENTS = {data.CENTRAL: 62.0, data.LEEDS: 31.0, data.BRISTOL: 88.0}


def demo(now: float, seed: int, bandwidth: float | None = None) -> Contents:
    """Return the demo's contents as of ``now``; ``bandwidth`` overrides the sites' own."""
    dice = Dice(seed)
    sites = tuple(with_bandwidth(site, bandwidth) for site in _sites(dice))
    deployment = make_deployment(data.DEMO, sites, seed, data.PROJECTS)
    images = {item.name: _image(deployment, dice, item, now) for item in data.IMAGES}
    stalled, task = _stalled(deployment, dice, images[data.STALLED_IMAGE], now)
    images[data.STALLED_IMAGE] = stalled
    volumes, servers = _volumes(deployment, dice, images, now)
    rbd = rbd_of(deployment, images.values(), volumes)
    del rbd[data.LEEDS]["images"][images[data.GONE_IMAGE].id]
    rbd[data.BRISTOL]["images"][stalled.id] = RbdRecord(
        size=stalled.size or 0, used=_STALLED_DONE, snap=False, snap_protected=False
    )
    contents = Contents(
        deployment=deployment,
        now=now,
        images=tuple(images.values()),
        tasks=(task,),
        volumes=volumes,
        servers=servers,
        rbd=rbd,
        mirrors=paired(deployment, (data.CENTRAL, data.LEEDS)),
    )
    return filled(with_backups(mirrored(contents)), _PERCENTS)


def _sites(dice: Dice) -> tuple[SimulatedSite, ...]:
    hub = SimulatedSite(
        name=data.CENTRAL,
        role=Role.HUB,
        store="central",
        store_description="central rbd glance store",
        availability_zone="central",
        cluster="ceph",
        fsid=dice.identifier("fsid/central"),
        total_bytes=12 * TIB,
        bandwidth=40.0 * MIB,
        staging_bandwidth=18.0 * MIB,
    )
    edge = replace(hub, role=Role.EDGE, total_bytes=4 * TIB, staging_bandwidth=12.0 * MIB)
    return (
        hub,
        replace(
            edge,
            name=data.LEEDS,
            store="dcn-leeds",
            store_description="Leeds rbd glance store",
            availability_zone="leeds",
            cluster="leeds",
            fsid=dice.identifier("fsid/leeds"),
            bandwidth=16.0 * MIB,
        ),
        replace(
            edge,
            name=data.BRISTOL,
            store="dcn-bristol",
            store_description="Bristol rbd glance store",
            availability_zone="bristol",
            cluster="bristol",
            fsid=dice.identifier("fsid/bristol"),
            bandwidth=11.0 * MIB,
        ),
    )


def _project_id(deployment: Deployment, name: str) -> str:
    project = deployment.project(name or "admin")
    return project.id if project else ""


def _image(deployment: Deployment, dice: Dice, item: data.DemoImage, now: float) -> ImageRecord:
    created = now - item.age_days * DAY - dice.number(f"minute/{item.name}", 0, 36000)
    stores = tuple(site.store for site in deployment.sites if site.name in item.sites)
    image = ImageRecord(
        id=dice.identifier(f"image/{item.name}"),
        name=item.name,
        status="active",
        visibility="shared" if item.project else "public",
        owner=_project_id(deployment, item.project),
        disk_format=item.disk_format,
        container_format="bare",
        created_at=created,
        updated_at=created + 600.0 * len(stores),
        stores=stores,
        importing_to=() if len(stores) > 1 else None,
        failed_stores=() if len(stores) > 1 else None,
        properties={"os_distro": item.distribution} if item.distribution else {},
    )
    if item.size <= SYNTHETIC_LIMIT:
        return with_data(image, item.size)
    virtual = item.virtual_size or item.size
    return replace(
        image,
        size=item.size,
        virtual_size=virtual,
        min_disk=-(-virtual // GIB),
        hash_algorithm="sha512",
        hash_value=invented_hash(image.id),
    )


def _stalled(
    deployment: Deployment, dice: Dice, image: ImageRecord, now: float
) -> tuple[ImageRecord, TaskRecord]:
    stores = ("dcn-bristol",)
    heard = now - STALLED_SECONDS
    task = TaskRecord(
        id=dice.identifier("stalled task"),
        image_id=image.id,
        owner=_project_id(deployment, "admin"),
        user_id=deployment.users[0].id,
        request_id=f"req-{dice.identifier('stalled request')}",
        method=COPY_IMAGE,
        request={
            "method": {"name": COPY_IMAGE},
            "stores": list(stores),
            "all_stores_must_succeed": False,
        },
        stores=stores,
        remaining=stores,
        created_at=heard - 420.0,
        updated_at=heard,
        status="processing",
        phase=Phase.ABANDONED,
        message=f"Copied {_STALLED_DONE // MIB} MiB",
        size=image.size or 0,
        done=float(_STALLED_DONE),
    )
    locked = replace(
        image,
        import_task=task.id,
        importing_to=stores,
        failed_stores=(),
        updated_at=heard - 420.0,
    )
    return locked, task


def _volumes(
    deployment: Deployment, dice: Dice, images: dict[str, ImageRecord], now: float
) -> tuple[tuple[VolumeRecord, ...], tuple[ServerRecord, ...]]:
    volumes = []
    servers = []
    for row in data.VOLUMES:
        for index in range(1, row.number + 1):
            suffix = f"-{index:02}" if row.number > 1 else ""
            name = f"{row.name}{suffix}"
            created = now - dice.number(f"age/{name}", 1, 240 * 24) * 3600.0
            server = None
            if row.server:
                server = _server(deployment, dice, row, f"{row.server}{suffix}", created)
                servers.append(server)
            volumes.append(_volume(deployment, dice, row, name, images.get(row.image), server))
            volumes[-1] = replace(volumes[-1], created_at=created, updated_at=created + 5.0)
    return tuple(volumes), tuple(servers)


def _volume(
    deployment: Deployment,
    dice: Dice,
    row: data.DemoVolumes,
    name: str,
    image: ImageRecord | None,
    server: ServerRecord | None,
) -> VolumeRecord:
    written = int(row.size * GIB * (0.02 + 0.6 * dice.fraction(f"written/{name}")))
    attachments: tuple[AttachmentRecord, ...] = ()
    if server is not None:
        attachment = AttachmentRecord(
            id=dice.identifier(f"attachment/{name}"),
            server_id=server.id,
            host=server.host,
            device="/dev/vda" if image else "/dev/vdb",
            attached_at=server.created_at,
        )
        attachments = (attachment,)
    site = deployment.site(row.site)
    is_local = image is not None and site is not None and site.store in image.stores
    is_clone = image is not None and image.disk_format == "raw" and is_local
    return VolumeRecord(
        id=dice.identifier(f"volume/{name}"),
        site=row.site,
        project_id=_project_id(deployment, row.project),
        user_id=deployment.users[0].id,
        size=row.size,
        created_at=0.0,
        updated_at=0.0,
        name=name,
        status="in-use" if server else "available",
        bootable=image is not None,
        image_metadata=image_metadata(image) if image else {},
        attachments=attachments,
        clone_of=image.id if image and is_clone else None,
        used=row.used or (written if server else CLONE_BYTES),
        encrypted=row.encrypted,
    )


def _server(
    deployment: Deployment, dice: Dice, row: data.DemoVolumes, name: str, created: float
) -> ServerRecord:
    site = deployment.site(row.server_site or row.site) or deployment.hub
    return ServerRecord(
        id=dice.identifier(f"server/{name}"),
        name=name,
        project_id=_project_id(deployment, row.project),
        user_id=deployment.users[0].id,
        availability_zone=site.availability_zone,
        host=f"compute-{site.name}-{dice.number(f'host/{name}', 0, 2)}",
        created_at=created,
    )
