"""Cinder, Nova and clusters that mirror, in memory, and a context to run operations in."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

import msgspec
from fake_dcn import Clock, a_topology
from fake_mirror_cluster import FakeCluster
from fake_mirroring import IMAGE, POOL, World

from dcn_console.inventory.services import Services
from dcn_console.model.errors import HttpError, ObjectNotFound
from dcn_console.model.inventory import Attachment, Server, Volume
from dcn_console.model.plans import Plan
from dcn_console.model.requests import RbdSubject
from dcn_console.model.tasks import Progress, Target, TargetState, Task, TaskState
from dcn_console.operations.base import PlanContext
from dcn_console.operations.gathering import Gathering
from dcn_console.operations.results import StepResult

VOLUME_ID = "1"
SUBJECT = RbdSubject(
    pool=POOL, image=IMAGE, volume_id=VOLUME_ID, label="pet volume", site="central"
)


class Killed(BaseException):
    """The runner is killed (-9)."""


@dataclass
class FakeCinder:
    """Volumes by id."""

    volumes: dict[str, Volume] = field(default_factory=dict)

    async def volume(self, volume_id: str) -> Volume:
        if volume_id not in self.volumes:
            raise ObjectNotFound(f"Cinder: show volume {volume_id}: not found.")
        return self.volumes[volume_id]


@dataclass
class FakeNova:
    """Servers by id; stopping and starting takes until the next look."""

    servers: dict[str, Server] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    _changing: dict[str, str] = field(default_factory=dict)

    async def server(self, server_id: str) -> Server:
        if server_id not in self.servers:
            raise ObjectNotFound(f"Nova: show server {server_id}: not found.")
        seen = self.servers[server_id]
        if server_id in self._changing:
            status = self._changing.pop(server_id)
            self.servers[server_id] = msgspec.structs.replace(seen, status=status)
        return seen

    async def stop(self, server_id: str) -> None:
        await self._ask("stop", server_id, "ACTIVE", "SHUTOFF")

    async def start(self, server_id: str) -> None:
        await self._ask("start", server_id, "SHUTOFF", "ACTIVE")

    async def _ask(self, what: str, server_id: str, before: str, after: str) -> None:
        if self.servers[server_id].status != before:
            raise HttpError(f"cannot {what} it now", 409)
        self.asked.append(f"{what} {server_id}")
        self._changing[server_id] = after


class FakeServices:
    """What an operation sees of a DCN whose pool ``volumes`` is mirrored."""

    def __init__(self, *edges: str) -> None:
        self.clock = Clock()
        self.topology = a_topology(*(edges or ("dcn0",)))
        self.world = World(*self.topology.names, clock=self.clock)
        self.clusters = {name: FakeCluster(self.world, name) for name in self.topology.names}
        self.cinder = FakeCinder()
        self.nova: FakeNova | None = FakeNova()

    def as_services(self) -> Services:
        return cast(Services, self)

    def add_volume(
        self, status: str = "available", server: str = "", zone: str = "central-zone"
    ) -> Volume:
        """Add the volume of ``SUBJECT``, attached to ``server`` unless ""."""
        attachments = (Attachment(server_id=server, device="/dev/vdb"),) if server else ()
        volume = Volume(
            id=VOLUME_ID,
            name="pet volume",
            status="in-use" if server else status,
            size=16 << 20,
            availability_zone=zone,
            attachments=attachments,
        )
        self.cinder.volumes[VOLUME_ID] = volume
        if server and self.nova is not None:
            self.nova.servers[server] = Server(
                id=server, name="web", status="ACTIVE", availability_zone=zone
            )
        return volume

    def plan_context(self, *open_tasks: Task) -> PlanContext:
        return PlanContext(open_tasks=open_tasks, rate_to=lambda site: None, now=self.clock.now)

    async def close(self) -> None:
        """Nothing is open."""


class MirrorContext:
    """Runs a plan's target without a runner; waits move the clock.

    ``results`` outlive a kill: give those of a killed context to the next one.
    """

    def __init__(
        self,
        services: FakeServices,
        plan: Plan,
        *,
        results: dict[str, StepResult] | None = None,
        on_step: Callable[[str], None] = lambda name: None,
        on_wait: Callable[["MirrorContext"], None] = lambda context: None,
        site: str = "",
    ) -> None:
        self.fake = services
        self.services = services.as_services()
        self.site = site or plan.targets[0]
        self.gathering = Gathering((self.site,), patience=0.01)
        self.standings: dict[str, Target] = {}
        self.task = Task(
            number=7,
            id="seven",
            plan=plan,
            state=TaskState.RUNNING,
            targets=tuple(Target(site=name) for name in plan.targets),
            submitted_at=services.clock.now,
        )
        self.results = {} if results is None else results
        self.shown: list[Target] = []
        self.lines: list[str] = []
        self.cancel_now = False
        self.again = False
        self._on_step = on_step
        self._on_wait = on_wait

    def standing(self, site: str) -> Target | None:
        return self.standings.get(site, self.task.target(site))

    def now(self) -> datetime:
        return self.fake.clock.now

    def cancelled(self) -> bool:
        return self.cancel_now

    def taken_again(self) -> bool:
        return self.again

    async def wait(self, seconds: float) -> None:
        self.fake.clock.forward(seconds)
        self._on_wait(self)

    async def step(self, name: str, act: Callable[[], Awaitable[StepResult]]) -> StepResult:
        if name not in self.results:
            result = await act()
            self._on_step(name)
            stored = msgspec.json.encode(result)
            self.results[name] = msgspec.json.decode(stored, type=StepResult)
        return self.results[name]

    def show(self, state: TargetState, text: str = "", progress: Progress | None = None) -> None:
        self.shown.append(Target(site=self.site, state=state, text=text, progress=progress))

    def log(self, text: str) -> None:
        self.lines.append(text)

    def record_transfer(self, count: int, seconds: float) -> None:
        """Nothing estimates here."""
