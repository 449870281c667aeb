"""How imports end: store by store, as a whole, or not at all.

Glance reverts the steps of a failed import in the opposite order; what was never begun is not
reverted, so the stores behind a failed one stay in os_glance_importing_to_stores
(glance/async_/flows/api_image_import.py).
"""

from msgspec.structs import replace

from dcn_console.simulator.data import Prepared, digests, invented_hash
from dcn_console.simulator.records import (
    ACTIVE_PHASES,
    COPY_IMAGE,
    MIB,
    WEB_DOWNLOAD,
    Content,
    ImageRecord,
    Phase,
    RbdRecord,
    TaskRecord,
)
from dcn_console.simulator.world import World

FAILURE_MESSAGE = "Task failed due to Internal Error"
LOCK_PREEMPTED = "Expired lock preempted"
LIFETIME_SECONDS = 48 * 3600.0
"""How long a finished task's record is kept (task_time_to_live)."""
SYNTHETIC_LIMIT = 16 * MIB
"""Images up to this size get real bytes when they are created by the simulator itself."""


def is_missing_source(uri: str) -> bool:
    """Whether a web-download of ``uri`` fails: its last part is "nothing" or "missing…"."""
    name = uri.rsplit("/", 1)[-1]
    return name == "nothing" or name.startswith("missing")


def downloaded(image: ImageRecord, size: int) -> ImageRecord:
    """Return the image with what Glance learns once it has fetched and converted its data."""
    return replace(with_data(image, size), disk_format="raw")


def with_prepared(image: ImageRecord, ready: Prepared) -> ImageRecord:
    """Return the image with data that was fetched or converted."""
    known = ready.digests
    if known is None:
        return image
    disk_format = "raw" if ready.is_converted else image.disk_format
    return replace(
        image,
        disk_format=disk_format,
        size=known.size,
        virtual_size=known.size if disk_format == "raw" else None,
        checksum=known.checksum,
        hash_algorithm="sha512",
        hash_value=known.sha512,
        content=Content.KEPT if ready.is_kept else Content.MADE_UP,
    )


def with_data(image: ImageRecord, size: int) -> ImageRecord:
    """Return the image with bytes of its own, or with invented hashes when it is a big one."""
    if size > SYNTHETIC_LIMIT:
        return replace(
            image,
            size=size,
            virtual_size=size,
            hash_algorithm="sha512",
            hash_value=invented_hash(image.id),
        )
    known = digests(image.id, size)
    return replace(
        image,
        size=size,
        virtual_size=size,
        checksum=known.checksum,
        hash_algorithm="sha512",
        hash_value=known.sha512,
        content=Content.SYNTHETIC,
    )


def finish_store(world: World, task: TaskRecord) -> None:
    """Record that the current store has the data; go on with the next one or end the task."""
    store, *rest = task.remaining
    image = world.image(task.image_id)
    site = world.deployment.site_of_store(store)
    if site is not None:
        record = RbdRecord(size=task.size, used=task.size)
        world.put_rbd(site, site.images_pool, image.id, record)
    is_active = task.method == COPY_IMAGE or not task.must_succeed or not rest
    world.put_image(
        replace(
            image,
            status="active" if is_active else image.status,
            stores=(*image.stores, store),
            importing_to=_without(image.importing_to, store),
            updated_at=world.now,
        )
    )
    _go_on(world, task, tuple(rest))


def fail_source_or_store(world: World, task: TaskRecord) -> None:
    """Give up a connection that nobody answers, to the source or to the current store."""
    if task.phase is Phase.FETCHING:
        fail_task(world, task)
    else:
        fail_store(world, task)


def fail_store(world: World, task: TaskRecord) -> None:
    """Record that the current store failed: go on, or revert all when all must succeed."""
    store, *rest = task.remaining
    image = world.image(task.image_id)
    site = world.deployment.site_of_store(store)
    if site is not None:
        record = world.rbd(site, site.images_pool).get(image.id)
        if record is not None and not record.snap and task.done:
            world.drop_rbd(site, site.images_pool, image.id)
    image = replace(
        image,
        importing_to=_without(image.importing_to, store),
        failed_stores=tuple(sorted({*(image.failed_stores or ()), store})),
        updated_at=world.now,
    )
    world.put_image(image)
    if task.must_succeed:
        _revert(world, task)
        fail_task(world, task)
    else:
        _go_on(world, task, tuple(rest))


def _go_on(world: World, task: TaskRecord, rest: tuple[str, ...]) -> None:
    following = replace(task, remaining=rest, done=0.0, waited=0.0, since_report=0.0)
    if rest:
        world.put_task(following)
        return
    world.staged.discard(task.image_id)
    image = world.image(task.image_id)
    if task.method != COPY_IMAGE and image.status != "active":
        fail_task(world, following)
        return
    world.put_task(
        replace(
            following,
            status="success",
            phase=Phase.OVER,
            updated_at=world.now,
            expires_at=world.now + LIFETIME_SECONDS,
        )
    )
    world.put_image(replace(image, import_task=None))


def _revert(world: World, task: TaskRecord) -> None:
    """Remove the copies this task has made so far."""
    image = world.image(task.image_id)
    done = task.stores[: len(task.stores) - len(task.remaining)]
    for store in done:
        site = world.deployment.site_of_store(store)
        if site is not None and store in image.stores:
            world.drop_rbd(site, site.images_pool, image.id)
    kept = tuple(store for store in image.stores if store not in done)
    world.put_image(
        replace(
            image,
            stores=kept,
            size=image.size if kept else None,
            checksum=image.checksum if kept else None,
            hash_algorithm=image.hash_algorithm if kept else None,
            hash_value=image.hash_value if kept else None,
        )
    )


def fail_download(world: World, task: TaskRecord) -> None:
    """End a web-download whose source gave nothing: every store counts as failed."""
    image = world.image(task.image_id)
    targets = set(task.stores)
    world.put_image(
        replace(
            image,
            importing_to=tuple(sorted(set(image.importing_to or ()) - targets)),
            failed_stores=tuple(sorted(set(image.failed_stores or ()) | targets)),
        )
    )
    fail_task(world, task)


def fail_task(world: World, task: TaskRecord, message: str = FAILURE_MESSAGE) -> None:
    """End a task as failed and drop the image's lock where this task holds it."""
    world.put_task(
        replace(
            task,
            status="failure",
            phase=Phase.OVER,
            message=message,
            updated_at=world.now,
            expires_at=world.now + LIFETIME_SECONDS,
        )
    )
    image = world.images.get(task.image_id)
    if image is None or image.import_task != task.id:
        return
    fell_back = task.method != COPY_IMAGE and image.status == "importing"
    world.put_image(
        replace(
            image,
            import_task=None,
            status="queued" if fell_back else image.status,
            size=None if fell_back and task.method == WEB_DOWNLOAD else image.size,
        )
    )


def abandon_all(world: World) -> int:
    """Let Glance's process die: nobody works on its tasks any more; return how many they were."""
    tasks = world.active_tasks()
    for task in tasks:
        if task.phase is Phase.UPLOADING:
            site = world.deployment.site_of_store(task.remaining[0])
            record = site and world.rbd_image(site, site.images_pool, task.image_id)
            if site and record and not record.snap:
                world.put_rbd(site, site.images_pool, task.image_id, record)
        if task.phase in ACTIVE_PHASES:
            world.put_task(replace(task, phase=Phase.ABANDONED))
    return len(tasks)


def _without(stores: tuple[str, ...] | None, store: str) -> tuple[str, ...]:
    return tuple(item for item in stores or () if item != store)
