"""Reading the inventory once for a list, and saying what of it could not be read."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dcn_console.cli.framework import Session
from dcn_console.cli.messages import say, warn
from dcn_console.cli.status import ExitStatus
from dcn_console.model.inventory import Inventory, Snapshot
from dcn_console.model.rows import Rows
from dcn_console.model.tasks import Task
from dcn_console.model.text import printable

STORES = frozenset({"stores", "images", "clusters"})
IMAGES = frozenset({"images", "stores", "clusters", "copies"})
VOLUMES = frozenset({"volumes", "images", "servers"})
SERVERS = frozenset({"servers", "volumes"})
SNAPSHOTS = frozenset({"snapshots", "volumes"})
BACKUPS = frozenset({"backups", "volumes", "services"})
BACKUP_PLANS = frozenset({"backups", "volumes", "marked"})
SITES = frozenset({"stores", "images", "volumes", "services", "clusters"})


@dataclass(frozen=True, repr=False)
class Reading:
    """One reading of the inventory, joined."""

    inventory: Inventory
    rows: Rows


async def read_inventory(session: Session, wanted: frozenset[str]) -> Reading:
    """Read the ``wanted`` parts from the services and join them.

    A part that fails is left empty with its error. Raises ConfigError for unusable
    credentials, ServiceError when the identity service does not let us in.
    """
    from dcn_console.inventory.collect import collect
    from dcn_console.inventory.join import rows
    from dcn_console.inventory.services import Services

    tasks = _stored_tasks(session)
    services = await Services.open(session.settings)
    try:
        inventory = await collect(services, wanted)
    finally:
        await services.close()
    joined = rows(inventory, tasks, datetime.now(UTC), plans=session.settings.backup_plans)
    return Reading(inventory=inventory, rows=joined)


def _stored_tasks(session: Session) -> tuple[Task, ...]:
    """Return the tasks of the session's task store, so that rows tell of copies under way."""
    from dcn_console.tasks.location import task_folder
    from dcn_console.tasks.store import TaskStore

    folder = task_folder(session.paths.state_folder, session.settings.cloud)
    if not folder.store.exists():
        return ()
    store = TaskStore(folder.store)
    try:
        return store.tasks()
    finally:
        store.close()


def report_problems(reading: Reading, main: str) -> ExitStatus:
    """Warn on stderr of every part that failed, and return the status of the list.

    FAILURE when the part called ``main`` has no rows for its error, PARTLY_DONE when it has
    only some.
    """
    status = ExitStatus.SUCCESS
    for name, snapshot in _snapshots(reading.inventory):
        if snapshot.notice:
            say(f"note: {printable(snapshot.notice)}")
        if snapshot.error is None:
            continue
        warn(f"{name}: {printable(snapshot.error)}")
        if name == main:
            status = ExitStatus.PARTLY_DONE if snapshot.rows else ExitStatus.FAILURE
    if not reading.inventory.topology.sites:
        warn("No sites are configured. Find them with: dcn-console init")
    return status


def _snapshots(inventory: Inventory) -> Iterator[tuple[str, Snapshot[Any]]]:
    yield "stores", inventory.stores
    yield "images", inventory.images
    yield "volumes", inventory.volumes
    yield "services", inventory.services
    yield "servers", inventory.servers
    yield "snapshots", inventory.snapshots
    yield "backups", inventory.backups
    yield "volumes of backup plans", inventory.marked
    for site, snapshot in inventory.clusters.items():
        yield f"cluster of {printable(site)}", snapshot
    for site, mirrors in inventory.mirrors.items():
        yield f"mirroring at {printable(site)}", mirrors
