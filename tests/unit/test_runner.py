"""The runner on its durable engine, with a Glance in memory."""

import asyncio
import fcntl
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from fake_dcn import FakeServices, a_task

from dcn_console.config.settings import Settings
from dcn_console.inventory.services import Services
from dcn_console.model.errors import RunnerBusy, ServiceUnreachable
from dcn_console.model.tasks import Target, TargetState, Task, TaskState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.registry import operation
from dcn_console.runner import engine
from dcn_console.runner.lock import RunnerLock, holder, is_held
from dcn_console.runner.service import Runner
from dcn_console.runner.signals import Signals
from dcn_console.tasks.location import TaskFolder, task_folder
from dcn_console.tasks.store import TaskStore

DEADLINE_SECONDS = 120


@pytest.fixture
def folder(tmp_path: Path) -> TaskFolder:
    return task_folder(tmp_path, "lab")


@pytest.fixture
def services() -> FakeServices:
    found = FakeServices("dcn0", "dcn1")
    found.clock.now = datetime.now(UTC)
    found.glance.staging_looks = 1
    found.glance.looks_per_store = 2
    return found


@asynccontextmanager
async def running(
    folder: TaskFolder, services: FakeServices, copies_per_site: int = 2
) -> AsyncIterator[None]:
    async def open_services(settings: Settings) -> Services:
        return services.as_services()

    settings = Settings(cloud="lab", copies_per_site=copies_per_site)
    runner = Runner(settings, folder, None, open_services)
    serving = asyncio.ensure_future(runner.run())
    try:
        yield
    finally:
        runner.stop()
        await serving


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not true():  # noqa: ASYNC110 - a condition in another process's file
            await asyncio.sleep(0.05)


def submit(store: TaskStore, *sites: str) -> int:
    return store.submit(a_task(sites).plan, "ann").number


def over(store: TaskStore, number: int) -> Callable[[], bool]:
    return lambda: store.task(number).state.is_over


async def test_a_submitted_task_runs_to_its_verified_end(
    folder: TaskFolder, services: FakeServices
) -> None:
    store = TaskStore(folder.store)
    number = submit(store, "dcn0", "dcn1")
    async with running(folder, services):
        await until(over(store, number))
    task: Task = store.task(number)
    assert task.state is TaskState.DONE
    assert [set(stores) for stores in services.glance.requests] == [{"dcn0-store", "dcn1-store"}]
    assert [step.name for step in store.steps(number) if step.site == "dcn0"] == [
        "probe",
        "ask",
        "watch",
        "verify",
    ]
    assert all(step.finished_at is not None for step in store.steps(number))
    assert any("asking Glance" in line.text for line in store.log(number))


async def test_a_runner_takes_up_what_another_left_behind(
    folder: TaskFolder, services: FakeServices
) -> None:
    store = TaskStore(folder.store)
    number = submit(store, "dcn0")
    services.glance.dead = True
    async with running(folder, services):
        await until(lambda: bool(services.glance.requests))
    assert store.task(number).state is TaskState.RUNNING
    services.glance.dead = False
    async with running(folder, services):
        await until(over(store, number))
    assert store.task(number).state is TaskState.DONE
    assert len(services.glance.requests) == 1


async def test_copies_to_one_site_keep_to_the_configured_number(
    folder: TaskFolder, services: FakeServices
) -> None:
    store = TaskStore(folder.store)
    services.clusters["dcn0"].reachable = False
    first = submit(store, "dcn0")
    async with running(folder, services, copies_per_site=1):
        await until(lambda: store.task(first).targets[0].state is TargetState.WAITING)
        second = submit(store, "dcn0")
        third = submit(store, "dcn1")
        await until(over(store, third))
        assert store.task(second).targets[0].state is TargetState.QUEUED
        services.clusters["dcn0"].reachable = True
        await until(over(store, first))
        await until(over(store, second))
    assert {store.task(number).state for number in (first, second, third)} == {TaskState.DONE}


async def test_a_queued_task_is_cancelled_without_ever_starting(
    folder: TaskFolder, services: FakeServices
) -> None:
    store = TaskStore(folder.store)
    services.clusters["dcn0"].reachable = False
    first = submit(store, "dcn0")
    async with running(folder, services, copies_per_site=1):
        await until(lambda: store.task(first).targets[0].state is TargetState.WAITING)
        second = submit(store, "dcn0")
        await until(lambda: any(task.number == second for task in store.open_tasks()))
        store.request_cancel(second)
        await until(over(store, second))
        store.request_cancel(first)
        await until(over(store, first))
    assert store.task(second).state is TaskState.CANCELLED
    assert store.task(second).started_at is None
    assert store.task(first).state is TaskState.CANCELLED
    assert services.glance.requests == []


async def test_a_paused_task_waits_before_its_next_step_also_in_another_runner(
    folder: TaskFolder, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow = Signals.follow
    told: list[datetime | None] = []

    def noted(signals: Signals, task: Task) -> None:
        follow(signals, task)
        told.append(task.pause_requested_at)

    monkeypatch.setattr(Signals, "follow", noted)
    store = TaskStore(folder.store)
    services.clusters["dcn0"].reachable = False
    number = submit(store, "dcn0")
    async with running(folder, services):
        await until(lambda: store.task(number).targets[0].state is TargetState.WAITING)
        store.request_pause(number)
        await until(lambda: any(told))
        services.clusters["dcn0"].reachable = True
        await until(lambda: store.task(number).state is TaskState.PAUSED)
    async with running(folder, services):
        await until(lambda: is_held(folder.lock))
        await until(lambda: store.log(number)[-1].text == "paused before the step “probe”")
        assert store.task(number).targets[0].text == "paused before the step “probe”"
        assert services.glance.requests == []
        store.request_resume(number)
        await until(over(store, number))
    assert store.task(number).state is TaskState.DONE


async def test_a_paused_task_can_be_cancelled(folder: TaskFolder, services: FakeServices) -> None:
    store = TaskStore(folder.store)
    number = submit(store, "dcn0")
    store.request_pause(number)
    async with running(folder, services):
        await until(lambda: store.task(number).state is TaskState.PAUSED)
        store.request_cancel(number)
        await until(over(store, number))
    assert store.task(number).state is TaskState.CANCELLED
    assert services.glance.requests == []


class Prompt:
    """An operation that takes no turns and is done at once."""

    takes_turns = False

    async def run_target(self, context: TargetContext) -> Target:
        return Target(site=context.site, state=TargetState.DONE)


async def test_what_takes_no_turns_does_not_wait_for_a_copy(
    folder: TaskFolder, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        engine, "operation", lambda name: Prompt() if name == "prompt" else operation(name)
    )
    store = TaskStore(folder.store)
    services.clusters["dcn0"].reachable = False
    first = submit(store, "dcn0")
    async with running(folder, services, copies_per_site=1):
        await until(lambda: store.task(first).targets[0].state is TargetState.WAITING)
        plan = msgspec.structs.replace(a_task(("dcn0",)).plan, operation="prompt")
        prompt = store.submit(plan, "ann").number
        await until(over(store, prompt))
        assert not store.task(first).state.is_over
        store.request_cancel(first)
        await until(over(store, first))
    assert store.task(prompt).state is TaskState.DONE


async def test_a_task_of_an_unknown_operation_fails_and_says_so(
    folder: TaskFolder, services: FakeServices
) -> None:
    store = TaskStore(folder.store)
    plan = msgspec.structs.replace(a_task(("dcn0",)).plan, operation="from-the-future")
    number = store.submit(plan, "ann").number
    async with running(folder, services):
        await until(over(store, number))
    assert "knows no operation “from-the-future”" in store.task(number).error


async def test_an_unexpected_exception_ends_its_task_with_the_cause(
    folder: TaskFolder, services: FakeServices
) -> None:
    store = TaskStore(folder.store)
    services.glance.errors = [ZeroDivisionError("surprise")]
    number = submit(store, "dcn0")
    async with running(folder, services):
        await until(over(store, number))
    assert "internal error: ZeroDivisionError: surprise" in store.task(number).error


async def test_a_second_runner_is_refused_with_the_holder(
    folder: TaskFolder, services: FakeServices
) -> None:
    async with running(folder, services):
        await until(lambda: is_held(folder.lock))
        with pytest.raises(RunnerBusy, match="already runs the tasks"):
            RunnerLock(folder.lock).acquire()
        assert holder(folder.lock) is not None
    assert not is_held(folder.lock)
    assert holder(folder.lock) is None


def test_somebody_who_only_looks_does_not_keep_a_runner_out(
    folder: TaskFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dcn_console.runner.lock.PATIENCE_SECONDS", DEADLINE_SECONDS)
    TaskStore(folder.store).close()
    lock = RunnerLock(folder.lock)
    with folder.lock.open("w") as looked_at:
        fcntl.flock(looked_at, fcntl.LOCK_SH)
        threading.Timer(0.2, lambda: fcntl.flock(looked_at, fcntl.LOCK_UN)).start()
        lock.acquire()
    assert is_held(folder.lock)
    lock.release()


async def test_a_runner_without_a_cloud_ends_what_is_cancelled_and_then_itself(
    folder: TaskFolder,
) -> None:
    async def open_services(settings: Settings) -> Services:
        raise ServiceUnreachable("Keystone does not answer.")

    store = TaskStore(folder.store)
    number = submit(store, "dcn0", "dcn1")
    serving = asyncio.ensure_future(Runner(Settings(cloud="lab"), folder, 0.0, open_services).run())
    await until(lambda: is_held(folder.lock))
    assert not serving.done()
    store.request_cancel(number)
    async with asyncio.timeout(DEADLINE_SECONDS):
        await serving
    task = store.task(number)
    assert task.state is TaskState.CANCELLED
    assert {target.text for target in task.targets} == {"cancelled while queued"}
    assert not is_held(folder.lock)
