"""Cinder's volumes and snapshots with the RBD images behind them, for tests of operations.

They behave as measured on Cinder 21.3 with the RBD driver: a volume of a raw image or of a
snapshot is a clone, and a failure shows as a status and a message.
Sizes are bytes.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import msgspec
from fake_backups import (
    DELETE_SECONDS,
    BackupCinder,
    BackupServices,
    FakeSnapshots,
    FakeVolumes,
    add_snapshot,
)
from fake_dcn import an_image
from fake_mirror_cluster import FakeCluster
from fake_mirror_content import FakeContent
from fake_mirror_state import Held
from fake_mirroring import POOL, World

from dcn_console.model.errors import HttpError, ObjectNotFound
from dcn_console.model.inventory import Image, RbdChild, RbdImage, Volume
from dcn_console.model.mirroring import RbdParent
from dcn_console.model.storage import NewVolume, UserMessage, VolumeSnapshot

GIB = 1024**3
SECONDS = 3.0
IMAGES = "images"


class RichVolumes(FakeVolumes):
    """Volumes of images and snapshots too. ``flat`` makes full copies where clones are wanted."""

    flat = False
    stuck = False
    """Whether extending is agreed to and never happens."""

    async def create(self, new: NewVolume) -> Volume:
        storage = self.storage
        zone = storage.zone_fallback or new.availability_zone
        volume = storage.add_volume(
            storage.new_id("volume"), storage.site_of[zone], name=new.name, status="creating"
        )
        storage.set_volume(volume.id, size=new.size, bootable=new.image_id is not None)
        held = storage.source(volume.id)
        held.data, held.size, held.parent = {}, new.size or 0, self._parent(new)
        storage.volume_metadata[volume.id] = dict(new.metadata)
        storage.begin(volume.id, SECONDS, lambda: self._settle(volume.id, "available", "error"))
        storage.change(f"create {volume.id}")
        return storage.volumes[volume.id]

    def _parent(self, new: NewVolume) -> RbdParent | None:
        if self.flat:
            return None
        if new.image_id is not None:
            return RbdParent(pool=IMAGES, image=new.image_id, snapshot="snap")
        if new.snapshot_id is not None:
            source = self.storage.snapshots[new.snapshot_id].volume_id
            return RbdParent(
                pool=POOL, image=f"volume-{source}", snapshot=f"snapshot-{new.snapshot_id}"
            )
        return None

    async def extend(self, volume_id: str, size_bytes: int) -> None:
        storage = self.storage
        before = storage.volumes[volume_id].status or ""
        if before not in ("available", "in-use"):
            raise HttpError(f"Volume {volume_id} status must be available.", 400)
        storage.set_volume(volume_id, status="extending")

        def finish() -> None:
            failed = bool(storage.fail_reason)
            self._settle(volume_id, before, "error_extending")
            if not failed and not self.stuck:
                storage.set_volume(volume_id, size=size_bytes)
                storage.source(volume_id).size = size_bytes

        storage.begin(volume_id, SECONDS, finish)
        storage.change(f"extend {volume_id}")

    def _settle(self, volume_id: str, good: str, bad: str) -> None:
        """Finish, or fail with the message that was asked for."""
        storage = self.storage
        if storage.fail_reason:
            text = UserMessage(id="m", text=storage.fail_reason, resource_id=volume_id)
            storage.messages.append(text)
            storage.fail_reason = ""
            storage.set_volume(volume_id, status=bad)
            return
        storage.set_volume(volume_id, status=good)

    async def delete(self, volume_id: str, *, cascade: bool = False) -> None:
        storage = self.storage
        storage.move()
        if volume_id not in storage.volumes:
            raise ObjectNotFound(f"volume {volume_id}: 404")
        snapshots = [one for one in storage.snapshots.values() if one.volume_id == volume_id]
        if snapshots and not cascade:
            raise HttpError("Volume must not have snapshots.", 400)
        storage.set_volume(volume_id, status="deleting")

        def finish() -> None:
            if storage.fail_reason:
                self._settle(volume_id, "available", "error_deleting")
                return
            volume = storage.volumes.pop(volume_id)
            site = storage.site_of[volume.availability_zone or ""]
            storage.world.plants[site].images.pop((POOL, f"volume-{volume_id}"), None)
            for one in snapshots:
                storage.snapshots.pop(one.id, None)

        storage.begin(volume_id, DELETE_SECONDS, finish)
        storage.change(f"delete {volume_id}")


class RichSnapshots(FakeSnapshots):
    """Snapshots that are taken and deleted."""

    async def snapshot(self, snapshot_id: str) -> VolumeSnapshot:
        self.storage.move()
        return await super().snapshot(snapshot_id)

    async def of_volume(self, volume_id: str) -> tuple[VolumeSnapshot, ...]:
        self.storage.move()
        return tuple(one for one in self.storage.snapshots.values() if one.volume_id == volume_id)

    async def made_with(self, metadata: Mapping[str, str]) -> tuple[VolumeSnapshot, ...]:
        self.storage.move()
        return tuple(
            one
            for one in self.storage.snapshots.values()
            if metadata.items() <= one.metadata.items()
        )

    async def create(
        self, volume_id: str, name: str, metadata: Mapping[str, str], *, force: bool = False
    ) -> VolumeSnapshot:
        storage = self.storage
        volume = storage.volumes[volume_id]
        if volume.status != "available" and not force:
            raise HttpError(f"Volume {volume_id} status must be available.", 400)
        snapshot = VolumeSnapshot(
            id=storage.new_id("snapshot"),
            name=name,
            status="creating",
            volume_id=volume_id,
            size=volume.size,
            metadata=dict(metadata),
            created_at=storage.now,
        )
        storage.snapshots[snapshot.id] = snapshot
        storage.begin(snapshot.id, SECONDS, lambda: self._finish(snapshot))
        storage.change(f"snapshot {volume_id}")
        return snapshot

    def _finish(self, snapshot: VolumeSnapshot) -> None:
        storage = self.storage
        if storage.fail_reason:
            text = UserMessage(id="m", text=storage.fail_reason, resource_id=snapshot.id)
            storage.messages.append(text)
            storage.fail_reason = ""
            self._set(snapshot.id, "error")
            return
        add_snapshot(storage.source(snapshot.volume_id or ""), f"snapshot-{snapshot.id}")
        self._set(snapshot.id, "available")

    def _set(self, snapshot_id: str, status: str) -> None:
        known = self.storage.snapshots
        known[snapshot_id] = msgspec.structs.replace(known[snapshot_id], status=status)

    async def delete(self, snapshot_id: str) -> None:
        snapshot = await self.snapshot(snapshot_id)
        storage = self.storage
        self._set(snapshot_id, "deleting")

        def finish() -> None:
            if storage.fail_reason:
                self._set(snapshot_id, "available")
                text = UserMessage(id="m", text=storage.fail_reason, resource_id=snapshot_id)
                storage.messages.append(text)
                return
            del storage.snapshots[snapshot_id]
            held = storage.source(snapshot.volume_id or "")
            name = f"snapshot-{snapshot_id}"
            held.snapshots = tuple(one for one in held.snapshots if one.name != name)

        storage.begin(snapshot_id, DELETE_SECONDS, finish)
        storage.change(f"delete {snapshot_id}")


class RichContent(FakeContent):
    """RBD images that know their clones."""

    async def children(self, pool: str, name: str) -> tuple[RbdChild, ...]:
        self.find(pool, name)
        return tuple(
            RbdChild(pool=where, image=child, snapshot=held.parent.snapshot)
            for (where, child), held in self.reach().images.items()
            if held.parent is not None and (held.parent.pool, held.parent.image) == (pool, name)
        )


class RichCluster(FakeCluster):
    """A cluster with names, a trash, and Glance's RBD images."""

    def __init__(self, world: World, site: str) -> None:
        super().__init__(world, site)
        self.content = RichContent(world, site)
        self.thrown_away: tuple[str, ...] = ()

    async def names(self, pool: str, prefix: str = "") -> tuple[str, ...]:
        known = self.content.reach().images
        return tuple(
            sorted(name for where, name in known if where == pool and name.startswith(prefix))
        )

    async def trash(self, pool: str) -> tuple[str, ...]:
        return self.thrown_away

    async def rbd_image(self, pool: str, name: str) -> RbdImage:
        held = self.content.find(pool, name)
        whole = any(one.name == "snap" for one in held.snapshots)
        return RbdImage(name=name, size=held.size, snap=whole, snap_protected=whole)


@dataclass
class FakeGlance:
    """Images by id; ``min_disk`` in GiB is that of all of them.

    ``of_servers`` are images of servers by the snapshot that they name.
    """

    known: dict[str, Image] = field(default_factory=dict)
    min_disk: int = 0
    of_servers: dict[str, Image] = field(default_factory=dict)

    @property
    def images(self) -> "FakeGlance":
        """In the place of ``clouds.glance_images.GlanceImages``."""
        return self

    async def booting_from(self, snapshot_ids: Collection[str]) -> tuple[Image, ...]:
        return tuple(self.of_servers[one] for one in snapshot_ids if one in self.of_servers)

    async def image(self, image_id: str) -> Image:
        if image_id not in self.known:
            raise ObjectNotFound(f"Glance: show image {image_id}: 404")
        return self.known[image_id]

    async def image_body(self, image_id: str) -> bytes:
        return msgspec.json.encode({"id": image_id, "min_disk": self.min_disk})


class VolumeServices(BackupServices):
    """A DCN with volumes and snapshots that can be made, changed and deleted."""

    def __init__(self) -> None:
        super().__init__()
        self.rich = {name: RichCluster(self.world, name) for name in self.topology.names}
        self.clusters = dict(self.rich)
        self.volumes = RichVolumes(self.storage)
        cinder = BackupCinder(self.storage)
        cinder.volumes = self.volumes
        cinder.snapshots = RichSnapshots(self.storage)
        self.cinder = cinder  # type: ignore[assignment]
        self.glance = FakeGlance()

    def add_image(self, *sites: str, **changes: object) -> Image:
        """Add an image with copies at ``sites``, whole ones."""
        image = an_image(stores=tuple(f"{site}-store" for site in sites), **changes)
        self.glance.known[image.id] = image
        for site in sites:
            held = Held(id=self.world.new_id(), size=image.size or 0, created_at=self.clock.now)
            add_snapshot(held, "snap")
            self.world.plants[site].images[IMAGES, image.id] = held
        return image
