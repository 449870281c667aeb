"""The state of the simulated cloud: frozen records by id, and how to find and replace them.

A World changes only by replacing records, so a record once read never changes. It is not safe
for threads: one event loop owns it.
"""

from collections.abc import Iterator

import msgspec

from dcn_console.simulator.block_state import BlockState
from dcn_console.simulator.data import Prepared
from dcn_console.simulator.deployment import Contents, Pools
from dcn_console.simulator.dice import Dice
from dcn_console.simulator.mirror_records import MirrorRecord
from dcn_console.simulator.mirror_state import Mirrors
from dcn_console.simulator.records import (
    ACTIVE_PHASES,
    ImageRecord,
    Phase,
    RbdRecord,
    ServerRecord,
    SimulatedSite,
    TaskRecord,
    VolumeRecord,
)
from dcn_console.simulator.refusals import Refusal


class World:
    """Images, tasks, volumes, servers, RBD images and faults at the moment ``now``.

    ``images_revision`` grows with every change of an image, ``revision`` with every change.
    ``preparing`` are the images whose data is being fetched or converted, ``prepared`` what came
    of it; a restart forgets both.
    """

    def __init__(self, contents: Contents) -> None:
        self.deployment = contents.deployment
        self.conditions = contents.conditions
        self.faults = contents.faults
        self.now = contents.now
        self.staged = set(contents.staged)
        self.preparing: set[str] = set()
        self.prepared: dict[str, Prepared] = {}
        self.servers = {server.id: server for server in contents.servers}
        self._changing_servers = {
            server.id for server in contents.servers if server.due_at is not None
        }
        self.images_revision = 0
        self.revision = 0
        self._dice = Dice(contents.deployment.seed)
        self._counter = contents.counter
        self._images = {image.id: image for image in contents.images}
        self._tasks = {task.id: task for task in contents.tasks}
        self._volumes = {volume.id: volume for volume in contents.volumes}
        self._changing_volumes = {
            volume.id for volume in contents.volumes if volume.due_at is not None
        }
        self._attached: dict[str, dict[str, None]] = {}
        for volume in contents.volumes:
            self._note_attachments(volume, None)
        self._active = {task.id for task in contents.tasks if task.phase in ACTIVE_PHASES}
        self.mirrors = Mirrors(contents.mirrors, self._note_change)
        self.block = BlockState(contents.block, self._note_change)
        self._rbd: dict[str, Pools] = {
            site.name: {
                pool: dict(contents.rbd.get(site.name, {}).get(pool, {}))
                for pool in (site.backups_pool, site.images_pool, site.volumes_pool)
            }
            for site in contents.deployment.sites
        }

    def contents(self) -> Contents:
        """Return everything as one frozen record, to be saved."""
        return Contents(
            deployment=self.deployment,
            conditions=self.conditions,
            faults=self.faults,
            now=self.now,
            staged=tuple(sorted(self.staged)),
            servers=tuple(self.servers.values()),
            images=tuple(self._images.values()),
            tasks=tuple(self._tasks.values()),
            volumes=tuple(self._volumes.values()),
            rbd=self._rbd,
            mirrors=self.mirrors.contents(),
            block=self.block.contents(),
            counter=self._counter,
        )

    def _note_change(self) -> None:
        self.revision += 1

    def new_identifier(self, kind: str) -> str:
        """Return a UUID that was not given before, the same in every run of one seed."""
        self._counter += 1
        return self._dice.identifier(f"{kind}/{self._counter}")

    def short_identifier(self, key: str) -> str:
        """Return the id that librbd gives an RBD image, always the same for a key."""
        return self._dice.hex_identifier(f"rbd/{key}")[:12]

    # Images and their tasks

    @property
    def images(self) -> dict[str, ImageRecord]:
        """All images by id; to be read only."""
        return self._images

    def image(self, identifier: str) -> ImageRecord:
        """Return an image; raise Refusal 404."""
        image = self._images.get(identifier)
        if image is None:
            raise Refusal(404, f"Failed to find image {identifier}")
        return image

    def put_image(self, image: ImageRecord) -> None:
        """Add an image or replace the one with its id."""
        self._images[image.id] = image
        self.images_revision += 1
        self.revision += 1

    def drop_image(self, identifier: str) -> None:
        """Remove an image's record."""
        del self._images[identifier]
        self.staged.discard(identifier)
        self.images_revision += 1
        self.revision += 1

    def task(self, identifier: str) -> TaskRecord | None:
        """Return an import task, or None."""
        return self._tasks.get(identifier)

    def tasks(self) -> tuple[TaskRecord, ...]:
        """Return every task, in the order of creation."""
        return tuple(self._tasks.values())

    def tasks_of(self, image_id: str) -> tuple[TaskRecord, ...]:
        """Return the tasks of an image, in the order of creation."""
        return tuple(task for task in self._tasks.values() if task.image_id == image_id)

    def active_tasks(self) -> tuple[TaskRecord, ...]:
        """Return the tasks somebody works on, oldest first."""
        return tuple(self._tasks[identifier] for identifier in self._tasks_in_order())

    def _tasks_in_order(self) -> list[str]:
        return sorted(self._active, key=lambda identifier: self._tasks[identifier].created_at)

    def put_task(self, task: TaskRecord) -> None:
        """Add a task or replace the one with its id."""
        self._tasks[task.id] = task
        if task.phase in ACTIVE_PHASES:
            self._active.add(task.id)
        else:
            self._active.discard(task.id)
        self.revision += 1

    def drop_task(self, identifier: str) -> None:
        """Forget a task, as a clean-up of old records does."""
        del self._tasks[identifier]
        self._active.discard(identifier)
        self.revision += 1

    # Volumes

    @property
    def volumes(self) -> dict[str, VolumeRecord]:
        """All volumes by id; to be read only."""
        return self._volumes

    def put_volume(self, volume: VolumeRecord) -> None:
        """Add a volume or replace the one with its id."""
        self._note_attachments(volume, self._volumes.get(volume.id))
        self._volumes[volume.id] = volume
        if volume.due_at is None:
            self._changing_volumes.discard(volume.id)
        else:
            self._changing_volumes.add(volume.id)
        self.revision += 1

    def drop_volume(self, identifier: str) -> None:
        """Remove a volume's record."""
        volume = self._volumes.pop(identifier)
        self._note_attachments(None, volume)
        self._changing_volumes.discard(identifier)
        self.revision += 1

    def _note_attachments(self, new: VolumeRecord | None, old: VolumeRecord | None) -> None:
        for attachment in old.attachments if old else ():
            self._attached.get(attachment.server_id, {}).pop(old.id if old else "", None)
        for attachment in new.attachments if new else ():
            self._attached.setdefault(attachment.server_id, {})[new.id if new else ""] = None

    def attached(self, server_id: str) -> tuple[VolumeRecord, ...]:
        """Return the volumes attached to a server, the root volume first."""
        found = [self._volumes[identifier] for identifier in self._attached.get(server_id, ())]
        return tuple(sorted(found, key=lambda item: (item.device_on(server_id), item.id)))

    def changing_volumes(self) -> tuple[VolumeRecord, ...]:
        """Return the volumes that are being created or deleted."""
        return tuple(self._volumes[identifier] for identifier in sorted(self._changing_volumes))

    # RBD images

    def rbd(self, site: SimulatedSite, pool: str) -> dict[str, RbdRecord]:
        """Return the RBD images of a pool by name, to be read only; raise Refusal 404."""
        pools = self._rbd[site.name]
        if pool not in pools:
            raise Refusal(404, f"error opening pool '{pool}': [errno 2] RADOS object not found")
        return pools[pool]

    def rbd_image(self, site: SimulatedSite, pool: str, name: str) -> RbdRecord | None:
        """Return an RBD image as it is now, growing while an import writes it."""
        record = self._rbd[site.name].get(pool, {}).get(name)
        if record is None or pool != site.images_pool:
            return record
        task = self._writer(site, name)
        if task is None or record.snap:
            return record
        return msgspec.structs.replace(record, used=min(record.size, int(task.done)))

    def record(self, site: str, pool: str, name: str) -> RbdRecord | None:
        """Return an RBD image as it was last noted, None when it is not there."""
        return self._rbd.get(site, {}).get(pool, {}).get(name)

    def mirroring(self, site: str, pool: str, name: str) -> MirrorRecord | None:
        """Return the mirroring of an RBD image, None without any."""
        record = self.record(site, pool, name)
        return record.mirroring if record else None

    def is_being_written(self, site: SimulatedSite, name: str) -> bool:
        """Whether an import is writing the RBD image of an image at a site."""
        return self._writer(site, name) is not None

    def _writer(self, site: SimulatedSite, image_id: str) -> TaskRecord | None:
        tasks = (self._tasks[identifier] for identifier in self._active)
        return next(
            (
                task
                for task in tasks
                if task.image_id == image_id
                and task.phase is Phase.UPLOADING
                and task.remaining[0] == site.store
            ),
            None,
        )

    def put_rbd(self, site: SimulatedSite, pool: str, name: str, record: RbdRecord) -> None:
        """Add an RBD image or replace it."""
        self._rbd[site.name][pool][name] = record
        self.revision += 1

    def drop_rbd(self, site: SimulatedSite, pool: str, name: str) -> None:
        """Remove an RBD image, if it is there."""
        self._rbd[site.name][pool].pop(name, None)
        self.revision += 1

    def pools(self, site: SimulatedSite) -> Iterator[tuple[str, dict[str, RbdRecord]]]:
        """Yield the pools of a site's cluster with their RBD images."""
        yield from self._rbd[site.name].items()

    def clones_of(self, site: SimulatedSite, image_id: str) -> tuple[VolumeRecord, ...]:
        """Return the volumes at a site that are copy-on-write clones of an image."""
        return tuple(
            volume
            for volume in self._volumes.values()
            if volume.clone_of == image_id and volume.site == site.name
        )

    # Servers

    def drop_server(self, identifier: str) -> None:
        """Remove a server's record."""
        del self.servers[identifier]
        self._changing_servers.discard(identifier)
        self.revision += 1

    def put_server(self, server: ServerRecord) -> None:
        """Add a server or replace the one with its id."""
        self.servers[server.id] = server
        if server.due_at is None:
            self._changing_servers.discard(server.id)
        else:
            self._changing_servers.add(server.id)
        self.revision += 1

    def changing_servers(self) -> tuple[ServerRecord, ...]:
        """Return the servers that are being started or stopped."""
        return tuple(self.servers[identifier] for identifier in sorted(self._changing_servers))

    # Faults

    def is_blocked(self, site: SimulatedSite) -> bool:
        """Whether reads and writes at a site's cluster get no answer."""
        return site.name in self.faults.osd_down

    def is_unconnectable(self, site: SimulatedSite) -> bool:
        """Whether a new connection to a site's cluster gets no answer."""
        return site.name in self.faults.mon_down
