"""What can be added to the simulated cloud, or harmed, behind the services' backs."""

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dcn_console.simulator.api.exchange import engine_of, json_reply
from dcn_console.simulator.api.orders import (
    BackupOrder,
    ImageOrder,
    QuotaOrder,
    RbdImageOrder,
    RbdOrder,
    ServerOrder,
    VolumeOrder,
    WriteOrder,
    order_of,
    site_of,
)
from dcn_console.simulator.backup_making import base_of, made_backup, with_point
from dcn_console.simulator.import_outcome import with_data
from dcn_console.simulator.mirror_clock import write
from dcn_console.simulator.mirror_records import WriterRecord
from dcn_console.simulator.rbd_content import seen_data
from dcn_console.simulator.rbd_data import OBJECT
from dcn_console.simulator.records import (
    ImageRecord,
    RbdParent,
    RbdRecord,
    ServerRecord,
    VolumeRecord,
)
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.servers import attach
from dcn_console.simulator.volumes import rbd_name, rbd_record


async def add_image(request: Request) -> Response:
    """Add an active image with a copy in each named store."""
    order = await order_of(request, ImageOrder)
    world = engine_of(request).world
    sites = [world.deployment.site_of_store(store) for store in order.stores]
    if not all(sites):
        raise Refusal(400, "A store of the image is unknown or read-only.")
    image = with_data(
        ImageRecord(
            id=order.id or world.new_identifier("image"),
            name=order.name,
            status="active" if sites else "queued",
            visibility=order.visibility,
            owner=world.deployment.projects[0].id,
            disk_format=order.disk_format,
            container_format="bare",
            created_at=world.now,
            updated_at=world.now,
            stores=order.stores,
        ),
        order.size,
    )
    for site in sites:
        if site is not None:
            record = RbdRecord(size=order.size, used=order.size)
            world.put_rbd(site, site.images_pool, image.id, record)
    world.put_image(image)
    return json_reply({"id": image.id}, 201)


async def add_volume(request: Request) -> Response:
    """Add an available volume at a site."""
    order = await order_of(request, VolumeOrder)
    site = site_of(request, order.site)
    world = engine_of(request).world
    volume = VolumeRecord(
        id=order.id or world.new_identifier("volume"),
        site=site.name,
        project_id=world.deployment.projects[0].id,
        user_id=world.deployment.users[0].id,
        name=order.name,
        size=order.size,
        used=order.used,
        clone_of=order.clone_of,
        encrypted=order.encrypted,
        bootable=order.bootable,
        metadata=order.metadata,
        created_at=world.now,
        updated_at=world.now,
    )
    world.put_rbd(site, site.volumes_pool, rbd_name(volume), rbd_record(volume, site))
    world.put_volume(volume)
    return json_reply({"id": volume.id}, 201)


async def add_backup(request: Request) -> Response:
    """Add a backup of what a volume holds now, whole or an increment, or one that failed."""
    order = await order_of(request, BackupOrder)
    world = engine_of(request).world
    volume = world.volumes.get(order.volume_id)
    site = world.deployment.site(volume.site) if volume else None
    if volume is None or site is None:
        raise Refusal(404, f"There is no volume {order.volume_id}.")
    hub, parent = world.deployment.hub, world.block.backups.get(order.parent)
    identifier = world.new_identifier("backup")
    backup = made_backup(identifier, hub, volume, world.now - order.age, parent)
    backup = replace(backup, name=order.name, metadata=order.metadata)
    source = world.record(site.name, site.volumes_pool, rbd_name(volume))
    if order.fail_reason or source is None:
        failed = replace(backup, status="error", fail_reason=order.fail_reason, base="", point="")
        world.block.put_backup(failed)
        return json_reply({"id": identifier}, 201)
    data = seen_data(world, site.name, rbd_name(volume), source)
    there = world.record(hub.name, hub.backups_pool, backup.base)
    record = base_of([backup], data) if there is None else with_point(there, backup, data)
    if record is not None:
        world.put_rbd(hub, hub.backups_pool, backup.base, record)
    world.put_rbd(site, site.volumes_pool, rbd_name(volume), with_point(source, backup, data))
    world.block.put_backup(backup)
    if parent is not None:
        world.block.put_backup(replace(parent, dependents=parent.dependents + 1))
    return json_reply({"id": identifier}, 201)


async def set_quota(request: Request) -> Response:
    """Set a project's quotas."""
    order = await order_of(request, QuotaOrder)
    world = engine_of(request).world
    project = world.deployment.project(order.project)
    if project is None:
        raise Refusal(404, f"There is no project {order.project}.")
    world.block.put_quota(project.id, order.quota)
    return Response(status_code=204)


async def change_rbd(request: Request) -> Response:
    """Harm an RBD image behind the services' backs."""
    order = await order_of(request, RbdOrder)
    site = site_of(request, order.site)
    world = engine_of(request).world
    pool = order.pool or site.images_pool
    record = world.rbd(site, pool).get(order.name)
    if record is None:
        raise Refusal(404, f"There is no RBD image {order.name} at {site.name}.")
    if order.action == "remove":
        world.drop_rbd(site, pool, order.name)
    elif order.action == "trash":
        world.drop_rbd(site, pool, order.name)
        world.block.move_to_trash(site.name, pool, order.name)
    elif order.action == "remove-snap":
        bare = replace(record, snap=False, snap_protected=False)
        world.put_rbd(site, pool, order.name, bare)
    elif order.action == "corrupt":
        world.put_rbd(site, pool, order.name, replace(record, corrupt=True))
    else:
        raise Refusal(400, "The action is remove, trash, remove-snap or corrupt.")
    return Response(status_code=204)


async def add_rbd(request: Request) -> Response:
    """Add an RBD image of no volume."""
    order = await order_of(request, RbdImageOrder)
    site = site_of(request, order.site)
    world = engine_of(request).world
    pool = order.pool or site.volumes_pool
    if order.name in world.rbd(site, pool):
        raise Refusal(409, f"There is an RBD image {order.name} at {site.name}.")
    parent = RbdParent(pool=pool, image=order.parent, snapshot="snap") if order.parent else None
    record = RbdRecord(
        size=order.size,
        used=min(order.size, order.objects * OBJECT),
        snap=False,
        snap_protected=False,
        features=order.features,
        parent=parent,
        created_at=world.now,
        modified_at=world.now,
    )
    world.put_rbd(site, pool, order.name, record)
    return Response(status_code=201)


async def write_rbd(request: Request) -> Response:
    """Write to an RBD image as a client does; refused where it is not primary."""
    order = await order_of(request, WriteOrder)
    site = site_of(request, order.site)
    world = engine_of(request).world
    pool = order.pool or site.volumes_pool
    record = world.rbd(site, pool).get(order.name)
    if record is None:
        raise Refusal(404, f"There is no RBD image {order.name} at {site.name}.")
    if record.mirroring is not None and not record.mirroring.primary:
        raise Refusal(409, f"The RBD image {order.name} is not primary at {site.name}.")
    changes = {number: order.seed and f"{order.seed}/{number}" for number in order.objects}
    write(world, site, pool, order.name, changes, order.entries, world.now)
    if order.every:
        world.mirrors.put_writer(
            WriterRecord(
                site=site.name,
                pool=pool,
                name=order.name,
                seconds=order.every,
                entries=order.entries,
                due_at=world.now + order.every,
                server_id=order.server_id,
            )
        )
    return Response(status_code=204)


async def add_server(request: Request) -> Response:
    """Add a running server at a site, with a volume attached if one is named."""
    order = await order_of(request, ServerOrder)
    site = site_of(request, order.site)
    world = engine_of(request).world
    server = ServerRecord(
        id=world.new_identifier("server"),
        name=order.name,
        project_id=world.deployment.projects[0].id,
        user_id=world.deployment.users[0].id,
        availability_zone=site.availability_zone,
        host=f"compute-{site.name}-0",
        created_at=world.now,
        status=order.status,
        image_id=order.image or None,
        metadata=order.metadata,
    )
    world.put_server(server)
    wanted = [(order.root, server.root_device)] if order.root else []
    wanted += zip(order.volumes, ("/dev/vdb", "/dev/vdc", "/dev/vdd", "/dev/vde"), strict=False)
    for volume_id, device in wanted:
        volume = world.volumes.get(volume_id)
        if volume is None:
            raise Refusal(404, f"There is no volume {volume_id}.")
        attach(world, server, volume, device)
    return json_reply({"id": server.id}, 201)


ROUTES = [
    Route("/images", add_image, methods=["POST"]),
    Route("/volumes", add_volume, methods=["POST"]),
    Route("/backups", add_backup, methods=["POST"]),
    Route("/quotas", set_quota, methods=["PUT"]),
    Route("/servers", add_server, methods=["POST"]),
    Route("/rbd", change_rbd, methods=["POST"]),
    Route("/rbd/new", add_rbd, methods=["POST"]),
    Route("/rbd/write", write_rbd, methods=["POST"]),
]
