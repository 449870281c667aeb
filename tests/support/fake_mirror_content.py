"""What is inside the RBD images of a ``fake_mirroring.World``, and who asks for it."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence

from fake_mirror_state import Held, Plant
from fake_mirroring import OBJECT, World

from dcn_console.ceph.content import UsedObjects
from dcn_console.model.errors import (
    ClusterError,
    ClusterUnreachable,
    RbdImageExists,
    RbdImageNotFound,
)
from dcn_console.model.mirroring import ImageSnapshot, MirrorImage, RbdDetail, RemoteStatus

Progress = Callable[[int, int], None]


class Part:
    def __init__(self, world: World, site: str) -> None:
        self._world = world
        self._site = site

    def reach(self) -> Plant:
        """Return the cluster's content, after its daemons had their turn."""
        self._world.move()
        plant = self._world.plants[self._site]
        if not plant.reachable:
            raise ClusterUnreachable(f"Site {self._site}: the cluster does not answer.")
        return plant

    def find(self, pool: str, name: str) -> Held:
        held = self.reach().images.get((pool, name))
        if held is None:
            raise RbdImageNotFound(f"Site {self._site}: there is no RBD image {pool}/{name}.")
        return held

    def wrote(self, what: str) -> None:
        """Write down a change; a test may kill whoever asked for it, here."""
        text = f"{self._site} {what}"
        self._world.writes.append(text)
        self._world.after_write(text)


class FakeContent(Part):
    """In the place of ``ceph.content.ClusterContent``."""

    async def detail(self, pool: str, name: str) -> RbdDetail:
        held = self.find(pool, name)
        return RbdDetail(
            name=name,
            id=held.id,
            size=held.size,
            object_size=OBJECT,
            features=held.features,
            flags=held.flags,
            parent=held.parent,
            watchers=held.watchers,
            lock_owner=held.lock_owner,
            created_at=held.created_at,
            modified_at=held.modified_at,
            snapshots=held.snapshots,
            mirror_snapshots=held.mirror_snapshots,
            mirroring=mirroring_of(name, held) if held.mode is not None else None,
        )

    async def get_metadata(self, pool: str, name: str, key: str) -> str | None:
        return self.find(pool, name).metadata.get(key)

    async def set_metadata(self, pool: str, name: str, key: str, value: str) -> None:
        self.find(pool, name).metadata[key] = value
        self.wrote(f"note {name}")

    async def remove_metadata(self, pool: str, name: str, key: str) -> None:
        self.find(pool, name).metadata.pop(key, None)
        self.wrote(f"forget {name}")

    async def check_write(self, pool: str, name: str) -> None:
        self.find(pool, name)
        if not self.reach().writable:
            raise ClusterError(f"Site {self._site}: permission denied to client.openstack.")

    async def rebuild_object_map(
        self, pool: str, name: str, on_progress: Progress | None = None
    ) -> None:
        self.find(pool, name)
        self.wrote(f"rebuild {name}")

    async def set_features(
        self, pool: str, name: str, *, enable: int = 0, disable: int = 0
    ) -> None:
        held = self.find(pool, name)
        held.features = (held.features | enable) & ~disable
        self.wrote(f"features {name} +{enable} -{disable}")

    async def flatten(self, pool: str, name: str, on_progress: Progress | None = None) -> None:
        self.find(pool, name).parent = None
        self.wrote(f"flatten {name}")

    async def used_objects(
        self, pool: str, name: str, snapshot_id: int | None = None
    ) -> UsedObjects:
        held = self.find(pool, name)
        data = data_of(held, snapshot_id)
        return UsedObjects(numbers=tuple(sorted(data)), object_size=OBJECT, size=held.size)

    async def hash_objects(
        self,
        pool: str,
        name: str,
        numbers: Sequence[int],
        snapshot_id: int | None = None,
        on_progress: Progress | None = None,
    ) -> dict[int, str]:
        data = data_of(self.find(pool, name), snapshot_id)
        if on_progress is not None:
            on_progress(len(numbers), len(numbers))
        return {
            number: hashlib.sha256(data.get(number, "").encode()).hexdigest() for number in numbers
        }

    async def create_snapshot(self, pool: str, name: str, snapshot: str) -> None:
        held = self.find(pool, name)
        if any(one.name == snapshot for one in held.snapshots):
            raise RbdImageExists(snapshot)
        number = held.next_id()
        held.frozen[number] = dict(held.data)
        made = ImageSnapshot(id=number, name=snapshot, size=held.size)
        held.snapshots = (*held.snapshots, made)
        held.written += 1
        self.wrote(f"create snapshot {name}@{snapshot}")

    async def remove_snapshot(self, pool: str, name: str, snapshot: str) -> None:
        held = self.find(pool, name)
        held.snapshots = tuple(one for one in held.snapshots if one.name != snapshot)
        held.written += 1
        self.wrote(f"remove snapshot {name}@{snapshot}")

    async def read(
        self, pool: str, name: str, offset: int, length: int, snapshot_id: int | None = None
    ) -> bytes:
        held = self.find(pool, name)
        wanted = min(length, held.size - offset)
        return held.raw[offset : offset + wanted].ljust(wanted, b"\0")

    async def copy_within(
        self,
        pool: str,
        name: str,
        to_pool: str,
        to_name: str,
        owner: str,
        snapshot_id: int | None = None,
        on_progress: Progress | None = None,
    ) -> None:
        held = self.find(pool, name)
        plant = self.reach()
        there = plant.images.get((to_pool, to_name))
        if there is not None and there.owner != owner:
            raise RbdImageExists(f"{to_pool}/{to_name}")
        await asyncio.sleep(0)
        if on_progress is not None:
            on_progress(held.size // 2, held.size)
        made = Held(id=self._world.new_id(), size=held.size, created_at=self._world.clock.now)
        made.data, made.owner = dict(data_of(held, snapshot_id)), owner
        made.raw = held.raw
        plant.images[to_pool, to_name] = made
        self.wrote(f"copy {name} to {to_name}")

    async def remove_owned(self, pool: str, name: str, owner: str) -> bool:
        plant = self.reach()
        held = plant.images.get((pool, name))
        if held is None:
            return False
        if held.owner != owner:
            raise ClusterError(f"{pool}/{name} belongs to somebody else")
        del plant.images[pool, name]
        self.wrote(f"remove {name}")
        return True


def data_of(held: Held, snapshot_id: int | None) -> dict[int, str]:
    return held.data if snapshot_id is None else held.frozen[snapshot_id]


def mirroring_of(name: str, held: Held) -> MirrorImage:
    return MirrorImage(
        name=name,
        id=held.id,
        global_id=held.global_id,
        mode=held.mode,
        primary=held.primary,
        status=held.status,
        remote=tuple(
            RemoteStatus(mirror_uuid=f"uuid-{site}", status=status)
            for site, status in held.remote.items()
        ),
    )
