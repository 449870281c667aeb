"""What a task has made, found by its mark at every service."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ServiceError
from dcn_console.model.inventory import Image, Server, Volume
from dcn_console.model.storage import Backup, VolumeSnapshot
from dcn_console.model.text import count, printable
from dcn_console.operations.cinder_waiting import is_final
from dcn_console.operations.marks import TASK_KEY
from dcn_console.operations.upload_volume.names import SCRATCH_NAMES
from dcn_console.operations.validate_site.parameters import NAMES

_OURS = (NAMES, SCRATCH_NAMES)
_GONE = frozenset({"deleted", "pending_delete", "DELETED", "SOFT_DELETED"})


@dataclass(frozen=True)
class Leftovers:
    """Everything that carries the mark of one of some tasks and bears a name that they give.

    The mark alone is not enough: it goes on to images that somebody makes of ours, and to volumes
    restored of a backup that somebody made (Nova's createImage, Cinder's upload-to-image, restore).
    ``unknown`` says what could not be looked for, and why; ``may_be_told`` whether that may pass.
    """

    servers: tuple[Server, ...] = ()
    backups: tuple[Backup, ...] = ()
    snapshots: tuple[VolumeSnapshot, ...] = ()
    volumes: tuple[Volume, ...] = ()
    images: tuple[Image, ...] = ()
    unknown: tuple[str, ...] = ()
    may_be_told: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it is known that there is nothing."""
        return not (self.unknown or self.words)

    @property
    def words(self) -> str:
        """What there is, in numbers, "" for nothing."""
        counted = (
            (len(self.servers), "server"),
            (len(self.backups), "backup"),
            (len(self.snapshots), "snapshot"),
            (len(self.volumes), "volume"),
            (len(self.images), "image"),
        )
        return ", ".join(count(number, noun) for number, noun in counted if number)

    @property
    def names(self) -> str:
        """What there is, by name and id."""
        things = (
            *(("server", one.label, one.id) for one in self.servers),
            *(("backup", one.label, one.id) for one in self.backups),
            *(("snapshot", one.label, one.id) for one in self.snapshots),
            *(("volume", one.label, one.id) for one in self.volumes),
            *(("image", one.label, one.id) for one in self.images),
        )
        return ", ".join(f"{kind} “{printable(label, 60)}” ({key})" for kind, label, key in things)


async def leftovers(
    services: Services,
    tasks: Collection[str],
    names: Collection[str],
    *,
    with_servers: bool,
) -> Leftovers:
    """Look at every service for what ``tasks`` made; a service that does not answer is told.

    ``names`` are those that images bear which Cinder uploads, until they are marked.
    """
    unknown: list[str] = []
    may_be_told = False
    servers: list[Server] = []
    backups: list[Backup] = []
    snapshots: list[VolumeSnapshot] = []
    volumes: list[Volume] = []
    images: dict[str, Image] = {}

    async def told(what: str, looking: Callable[[], Awaitable[None]]) -> None:
        nonlocal may_be_told
        try:
            await looking()
        except ServiceError as error:
            may_be_told |= not is_final(error)
            unknown.append(f"whether any {what} is left is not known: {error.message}")

    async def look_for_servers() -> None:
        for task in tasks:
            if services.nova is not None:
                servers.extend(await services.nova.made_with({TASK_KEY: task}))

    async def look_for_backups() -> None:
        async for page in services.cinder.backups.pages():
            backups.extend(one for one in page if one.metadata.get(TASK_KEY) in tasks)

    async def look_for_snapshots() -> None:
        for task in tasks:
            snapshots.extend(await services.cinder.snapshots.made_with({TASK_KEY: task}))

    async def look_for_volumes() -> None:
        for task in tasks:
            volumes.extend(await services.cinder.volumes.made_with({TASK_KEY: task}))

    async def look_for_images() -> None:
        for task in tasks:
            found = await services.glance.images.made_with({TASK_KEY: task})
            images.update((one.id, one) for one in found)
        for name in names:
            found = await services.glance.images.named(name)
            images.update((one.id, one) for one in found)

    if with_servers:
        await told("server", look_for_servers)
    await told("backup", look_for_backups)
    await told("snapshot", look_for_snapshots)
    await told("volume", look_for_volumes)
    await told("image", look_for_images)
    return Leftovers(
        servers=tuple(one for one in servers if _is_ours(one) and one.status not in _GONE),
        backups=tuple(filter(_is_ours, backups)),
        snapshots=tuple(filter(_is_ours, snapshots)),
        volumes=tuple(filter(_is_ours, volumes)),
        images=tuple(one for one in images.values() if _is_ours(one) and one.status not in _GONE),
        unknown=tuple(unknown),
        may_be_told=may_be_told,
    )


def _is_ours(thing: Server | Backup | VolumeSnapshot | Volume | Image) -> bool:
    return (thing.name or "").startswith(_OURS)
