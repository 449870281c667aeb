"""Cinder's volumes and backups with the RBD images behind them, moved by a clock: for tests.

They behave as measured on Cinder 21.3 with the Ceph driver: a chain is one RBD image at the hub
with a snapshot for each backup, of the same name as on the volume; an increment needs the newest
backup to be good; a restore replaces the new volume's metadata by that of the volume that was
backed up. Sizes are bytes.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
from fake_mirror_services import FakeServices
from fake_mirror_state import Held
from fake_mirroring import OBJECT, POOL, World

from dcn_console.model.errors import HttpError, ObjectNotFound, ServiceUnreachable
from dcn_console.model.inventory import CinderService, Volume
from dcn_console.model.mirroring import ImageSnapshot
from dcn_console.model.storage import (
    Backup,
    NewBackup,
    NewVolume,
    StorageQuota,
    UserMessage,
    VolumeSnapshot,
)

BACKUPS = "backups"
BACKUP_SERVICE = "cinder-backup"
PROJECT = "project"
SIZE = 4 * OBJECT
TRANSFER_SECONDS = 10.0
DELETE_SECONDS = 2.0


@dataclass
class Work:
    """Something that Cinder is at: ``finish`` is called when the clock reaches ``until``."""

    until: datetime
    finish: Callable[[], object]
    grow: Callable[[], None] = lambda: None


class Storage:
    """What Cinder and the clusters hold. ``faults`` are named in the methods that heed them."""

    def __init__(self, world: World, zones: Mapping[str, str]) -> None:
        self.world = world
        self.site_of = {zone: site for site, zone in zones.items()}
        self.zone_of = dict(zones)
        self.hub = next(iter(zones))
        self.volumes: dict[str, Volume] = {}
        self.volume_metadata: dict[str, dict[str, str]] = {}
        self.image_metadata: dict[str, dict[str, str]] = {}
        self.backups: dict[str, Backup] = {}
        self.snapshots: dict[str, VolumeSnapshot] = {}
        self.messages: list[UserMessage] = []
        places = [("cinder-volume", site) for site in zones] + [("cinder-backup", self.hub)]
        self.services = tuple(
            CinderService(
                binary=binary,
                host=site,
                availability_zone=zones[site],
                status="enabled",
                state="up",
            )
            for binary, site in places
        )
        self.quota = StorageQuota()
        self.microversion: str | None = "3.70"
        self.asked: list[str] = []
        self.pool = BACKUPS
        """Where backups go; a backup tells only once its transfer has begun."""
        self.lose_answers = 0
        """So many answers to changes are lost although they are carried out."""
        self.fail_reason = ""
        """Why the next transfer fails, "" for none."""
        self.rotten = False
        """Whether the data of transfers comes out wrong."""
        self.force_full = ""
        """Makes a full backup of an increment, and this is the message about it."""
        self.zone_fallback = ""
        """Where new volumes land instead of the zone asked for."""
        self._work: dict[str, Work] = {}
        self._made = 0

    @property
    def now(self) -> datetime:
        return self.world.clock.now

    def move(self) -> None:
        """Let Cinder get on with its work until now."""
        for key, work in tuple(self._work.items()):
            if self.now >= work.until:
                del self._work[key]
                work.finish()
            else:
                work.grow()

    def new_id(self, kind: str) -> str:
        self._made += 1
        return f"{kind}-{self._made}"

    def begin(self, key: str, seconds: float, finish: Callable[[], object],
              grow: Callable[[], None] = lambda: None) -> None:  # fmt: skip
        self._work[key] = Work(self.now + timedelta(seconds=seconds), finish, grow)

    def change(self, what: str) -> None:
        """Write down a change; whoever asked for it may be killed here, or lose the answer."""
        self.asked.append(what)
        self.world.after_write(what)
        if self.lose_answers:
            self.lose_answers -= 1
            raise ServiceUnreachable(f"Cinder: {what}: no answer within 15 s.")

    def add_volume(self, volume_id: str = "1", site: str = "dcn0", **more: Any) -> Volume:
        """Add a volume with data."""
        self.world.make(site, f"volume-{volume_id}", size=SIZE)
        volume = Volume(
            id=volume_id,
            name=more.pop("name", "db"),
            status=more.pop("status", "available"),
            size=SIZE,
            availability_zone=self.zone_of[site],
            created_at=self.now,
            project_id=PROJECT,
            **more,
        )
        self.volumes[volume_id] = volume
        self.volume_metadata[volume_id] = {}
        self.image_metadata[volume_id] = {}
        return volume

    def set_volume(self, volume_id: str, **changes: Any) -> None:
        self.volumes[volume_id] = msgspec.structs.replace(self.volumes[volume_id], **changes)

    def set_backup(self, backup_id: str, **changes: Any) -> None:
        self.backups[backup_id] = msgspec.structs.replace(self.backups[backup_id], **changes)

    def newest(self, volume_id: str) -> Backup | None:
        known = [one for one in self.backups.values() if one.volume_id == volume_id]
        return max(known, key=lambda one: one.data_at or self.now, default=None)

    def image_at_hub(self, backup: Backup) -> str:
        if backup.snapshot_id:
            return f"volume-{backup.volume_id}.backup.base"
        if not backup.incremental:
            return f"volume-{backup.volume_id}.backup.{backup.id}"
        older = [
            one
            for one in self.backups.values()
            if one.volume_id == backup.volume_id
            and not one.incremental
            and one.data_at is not None
            and backup.data_at is not None
            and one.data_at < backup.data_at
        ]
        full = max(older, key=lambda one: one.data_at or self.now)
        return f"volume-{backup.volume_id}.backup.{full.id}"

    def source(self, volume_id: str) -> Held:
        zone = self.volumes[volume_id].availability_zone or ""
        return self.world.held(self.site_of[zone], f"volume-{volume_id}")

    def back_up(self, new: NewBackup) -> Backup:
        volume = self.volumes[new.volume_id]
        if volume.status == "in-use" and not new.force:
            raise HttpError("Backing up an in-use volume must use the force flag.", 400)
        parent = self.newest(new.volume_id)
        if new.incremental and parent is None:
            raise HttpError("No backups available to do an incremental backup.", 400)
        if new.incremental and parent is not None and parent.status != "available":
            raise HttpError("The parent backup must be available for incremental backup.", 400)
        incremental = new.incremental and not self.force_full
        backup = Backup(
            id=self.new_id("backup"),
            name=new.name,
            status="creating",
            volume_id=new.volume_id,
            snapshot_id=new.snapshot_id,
            size=volume.size,
            availability_zone=new.availability_zone or self.zone_of[self.hub],
            incremental=incremental,
            project_id=PROJECT,
            metadata=dict(new.metadata),
            data_at=self.now,
            created_at=self.now,
        )
        if self.force_full and new.incremental:
            message = UserMessage(id="m", text=self.force_full, resource_id=backup.id)
            self.messages.append(message)
        self.backups[backup.id] = backup
        self.set_volume(volume.id, status="backing-up")
        self._transfer(backup, volume.status or "available")
        self.change(f"back up {new.volume_id}")
        return msgspec.structs.replace(backup, availability_zone=None, container=None, data_at=None)

    def _transfer(self, backup: Backup, before: str) -> None:
        volume_id = backup.volume_id or ""
        held = self.source(volume_id)
        snapshot = f"backup.{backup.id}.snap.{self._made}"
        add_snapshot(held, snapshot)
        data, plant = dict(held.data), self.world.plants[self.hub].images
        key = (self.pool, self.image_at_hub(backup))
        if key not in plant:
            plant[key] = Held(id=self.world.new_id(), size=held.size, created_at=self.now)

        looks = 0

        def grow() -> None:
            nonlocal looks
            looks += 1
            if looks > 1 and backup.id in self.backups:
                self.set_backup(backup.id, container=self.pool)
            for number in sorted(data)[:1]:
                plant[key].data[number] = data[number]

        def finish() -> None:
            self.set_volume(volume_id, status=before)
            if self.fail_reason:
                self.set_backup(backup.id, status="error", fail_reason=self.fail_reason)
                if not backup.incremental:
                    plant.pop(key, None)
                self.fail_reason = ""
                return
            plant[key].data = self._moved(data)
            add_snapshot(plant[key], snapshot)
            self.set_backup(backup.id, status="available", container=self.pool)

        self.begin(backup.id, TRANSFER_SECONDS, finish, grow)

    def _moved(self, data: dict[int, str]) -> dict[int, str]:
        return dict.fromkeys(data, "rotten") if self.rotten else dict(data)

    def restore(self, backup: Backup, volume_id: str, *, new: bool) -> None:
        """Bring the data of ``backup`` into a volume; a new one gets the old one's metadata."""
        volume = self.volumes[volume_id]
        site = self.site_of[volume.availability_zone or ""]
        kept = self.world.plants[self.hub].images[self.pool, self.image_at_hub(backup)]
        wanted = next(one for one in kept.snapshots if one.name.startswith(f"backup.{backup.id}."))
        data = dict(kept.frozen[wanted.id])
        held = self.world.held(site, f"volume-{volume_id}")
        self.set_backup(backup.id, status="restoring")

        def grow() -> None:
            for number in sorted(data)[:1]:
                held.data[number] = data[number]

        def finish() -> None:
            self.set_backup(backup.id, status="available")
            if self.fail_reason:
                self.set_backup(backup.id, fail_reason=self.fail_reason)
                self.fail_reason = ""
                self.set_volume(volume_id, status="error_restoring" if not new else "error")
                return
            held.data = self._moved(data)
            self.set_volume(volume_id, status="available")
            old = self.volume_metadata.get(backup.volume_id or "", {})
            if old:
                self.volume_metadata[volume_id] = dict(old)
            self.volume_metadata[volume_id]["src_backup_id"] = backup.id

        self.begin(volume_id, TRANSFER_SECONDS, finish, grow)


@dataclass
class FakeBackups:
    """In the place of ``clouds.cinder_backups.CinderBackups``."""

    storage: Storage

    async def pages(
        self, page_size: int = 1000, *, all_projects: bool = True
    ) -> AsyncIterator[tuple[Backup, ...]]:
        self.storage.move()
        yield tuple(self.storage.backups.values())[:page_size]

    async def backup(self, backup_id: str) -> Backup:
        self.storage.move()
        if backup_id not in self.storage.backups:
            raise ObjectNotFound(f"Cinder: show backup {backup_id}: 404 not found.")
        return self.storage.backups[backup_id]

    async def of_volume(self, volume_id: str) -> tuple[Backup, ...]:
        self.storage.move()
        return tuple(one for one in self.storage.backups.values() if one.volume_id == volume_id)

    async def made_with(self, volume_id: str, metadata: Mapping[str, str]) -> tuple[Backup, ...]:
        found = await self.of_volume(volume_id)
        return tuple(one for one in found if metadata.items() <= one.metadata.items())

    async def create(self, new: NewBackup) -> Backup:
        return self.storage.back_up(new)

    async def delete(self, backup_id: str) -> None:
        backup = await self.backup(backup_id)
        storage = self.storage
        later = [
            one
            for one in storage.backups.values()
            if one.incremental
            and one.volume_id == backup.volume_id
            and storage.image_at_hub(one) == storage.image_at_hub(backup)
            and (one.data_at or storage.now) > (backup.data_at or storage.now)
        ]
        zones = [one.availability_zone for one in storage.services if one.binary == BACKUP_SERVICE]
        if backup.availability_zone not in zones:
            raise ObjectNotFound("404 Service cinder-backup could not be found.")
        if later or backup.status not in ("available", "error"):
            raise HttpError("Incremental backups exist for this backup.", 400)
        storage.set_backup(backup_id, status="deleting")
        storage.begin(backup_id, DELETE_SECONDS, lambda: storage.backups.pop(backup_id))
        storage.change(f"delete {backup_id}")

    async def restore(self, backup_id: str, volume_id: str) -> None:
        backup = await self.backup(backup_id)
        self.storage.set_volume(volume_id, status="restoring-backup")
        self.storage.restore(backup, volume_id, new=False)
        self.storage.change(f"restore {backup_id} over {volume_id}")

    async def set_metadata(self, backup_id: str, metadata: Mapping[str, str]) -> None:
        self.storage.set_backup(backup_id, metadata=dict(metadata))


@dataclass
class FakeVolumes:
    """In the place of ``clouds.cinder_volumes.CinderVolumes``."""

    storage: Storage

    async def create(self, new: NewVolume) -> Volume:
        storage = self.storage
        zone = storage.zone_fallback or new.availability_zone
        backup = storage.backups[new.backup_id or ""]
        volume = storage.add_volume(
            storage.new_id("volume"), storage.site_of[zone], name=new.name, status="creating"
        )
        storage.source(volume.id).data = {}
        storage.volume_metadata[volume.id] = dict(new.metadata)
        storage.restore(backup, volume.id, new=True)
        storage.change(f"create {volume.id}")
        return volume

    async def made_with(self, metadata: Mapping[str, str]) -> tuple[Volume, ...]:
        self.storage.move()
        return tuple(
            volume
            for volume in self.storage.volumes.values()
            if metadata.items() <= self.storage.volume_metadata[volume.id].items()
        )

    async def metadata(self, volume_id: str) -> dict[str, str]:
        if volume_id not in self.storage.volumes:
            raise ObjectNotFound("404")
        return dict(self.storage.volume_metadata[volume_id])

    async def delete(self, volume_id: str, *, cascade: bool = False) -> None:
        storage = self.storage
        storage.move()
        if storage.volumes[volume_id].status not in ("available", "error", "error_restoring"):
            raise HttpError("Volume status must be available or error.", 400)
        storage.set_volume(volume_id, status="deleting")
        storage.begin(volume_id, DELETE_SECONDS, lambda: storage.volumes.pop(volume_id))
        storage.change(f"delete {volume_id}")

    async def image_metadata(self, volume_id: str) -> dict[str, str]:
        return dict(self.storage.image_metadata[volume_id])

    async def set_image_metadata(self, volume_id: str, metadata: Mapping[str, str]) -> None:
        self.storage.image_metadata[volume_id].update(metadata)

    async def set_bootable(self, volume_id: str, bootable: bool) -> None:
        self.storage.set_volume(volume_id, bootable=bootable)


@dataclass
class FakeSnapshots:
    """In the place of ``clouds.cinder_snapshots.CinderSnapshots``."""

    storage: Storage

    async def snapshot(self, snapshot_id: str) -> VolumeSnapshot:
        if snapshot_id not in self.storage.snapshots:
            raise ObjectNotFound(f"snapshot {snapshot_id}: 404")
        return self.storage.snapshots[snapshot_id]


@dataclass
class BackupCinder:
    """In the place of ``clouds.cinder.Cinder``, for volumes and backups."""

    storage: Storage
    unreachable: int = 0
    """So many looks at volumes are not answered."""
    backups: FakeBackups = field(init=False)
    volumes: FakeVolumes = field(init=False)
    snapshots: FakeSnapshots = field(init=False)

    def __post_init__(self) -> None:
        self.backups = FakeBackups(self.storage)
        self.volumes = FakeVolumes(self.storage)
        self.snapshots = FakeSnapshots(self.storage)

    async def volume(self, volume_id: str) -> Volume:
        self.storage.move()
        if self.unreachable:
            self.unreachable -= 1
            raise ServiceUnreachable("Cinder: show volume: no answer within 15 s.")
        if volume_id not in self.storage.volumes:
            raise ObjectNotFound(f"Cinder: show volume {volume_id}: 404 not found.")
        return self.storage.volumes[volume_id]

    async def services(self) -> tuple[CinderService, ...]:
        return self.storage.services

    async def quota(self, project_id: str | None = None) -> StorageQuota:
        return self.storage.quota

    async def microversion(self) -> str | None:
        return self.storage.microversion

    async def messages(self, resource_id: str) -> tuple[UserMessage, ...]:
        return tuple(one for one in self.storage.messages if one.resource_id == resource_id)


class BackupServices(FakeServices):
    """A DCN with volumes that can be backed up: the hub "central", edges "dcn0" and "dcn1"."""

    def __init__(self) -> None:
        super().__init__("dcn0", "dcn1")
        zones = {site.name: site.availability_zone or "" for site in self.topology}
        self.storage = Storage(self.world, zones)
        self.cinder = BackupCinder(self.storage)  # type: ignore[assignment]
        self.cloud = SimpleNamespace(project_id=PROJECT)

    def write(self, number: int, content: str, volume_id: str = "1") -> None:
        """Write into a volume as a server would."""
        self.storage.source(volume_id).data[number] = content

    def data(self, site: str, name: str, pool: str = POOL) -> dict[int, str]:
        """Return what an RBD image holds."""
        return self.world.held(site, name, pool).data


def add_snapshot(held: Held, name: str) -> None:
    """Take a snapshot of an RBD image."""
    number = held.next_id()
    held.frozen[number] = dict(held.data)
    held.snapshots = (*held.snapshots, ImageSnapshot(id=number, name=name, size=held.size))
