"""A Glance with its sites in memory, moved by the looks taken at it: for tests of operations."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

import msgspec

from dcn_console.ceph.cluster import ClusterStatus, PoolCapacity
from dcn_console.inventory.services import Services
from dcn_console.model.errors import (
    AgentError,
    ClusterError,
    ClusterUnreachable,
    HttpError,
    ObjectNotFound,
    RbdImageNotFound,
)
from dcn_console.model.inventory import Capacity, Image, ImageTask, RbdImage, Store
from dcn_console.model.plans import ObjectReference, Plan, VerifyLevel
from dcn_console.model.sites import ClusterAccess, Role, Site, Topology
from dcn_console.model.tasks import Progress, Target, TargetState, Task, TaskState
from dcn_console.operations.gathering import Gathering
from dcn_console.operations.results import StepResult

MIB = 1024 * 1024
BEGAN = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
IMAGE_ID = "0f1e2d3c-0000-4000-8000-000000000001"


class Clock:
    """A clock that only moves when somebody waits."""

    def __init__(self) -> None:
        self.now = BEGAN

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def a_topology(*edges: str) -> Topology:
    def site(name: str, role: Role) -> Site:
        return Site(
            name=name,
            role=role,
            store=f"{name}-store",
            availability_zone=f"{name}-zone",
            cluster=ClusterAccess(conf=f"/etc/ceph/{name}.conf", fsid=name),
        )

    return Topology((site("central", Role.HUB), *(site(name, Role.EDGE) for name in edges)))


def an_image(**changes: object) -> Image:
    image = Image(
        id=IMAGE_ID,
        name="cirros",
        status="active",
        disk_format="raw",
        container_format="bare",
        size=40 * MIB,
        stores=("central-store",),
        hash_algorithm="sha512",
        hash_value="right",
    )
    return msgspec.structs.replace(image, **changes)


class FakeCluster:
    """One site's Ceph cluster: RBD images by name, each used bytes, size and whether whole."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.reachable = True
        self.available = 10**12
        self.used: dict[str, int] = {}
        self.whole: dict[str, RbdImage] = {}
        self.digest_value = "right"
        self.removed: list[str] = []
        self.agent_deaths = 0

    def _reach(self) -> None:
        if not self.reachable:
            raise ClusterUnreachable(f"{self.site}: no answer within 5 s.")

    async def probe(self, pool: str) -> None:
        self._reach()

    async def status(self) -> ClusterStatus:
        self._reach()
        return ClusterStatus(
            fsid=self.site,
            health="HEALTH_OK",
            warnings=(),
            capacity=Capacity(total=2 * 10**12, used=10**12, available=self.available),
            pools={"images": PoolCapacity(used=0, available=self.available)},
        )

    async def used_bytes(self, pool: str, name: str, *, since: str = "") -> int:
        self._reach()
        if name not in self.used:
            raise RbdImageNotFound(f"no {name}")
        return self.used[name]

    async def rbd_image(self, pool: str, name: str) -> RbdImage:
        self._reach()
        if self.agent_deaths:
            self.agent_deaths -= 1
            raise AgentError("the agent died")
        if name in self.whole:
            return self.whole[name]
        if name in self.used:
            return RbdImage(name=name, size=40 * MIB, snap=False, snap_protected=False)
        raise RbdImageNotFound(f"no {name}")

    async def remove_unfinished(self, pool: str, name: str) -> bool:
        self._reach()
        if name in self.whole:
            raise ClusterError("it has a snapshot")
        self.removed.extend([name] if name in self.used else [])
        return self.used.pop(name, None) is not None

    async def digest(
        self,
        pool: str,
        name: str,
        snap: str,
        algorithm: str,
        on_progress: Callable[[int, int], None],
    ) -> str:
        self._reach()
        on_progress(20 * MIB, 40 * MIB)
        return self.digest_value


@dataclass
class FakeGlance:
    """Copies one store after another; each look at the image moves it a step on."""

    clock: Clock
    clusters: dict[str, FakeCluster]
    image_now: Image = field(default_factory=an_image)
    tasks_now: list[ImageTask] = field(default_factory=list)
    requests: list[tuple[str, ...]] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    failing_stores: set[str] = field(default_factory=set)
    looks_per_store: int = 4
    staging_looks: int = 6
    executes_unanswered: bool = False
    dead: bool = False
    read_only_stores: tuple[str, ...] = ()
    methods: tuple[str, ...] = ("copy-image", "web-download")
    _looks: int = 0

    async def import_methods(self) -> tuple[str, ...]:
        return self.methods

    async def stores(self) -> tuple[Store, ...]:
        return tuple(
            Store(id=f"{site}-store", read_only=f"{site}-store" in self.read_only_stores)
            for site in self.clusters
        )

    async def image(self, image_id: str) -> Image:
        if self.image_now.status == "deleted":
            raise ObjectNotFound(f"no image {image_id}")
        self._move()
        return self.image_now

    async def tasks(self, image_id: str) -> tuple[ImageTask, ...]:
        return tuple(self.tasks_now)

    async def copy_image(self, image_id: str, stores: Sequence[str], *, label: str = "") -> None:
        if self.errors:
            error = self.errors.pop(0)
            if self.executes_unanswered:
                self.begin(tuple(stores))
            raise error
        if set(stores) & set(self.image_now.stores):
            raise HttpError("Image is already present at store", 400)
        if self.image_now.import_task:
            raise HttpError("Image has active task", 409)
        self.begin(tuple(stores))

    def begin(self, stores: tuple[str, ...]) -> None:
        self.requests.append(stores)
        task = ImageTask(
            id=f"task-{len(self.requests)}",
            status="processing",
            method="copy-image",
            stores=stores,
            created_at=self.clock.now,
            updated_at=self.clock.now,
        )
        self.tasks_now.insert(0, task)
        self._looks = 0
        self._change(import_task=task.id, importing_to=stores, failed_stores=())

    def _change(self, **changes: object) -> None:
        self.image_now = msgspec.structs.replace(self.image_now, **changes)

    def _move(self) -> None:
        image = self.image_now
        if not image.import_task or self.dead or not self.tasks_now:
            return
        task = self.tasks_now[0]
        if image.import_task != task.id or task.status != "processing":
            return
        self._looks += 1
        if not image.importing_to:
            self.tasks_now[0] = msgspec.structs.replace(task, status="success")
            self._change(import_task=None)
            return
        store = image.importing_to[0]
        cluster = self.clusters[store.removesuffix("-store")]
        if not cluster.reachable or self._looks <= self.staging_looks:
            return
        size = image.size or 0
        arrived = cluster.used.get(image.id, 0) + size // self.looks_per_store
        rest = image.importing_to[1:]
        if store in self.failing_stores:
            self._change(importing_to=rest, failed_stores=(*image.failed_stores, store))
        elif arrived >= size:
            cluster.used[image.id] = size
            cluster.whole[image.id] = RbdImage(
                name=image.id, size=size, snap=True, snap_protected=True
            )
            self._change(importing_to=rest, stores=(*image.stores, store))
        else:
            cluster.used[image.id] = arrived
        self.tasks_now[0] = msgspec.structs.replace(
            task, updated_at=self.clock.now, message=f"Copied {arrived // MIB} MiB"
        )


@dataclass
class FakeCloud:
    """The connection of an administrator, unless other roles are given."""

    roles: frozenset[str] = frozenset({"admin"})


class FakeServices:
    """What an operation sees of a DCN."""

    def __init__(self, *edges: str) -> None:
        self.clock = Clock()
        self.cloud = FakeCloud()
        self.topology = a_topology(*edges)
        self.clusters = {site.name: FakeCluster(site.name) for site in self.topology}
        self.glance = FakeGlance(self.clock, self.clusters)

    def as_services(self) -> Services:
        return cast(Services, self)

    async def close(self) -> None:
        """Nothing is open."""


class FakeContext:
    """Runs an operation's target without a runner: results are kept, waits move the clock."""

    def __init__(
        self,
        services: FakeServices,
        site: str,
        *,
        sites: tuple[str, ...] = (),
        verify: VerifyLevel = VerifyLevel.METADATA,
        gathering: Gathering | None = None,
        on_wait: Callable[["FakeContext"], None] | None = None,
    ) -> None:
        self.site = site
        self.fake = services
        self.services = services.as_services()
        self.gathering = gathering or Gathering(sites or (site,), patience=0.05)
        self.shown: list[Target] = []
        self.lines: list[str] = []
        self.results: dict[str, StepResult] = {}
        self.transfers: list[tuple[int, float]] = []
        self.cancel_now = False
        self.again = False
        self._on_wait = on_wait
        self.task = a_task(sites or (site,), verify)
        self.standings: dict[str, Target] = {}

    def standing(self, site: str) -> Target | None:
        return self.standings.get(site, self.task.target(site))

    def now(self) -> datetime:
        return self.fake.clock.now

    def cancelled(self) -> bool:
        return self.cancel_now

    def taken_again(self) -> bool:
        return self.again

    async def wait(self, seconds: float) -> None:
        import asyncio

        self.fake.clock.forward(seconds)
        if self._on_wait is not None:
            self._on_wait(self)
        await asyncio.sleep(0)

    async def step(self, name: str, act: Callable[[], Awaitable[StepResult]]) -> StepResult:
        if name not in self.results:
            self.results[name] = await act()
        return self.results[name]

    def show(self, state: TargetState, text: str = "", progress: Progress | None = None) -> None:
        self.shown.append(Target(site=self.site, state=state, text=text, progress=progress))

    def log(self, text: str) -> None:
        self.lines.append(text)

    def record_transfer(self, count: int, seconds: float) -> None:
        self.transfers.append((count, seconds))

    @property
    def states(self) -> list[TargetState]:
        """The states shown, each once for as long as it stood."""
        found: list[TargetState] = []
        for target in self.shown:
            if not found or found[-1] is not target.state:
                found.append(target.state)
        return found


def a_task(sites: tuple[str, ...], verify: VerifyLevel = VerifyLevel.METADATA) -> Task:
    plan = Plan(
        operation="copy-image",
        title="copy cirros",
        objects=(ObjectReference(kind="image", id=IMAGE_ID, name="cirros"),),
        targets=sites,
        parameters={
            "image_id": IMAGE_ID,
            "image_name": "cirros",
            "size": 40 * MIB,
            "verify": verify.value,
        },
        made_at=BEGAN,
    )
    return Task(
        number=7,
        id="seven",
        plan=plan,
        state=TaskState.RUNNING,
        targets=tuple(Target(site=site) for site in sites),
        submitted_at=BEGAN,
    )
