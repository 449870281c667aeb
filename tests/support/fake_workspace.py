"""A workspace that needs nothing: believable data, a clock of its own, faults and hung calls."""

import asyncio
import threading
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

import msgspec
from fake_data import MIB, NOW, sample_rows
from fake_mirror_plans import mirror_plans
from fake_mirrors import with_mirrors
from fake_stored import with_stored
from fake_tasks import copying, plan_for, sample_log, sample_steps, sample_tasks

from dcn_console.model import image_requests, requests, server_requests, storage_requests
from dcn_console.model.errors import DcnError, UsageError
from dcn_console.model.inventory import Inventory, Snapshot, Source
from dcn_console.model.plans import Plan
from dcn_console.model.requests import CopyImages, Request
from dcn_console.model.rows import Rows
from dcn_console.model.sites import Topology
from dcn_console.model.tasks import LogLine, StepRecord, Target, TargetState, Task, TaskState
from dcn_console.operations.policy import check_policy
from dcn_console.workspace.interface import Change

_KINDS = (requests, storage_requests, image_requests, server_requests)
EVERYTHING: frozenset[type[Request]] = frozenset(
    kind
    for module in _KINDS
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Request) and kind is not Request
)


class FakeClock:
    """A clock that only moves when told."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class FakeWorkspace:
    """Keeps the promises of ``Workspace`` on data in memory.

    ``hanging`` names the calls that never answer, ``failing`` maps calls to the error they
    raise, ``calls`` lists every call with its arguments. ``plans`` answers what is not a copy,
    ``typed`` are the names typed for each submission, ``step_records`` the steps of some tasks,
    ``unplannable`` the kinds of requests that no operation plans.
    """

    def __init__(self, rows: Rows | None = None, tasks: tuple[Task, ...] | None = None) -> None:
        self.clock = FakeClock()
        self.calls: list[tuple[object, ...]] = []
        self.hanging: set[str] = set()
        self.failing: dict[str, Exception] = {}
        self.read_only = ""
        self.runner = True
        self.current = with_stored(with_mirrors(sample_rows())) if rows is None else rows
        self.current_tasks = sample_tasks() if tasks is None else tasks
        self.callbacks: list[Callable[[Change], None]] = []
        self.snapshot_source = Source.LIVE
        self.errors: dict[str, str] = {}
        self.failing_since: datetime | None = None
        self.taken_at = NOW - timedelta(seconds=4)
        self.complete = True
        self.plans: tuple[Plan, ...] = ()
        self.typed: list[tuple[str, ...]] = []
        self.unplannable: set[type[Request]] = set()
        self.step_records: dict[int, tuple[StepRecord, ...]] = {}

    cloud_name = "lab"
    project_name = "admin"
    user_name = "admin"

    @property
    def topology(self) -> Topology:
        return Topology(tuple(row.site for row in self.current.sites))

    @property
    def plannable(self) -> frozenset[type[Request]]:
        return EVERYTHING - self.unplannable

    @property
    def read_only_reason(self) -> str:
        return self.read_only

    def rows(self) -> Rows:
        return self.current

    def inventory(self) -> Inventory:
        def shot(name: str) -> Snapshot[object]:
            error = self.errors.get(name)
            return Snapshot(
                generation=1,
                taken_at=self.taken_at,
                complete=self.complete,
                source=self.snapshot_source,
                error=error,
                failing_since=self.failing_since if error else None,
            )

        return Inventory(
            topology=self.topology,
            stores=shot("stores"),  # type: ignore[arg-type]
            images=shot("images"),  # type: ignore[arg-type]
            volumes=shot("volumes"),  # type: ignore[arg-type]
            services=shot("services"),  # type: ignore[arg-type]
            backups=shot("backups"),  # type: ignore[arg-type]
            snapshots=shot("snapshots"),  # type: ignore[arg-type]
            servers=shot("servers"),  # type: ignore[arg-type]
        )

    def tasks(self) -> tuple[Task, ...]:
        return self.current_tasks

    def runner_alive(self) -> bool:
        return self.runner

    async def tend_runner(self) -> None:
        await self._answer("tend_runner")

    def subscribe(self, callback: Callable[[Change], None]) -> Callable[[], None]:
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)

    async def start(self) -> None:
        await self._answer("start")

    async def stop(self) -> None:
        await self._answer("stop")

    def refresh(self) -> None:
        self.calls.append(("refresh",))

    async def plan(self, request: Request) -> tuple[Plan, ...]:
        await self._answer("plan", request)
        if not isinstance(request, CopyImages):
            return self.plans or mirror_plans(request)
        every = tuple(site.name for site in self.topology.edges)
        wanted = every if request.sites is None else request.sites
        known = {row.key: row for row in self.current.images}
        return tuple(plan_for(known[key], wanted, request.verify) for key in request.image_ids)

    async def replan(self, number: int) -> Plan:
        await self._answer("replan", number)
        return (await self.task(number)).plan

    async def submit(
        self,
        plans: Sequence[Plan],
        typed_names: Collection[str] = (),
        retry_of: int | None = None,
    ) -> tuple[Task, ...]:
        await self._answer("submit", tuple(plan.title for plan in plans))
        self.typed.append(tuple(typed_names))
        check_policy(plans, self.topology, self.read_only, typed_names)
        number = max((task.number for task in self.current_tasks), default=0)
        made = tuple(
            Task(
                number=number + index,
                id=f"task-{number + index}",
                plan=plan,
                state=TaskState.QUEUED,
                targets=tuple(Target(site=site) for site in plan.targets),
                submitted_at=self.clock.now,
                submitted_by="admin@test",
                retry_of=retry_of,
            )
            for index, plan in enumerate((item for item in plans if item.has_work), start=1)
        )
        self.set_tasks((*reversed(made), *self.current_tasks))
        return made

    async def cancel(self, number: int) -> str:
        await self._answer("cancel", number)
        self.change_task(number, state=TaskState.CANCELLING)
        return "Glance cannot stop what it copies at this moment; nothing more will be asked."

    async def pause(self, number: int) -> str:
        await self._answer("pause", number)
        self.change_task(number, state=TaskState.PAUSED)
        return f"Task {number} pauses before its next step."

    async def resume(self, number: int) -> str:
        await self._answer("resume", number)
        self.change_task(number, state=TaskState.RUNNING)
        return f"Task {number} goes on."

    async def task(self, number: int) -> Task:
        for task in self.current_tasks:
            if task.number == number:
                return task
        raise UsageError(f"There is no task {number}.")

    async def steps(self, number: int) -> tuple[StepRecord, ...]:
        await self._answer("steps", number)
        return self.step_records.get(number, sample_steps())

    async def log(self, number: int, limit: int = 1000) -> tuple[LogLine, ...]:
        await self._answer("log", number)
        return sample_log()[-limit:]

    async def body(self, kind: str, object_id: str) -> str:
        await self._answer("body", kind, object_id)
        return f'{{\n  "id": "{object_id}",\n  "name": "[red]x[/]",\n  "kind": "{kind}"\n}}'

    async def _answer(self, name: str, *arguments: object) -> None:
        self.calls.append((name, *arguments))
        if name in self.hanging:
            await asyncio.Event().wait()
        if name in self.failing:
            raise self.failing[name]
        await asyncio.sleep(0)

    def named(self, name: str) -> list[tuple[object, ...]]:
        """The arguments of every call of that name."""
        return [call[1:] for call in self.calls if call[0] == name]

    def tell(self, change: Change, *, from_thread: bool = False) -> None:
        """Tell all subscribers of a change, as the real one does from any thread."""

        def tell_all() -> None:
            for callback in tuple(self.callbacks):
                callback(change)

        if from_thread:
            thread = threading.Thread(target=tell_all)
            thread.start()
            thread.join()
        else:
            tell_all()

    def set_rows(self, rows: Rows) -> None:
        self.current = rows
        self.tell(Change.ROWS)

    def set_tasks(self, tasks: tuple[Task, ...]) -> None:
        self.current_tasks = tasks
        self.tell(Change.TASKS)

    def change_task(self, number: int, **changes: object) -> None:
        self.set_tasks(
            tuple(
                msgspec.structs.replace(task, **changes) if task.number == number else task
                for task in self.current_tasks
            )
        )

    def advance(self, seconds: float) -> None:
        """Let time pass: every target that copies moves on at its rate, and may end."""
        self.clock.advance(seconds)
        self.set_tasks(tuple(self._advanced(task, seconds) for task in self.current_tasks))

    def _advanced(self, task: Task, seconds: float) -> Task:
        if task.state is not TaskState.RUNNING:
            return task
        targets = []
        for target in task.targets:
            progress = target.progress
            if target.state is TargetState.COPYING and progress and progress.total:
                done = min(progress.total, (progress.done or 0) + int(seconds * 11 * MIB))
                if done == progress.total:
                    targets.append(
                        Target(
                            site=target.site,
                            state=TargetState.DONE,
                            attempts=target.attempts,
                            verified="RBD image with its protected snapshot",
                        )
                    )
                else:
                    targets.append(copying(target.site, done, progress.total, self.clock.now))
            else:
                targets.append(target)
        over = all(target.state.is_over for target in targets)
        return msgspec.structs.replace(
            task,
            targets=tuple(targets),
            state=TaskState.DONE if over else task.state,
            finished_at=self.clock.now if over else None,
        )


__all__ = ["DcnError", "FakeClock", "FakeWorkspace"]
