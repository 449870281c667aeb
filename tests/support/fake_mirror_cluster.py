"""One site's cluster of a ``fake_mirroring.World``, in the place of ``ceph.cluster.Cluster``."""

from collections.abc import AsyncIterator

from fake_mirror_content import FakeContent, Part, mirroring_of
from fake_mirror_state import Plant
from fake_mirroring import OBJECT, World

from dcn_console.ceph.cluster import ClusterStatus, PoolCapacity
from dcn_console.model.errors import (
    ClusterError,
    ClusterUnreachable,
    RbdImageBusy,
    RbdImageNotFound,
)
from dcn_console.model.inventory import Capacity
from dcn_console.model.mirroring import (
    MirrorDaemon,
    MirrorImage,
    MirrorMode,
    MirrorPeer,
    MirrorPool,
    PeerDirection,
    PoolMode,
    SnapshotSchedule,
    SyncProgress,
)


class FakeCluster:
    """The cluster of ``site``."""

    def __init__(self, world: World, site: str) -> None:
        self.site = site
        self.mirroring = FakeMirroring(world, site)
        self.content = FakeContent(world, site)
        self._world = world

    async def probe(self, pool: str) -> None:
        self.mirroring.reach()

    async def status(self) -> ClusterStatus:
        plant = self.mirroring.reach()
        return ClusterStatus(
            fsid=self.site,
            health="HEALTH_OK",
            warnings=(),
            capacity=Capacity(total=2 * 10**12, used=10**12, available=plant.available),
            pools={"volumes": PoolCapacity(used=0, available=plant.available)},
        )

    async def used_bytes(self, pool: str, name: str, *, since: str = "") -> int:
        held = self.mirroring.find(pool, name)
        if not since:
            return len(held.data) * OBJECT
        before = next((held.frozen[one.id] for one in held.snapshots if one.name == since), None)
        if before is None:
            raise RbdImageNotFound(f"{pool}/{name}@{since}")
        return len([one for one in held.data if before.get(one) != held.data[one]]) * OBJECT

    async def pools(self) -> tuple[str, ...]:
        return self.mirroring.reach().pools

    async def close(self) -> None:
        """Nothing is open."""


class FakeMirroring(Part):
    """In the place of ``ceph.mirroring.ClusterMirroring``."""

    hanging_promotion = False
    busy_promotions = 0
    """So many promotions are refused as busy before one works."""

    async def pool(self, pool: str) -> MirrorPool:
        plant = self.reach()
        if pool not in plant.pools:
            raise ClusterError(f"Site {self._site}: there is no pool {pool}.")
        both = [*plant.receives_from, *plant.sends_to]
        peers = []
        for other in dict.fromkeys(both):
            receives, sends = other in plant.receives_from, other in plant.sends_to
            direction = PeerDirection.RECEIVE if receives else PeerDirection.SEND
            met = f"uuid-{other}" if sends and self._world.plants[other].daemon else ""
            if not receives and not met:
                continue
            peers.append(
                MirrorPeer(
                    uuid=f"peer-{other}" if receives else f"heard-{other}",
                    site_name=plant.peer_names.get(other) or self._world.name_of(other),
                    direction=PeerDirection.BOTH if receives and sends else direction,
                    mirror_uuid=met,
                )
            )
        return MirrorPool(
            name=pool,
            mode=plant.pool_mode,
            site_name=self._world.name_of(self._site),
            mirror_uuid=f"uuid-{self._site}",
            peers=tuple(peers),
        )

    async def daemons(self, pool: str) -> tuple[MirrorDaemon, ...]:
        plant = self.reach()
        if not plant.manager:
            raise ClusterUnreachable(f"Site {self._site}: no active manager.")
        if not plant.daemon:
            return ()
        name = f"mirror.{self._site}"
        return (MirrorDaemon(name=name, leader=True, problems=plant.daemon_problems),)

    async def images(self, pool: str) -> AsyncIterator[tuple[MirrorImage, ...]]:
        for (where, name), held in self.reach().images.items():
            if where == pool and held.mode is not None:
                yield (mirroring_of(name, held),)

    async def schedules(self, pool: str) -> tuple[SnapshotSchedule, ...]:
        plant = self.reach()
        if not plant.manager:
            raise ClusterUnreachable(f"Site {self._site}: no active manager.")
        return tuple(
            SnapshotSchedule(interval=interval, image=image) for image, interval in plant.schedules
        )

    async def progress(self, pool: str, name: str) -> SyncProgress:
        held = self.find(pool, name)
        return SyncProgress(done=held.copied, total=held.size)

    async def enable(self, pool: str, name: str, mode: MirrorMode) -> None:
        self.find(pool, name)
        self._world.enable(self._site, pool, name, mode)
        self.wrote(f"enable {name} {mode}")

    async def disable(self, pool: str, name: str, *, force: bool = False) -> None:
        held = self.find(pool, name)
        held.mode, held.primary, held.features = None, False, held.features & ~64
        self.wrote(f"disable {name}")

    async def promote(
        self, pool: str, name: str, *, force: bool = False, seconds: float = 120.0
    ) -> None:
        held = self.find(pool, name)
        if self.hanging_promotion:
            self._world.clock.forward(seconds)
            raise ClusterUnreachable(f"Site {self._site}: no answer within {seconds:g} s.")
        if held.primary:
            raise ClusterError("(22) the RBD image is primary already")
        demoted = bool(held.history) and held.history[-1].startswith("demoted")
        if self.busy_promotions or not (demoted or force):
            self.busy_promotions = max(0, self.busy_promotions - 1)
            raise RbdImageBusy(f"Site {self._site}: the RBD image {name} is not promoted: busy.")
        held.primary = True
        held.history.append(f"promoted {self._site} {self._world.new_id()}")
        if held.mode is MirrorMode.SNAPSHOT:
            held.take("primary", self._world.clock.now)
        self.wrote(f"promote {name}{' force' if force else ''}")

    async def demote(self, pool: str, name: str) -> None:
        held = self.find(pool, name)
        if not held.primary:
            raise ClusterError("(22) the RBD image is not primary")
        held.primary = False
        held.history.append(f"demoted {self._site}")
        if held.mode is MirrorMode.SNAPSHOT:
            held.take("primary-demoted", self._world.clock.now)
        self.wrote(f"demote {name}")

    async def resync(self, pool: str, name: str, image_id: str) -> None:
        held = self.find(pool, name)
        if held.id != image_id:
            raise RbdImageNotFound("another RBD image has its name by now")
        if held.primary:
            raise ClusterError("(22) the RBD image is primary")
        held.resync_asked = True
        self.wrote(f"resync {name}")

    async def snapshot(self, pool: str, name: str) -> int:
        held = self.find(pool, name)
        if not held.primary:
            raise RbdImageBusy("not primary")
        number = held.take("primary", self._world.clock.now)
        self.wrote(f"snapshot {name}")
        return number

    async def add_schedule(self, pool: str, name: str | None, interval: str) -> None:
        plant = self.reach()
        if not plant.manager:
            raise ClusterUnreachable(f"Site {self._site}: no active manager.")
        if (name, interval) not in plant.schedules:
            plant.schedules.append((name, interval))
        self.wrote(f"add schedule {name} {interval}")

    async def remove_schedule(self, pool: str, name: str | None, interval: str) -> None:
        plant = self.reach()
        if not plant.manager:
            raise ClusterUnreachable(f"Site {self._site}: no active manager.")
        if (name, interval) in plant.schedules:
            plant.schedules.remove((name, interval))
        self.wrote(f"remove schedule {name} {interval}")

    async def set_pool_mode(self, pool: str, mode: PoolMode) -> None:
        self.reach().pool_mode = mode
        self.wrote(f"pool mode {mode}")

    async def set_site_name(self, name: str) -> None:
        """Name the cluster; a site that merely receives goes on knowing it by the old name."""
        plant = await self._administered()
        for other in self._world.plants.values():
            if self._site in other.receives_from and other.site not in plant.receives_from:
                other.peer_names.setdefault(self._site, self._world.name_of(self._site))
        plant.site_name = name
        self.wrote(f"site name {name}")

    async def check_peer_permission(self) -> None:
        await self._administered()

    async def receive_from(
        self, pool: str, source: "FakeMirroring", direction: PeerDirection
    ) -> None:
        plant = await self._administered()
        sender = await source._administered()
        if PoolMode.DISABLED in (plant.pool_mode, sender.pool_mode):
            raise ClusterError("(22) mirroring is switched off")
        if [other for other in plant.receives_from if other != source._site]:
            raise ClusterError("(22) the pool receives from a peer already")
        if source._site not in plant.receives_from:
            plant.receives_from.append(source._site)
        if self._site not in (heard := self._world.plants[source._site].sends_to):
            heard.append(self._site)
        self.wrote(f"receive from {source._site} {direction}")

    async def rename_peer(self, pool: str, uuid: str, name: str) -> None:
        self.reach().peer_names[uuid.split("-", 1)[1]] = name
        self.wrote(f"rename {uuid} {name}")

    async def remove_peer(self, pool: str, uuid: str) -> None:
        plant = await self._administered()
        kind, other = uuid.split("-", 1)
        (plant.receives_from if kind == "peer" else plant.sends_to).remove(other)
        self.wrote(f"remove {uuid}")

    async def _administered(self) -> Plant:
        plant = self.reach()
        if not plant.administrator:
            raise ClusterError(f"Site {self._site}: permission denied to client.openstack.")
        return plant
