"""How imports move through time: staging, then store by store, as Glance's tasks do.

Sources: glance/async_/flows/api_image_import.py and _internal_plugins/copy_image.py, and the
behaviour measured on a real cloud. One task serves its stores one after another; a store whose
OSDs are down makes it wait for ever, a store whose mon is dead until the connection times out.
"""

import math
from collections import Counter

from msgspec.structs import replace

from dcn_console.simulator import import_outcome as outcome
from dcn_console.simulator.capacity import fill
from dcn_console.simulator.records import (
    COPY_IMAGE,
    GLANCE_DIRECT,
    MIB,
    WEB_DOWNLOAD,
    ImageRecord,
    Phase,
    RbdRecord,
    SimulatedSite,
    TaskRecord,
)
from dcn_console.simulator.world import World

REPORT_SECONDS = 60.0
"""Glance's task message is refreshed at most this often (CallbackIterator's min_interval)."""
FAILING_FRACTION = 0.3
"""How much of an image a failing store takes before it breaks off."""
_ALMOST = 1e-9
_HALF_A_BYTE = 0.5


def advance_imports(world: World, now: float) -> None:
    """Move every running import from ``world.now`` to ``now``."""
    while world.now < now:
        while any(_begin(world, task) for task in world.active_tasks()):
            pass
        tasks = world.active_tasks()
        rates = _rates(world, tasks)
        step = min((_seconds_to_event(world, task, rates) for task in tasks), default=math.inf)
        step = min(step, now - world.now)
        world.now = now if now - world.now - step < _ALMOST else world.now + step
        for task in tasks:
            _move(world, task, step, rates)
        if not tasks:
            break
    world.now = max(world.now, now)


def _site(world: World, task: TaskRecord) -> SimulatedSite | None:
    """The site that the current phase reads from or writes to."""
    if task.phase is Phase.FETCHING:
        return world.deployment.site(task.source_site) if task.source_site else None
    if task.phase is Phase.UPLOADING:
        return world.deployment.site_of_store(task.remaining[0])
    return None


def _link(world: World, task: TaskRecord) -> str:
    site = _site(world, task)
    return f"{task.phase}/{site.name if site else ''}"


def _rates(world: World, tasks: tuple[TaskRecord, ...]) -> dict[str, float]:
    """Bytes a second of each task; tasks on one link share its bandwidth, blocked ones have 0."""
    moving = [task for task in tasks if not _is_waiting(world, task)]
    sharers = Counter(_link(world, task) for task in moving)
    rates = dict.fromkeys((task.id for task in tasks), 0.0)
    for task in moving:
        site = _site(world, task)
        if task.phase is Phase.PENDING:
            continue
        if site is None:
            full = world.deployment.hub.staging_bandwidth
        else:
            full = site.bandwidth if task.phase is Phase.UPLOADING else site.staging_bandwidth
        rates[task.id] = full / sharers[_link(world, task)]
    return rates


def _is_waiting(world: World, task: TaskRecord) -> bool:
    site = _site(world, task)
    if site is None:
        return False
    return world.is_blocked(site) or (task.done == 0 and world.is_unconnectable(site))


def _is_connecting(world: World, task: TaskRecord) -> bool:
    site = _site(world, task)
    return site is not None and task.done == 0 and world.is_unconnectable(site)


def _goal(world: World, task: TaskRecord) -> float:
    """The bytes at which the current phase ends."""
    if task.phase is Phase.UPLOADING and task.remaining[0] in world.faults.failing_stores:
        return task.size * FAILING_FRACTION
    return float(task.size)


def _seconds_to_event(world: World, task: TaskRecord, rates: dict[str, float]) -> float:
    if task.phase is Phase.PENDING:
        if task.image_id in world.preparing:
            return math.inf
        return max(0.0, world.deployment.start_seconds - task.done)
    if _is_connecting(world, task):
        return max(0.0, 2 * world.deployment.connect_timeout_seconds - task.waited)
    rate = rates[task.id]
    if not rate:
        return math.inf
    end = max(0.0, _goal(world, task) - task.done) / rate
    if task.phase is Phase.UPLOADING:
        return min(end, max(0.0, REPORT_SECONDS - task.since_report))
    return end


def _move(world: World, task: TaskRecord, step: float, rates: dict[str, float]) -> None:
    """Let ``step`` seconds pass for a task and do what is due at their end."""
    fires = _seconds_to_event(world, task, rates) - step < _ALMOST
    if task.phase is Phase.PENDING:
        world.put_task(replace(task, done=task.done + step))
        if fires:
            _start(world, task)
        return
    if _is_connecting(world, task):
        world.put_task(replace(task, waited=task.waited + step))
        if fires:
            outcome.fail_source_or_store(world, task)
        return
    moved = replace(
        task,
        done=min(_goal(world, task), task.done + step * rates[task.id]),
        since_report=task.since_report + step,
    )
    world.put_task(moved)
    if fires:
        _reach(world, moved)


def _start(world: World, task: TaskRecord) -> None:
    """Take up a pending task: mark the image, then look for the data."""
    image = world.images.get(task.image_id)
    if image is None:
        outcome.fail_task(world, task)
        return
    targets = set(task.stores)
    world.put_image(
        replace(
            image,
            status=image.status if task.method == COPY_IMAGE else "importing",
            importing_to=tuple(sorted(targets | set(image.importing_to or ()))),
            failed_stores=tuple(sorted(set(image.failed_stores or ()) - targets)),
            updated_at=world.now,
        )
    )
    started = replace(
        task, status="processing", phase=Phase.FETCHING, done=0.0, updated_at=world.now
    )
    if task.method == WEB_DOWNLOAD:
        _start_download(world, started)
        return
    if task.method == GLANCE_DIRECT and image.id in world.prepared:
        world.put_image(outcome.with_prepared(world.image(image.id), world.prepared.pop(image.id)))
    image = world.image(image.id)
    started = replace(started, size=image.size or 0)
    if image.id in world.staged or task.method != COPY_IMAGE:
        world.put_task(replace(started, phase=Phase.UPLOADING, since_report=0.0))
        return
    source = _source(world, image)
    if source is None:
        outcome.fail_task(world, started)
    else:
        world.put_task(replace(started, source_site=source.name))


def _start_download(world: World, task: TaskRecord) -> None:
    uri = str(task.request.get("method", {}).get("uri", ""))
    ready = world.prepared.get(task.image_id)
    if outcome.is_missing_source(uri) or (ready is not None and ready.digests is None):
        world.prepared.pop(task.image_id, None)
        outcome.fail_download(world, task)
        return
    known = ready.digests.size if ready is not None and ready.digests is not None else None
    size = world.deployment.web_image_bytes if known is None else known
    world.put_task(replace(task, size=size))


def _source(world: World, image: ImageRecord) -> SimulatedSite | None:
    """The site copy-image reads from: the default store's first, then the others in order."""
    default = world.deployment.default_store
    for store in sorted(image.stores, key=lambda name: name != default):
        site = world.deployment.site_of_store(store)
        if site and world.rbd_image(site, site.images_pool, image.id):
            return site
    return None


def _reach(world: World, task: TaskRecord) -> None:
    """Do what is due when a phase ends, or when a message is."""
    image = world.images.get(task.image_id)
    if image is None or image.import_task != task.id:
        outcome.fail_task(world, task)
        return
    ended = task.done >= _goal(world, task) - _HALF_A_BYTE
    if not ended:
        world.put_task(_reported(world, task))
    elif task.phase is Phase.FETCHING:
        world.staged.add(image.id)
        if task.method == WEB_DOWNLOAD:
            ready = world.prepared.pop(image.id, None)
            if ready is None:
                world.put_image(outcome.downloaded(image, task.size))
            else:
                world.put_image(outcome.with_prepared(image, ready))
        world.put_task(replace(task, phase=Phase.UPLOADING, done=0.0, waited=0.0, since_report=0.0))
    elif task.remaining[0] in world.faults.failing_stores:
        outcome.fail_store(world, task)
    else:
        outcome.finish_store(world, _reported(world, task))


def _reported(world: World, task: TaskRecord) -> TaskRecord:
    return replace(
        task,
        message=f"Copied {int(task.done) // MIB} MiB",
        updated_at=world.now,
        since_report=0.0,
    )


def _begin(world: World, task: TaskRecord) -> bool:
    """Open the current store for an upload that has not begun: create the RBD image there.

    Return whether the task changed: a store that cannot take the image is given up at once.
    A leftover of an import whose glance-api died blocks its store
    (glance_store/_drivers/rbd.py: Duplicate).
    """
    if task.phase is not Phase.UPLOADING or task.done or _is_waiting(world, task):
        return False
    site = world.deployment.site_of_store(task.remaining[0])
    if site is None:
        outcome.fail_store(world, task)
        return True
    existing = world.rbd(site, site.images_pool).get(task.image_id)
    if existing is None and fill(world, site).available >= task.size:
        partial = RbdRecord(size=task.size, used=0, snap=False, snap_protected=False)
        world.put_rbd(site, site.images_pool, task.image_id, partial)
    elif existing is None or existing.snap or existing.used:
        outcome.fail_store(world, task)
        return True
    return False
