"""One site's cluster of a ``fake_mirroring.World``, in the place of ``ceph.cluster.Cluster``."""

from collections.abc import AsyncIterator

from fake_mirror_content import FakeContent, Part, mirroring_of
from fake_mirroring import OBJECT, World

from dcn_console.ceph.cluster import ClusterStatus, PoolCapacity
from dcn_console.model.errors import (
    ClusterError,
    ClusterUnreachable,
    RbdImageBusy,
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
        return len(self.mirroring.find(pool, name).data) * OBJECT

    async def close(self) -> None:
        """Nothing is open."""


class FakeMirroring(Part):
    """In the place of ``ceph.mirroring.ClusterMirroring``."""

    hanging_promotion = False
    busy_promotions = 0
    """So many promotions are refused as busy before one works."""

    async def pool(self, pool: str) -> MirrorPool:
        plant = self.reach()
        both = [*plant.receives_from, *plant.sends_to]
        peers = []
        for other in dict.fromkeys(both):
            receives, sends = other in plant.receives_from, other in plant.sends_to
            if not receives and plant.receives_from:
                continue  # a primary never lists who only receives
            direction = PeerDirection.RECEIVE if receives else PeerDirection.SEND
            peers.append(
                MirrorPeer(
                    uuid=f"peer-{other}",
                    site_name=other,
                    direction=PeerDirection.BOTH if receives and sends else direction,
                    mirror_uuid=f"uuid-{other}",
                )
            )
        return MirrorPool(
            name=pool,
            mode=plant.pool_mode,
            site_name=self._site,
            mirror_uuid=f"uuid-{self._site}",
            peers=tuple(peers),
        )

    async def daemons(self, pool: str) -> tuple[MirrorDaemon, ...]:
        plant = self.reach()
        if not plant.manager:
            raise ClusterUnreachable(f"Site {self._site}: no active manager.")
        return (MirrorDaemon(name=f"mirror.{self._site}", leader=True),) if plant.daemon else ()

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

    async def resync(self, pool: str, name: str) -> None:
        held = self.find(pool, name)
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
