"""Relocation on real clusters, through the real runner: there and back, killed at every step."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from dcn_lab.errors import LabError
from dcn_lab.lab import Lab, LabSite
from lab_settings import lab_settings
from real_console import RealConsole, until

from dcn_console.config.write import render
from dcn_console.inventory.services import Services
from dcn_console.model.requests import ContentCheck, RbdSubject, Relocate, Request
from dcn_console.model.tasks import Task, TaskState
from dcn_console.operations.base import PlanContext
from dcn_console.operations.registry import operation_for

SIZE = "16M"
MODES = ("journal", "snapshot")


@pytest.fixture
def console(lab: Lab, tmp_path: Path) -> Iterator[RealConsole]:
    config = tmp_path / "config.toml"
    config.write_text(render(lab_settings(lab, user="admin")))
    console = RealConsole(config, tmp_path / "state")
    yield console
    console.close()


@pytest.fixture(scope="module")
def mirrored(lab: Lab) -> Iterator[dict[str, str]]:
    """RBD images by mode, in sync at both sites, with random data; removed in the end."""
    hub, edge = lab.hub, lab.edges[0]
    pool = hub.pools.volumes
    names = {mode: f"relocation-{mode}-{uuid.uuid4().hex[:8]}" for mode in MODES}
    for mode, name in names.items():
        lab.rbd(hub, "create", "--size", SIZE, f"{pool}/{name}")
        write(hub, name)
        lab.rbd(hub, "mirror", "image", "enable", f"{pool}/{name}", mode)
    for name in names.values():
        until(lambda name=name: in_sync(edge, name), f"{name} is in sync")  # type: ignore[misc]
    yield names
    for name in names.values():
        for site in lab.sites:
            with suppress(LabError):
                site.rbd("mirror", "image", "disable", "--force", f"{pool}/{name}")
        for site in lab.sites:
            until(partial(is_gone, site, name), f"{name} is gone at {site.name}")


def is_gone(site: LabSite, name: str) -> bool:
    """Remove an RBD image as soon as no daemon has it open, or makes it anew."""
    spec = f"{site.pools.volumes}/{name}"
    for words in (("mirror", "image", "disable", "--force", spec), ("rm", "--no-progress", spec)):
        with suppress(LabError):
            site.rbd(*words)
    return name not in site.rbd("ls", site.pools.volumes, "--format", "json")


def write(site: LabSite, name: str) -> None:
    """Write, as soon as a daemon lets go of the lock."""

    def written() -> bool:
        with suppress(LabError):
            site.rbd(
                "bench", "--io-type", "write", "--io-size", "64K", "--io-total", "4M",
                "--io-pattern", "rand", f"{site.pools.volumes}/{name}",
            )  # fmt: skip
            return True
        return False

    until(written, f"{name} is written at {site.name}")


def is_primary(site: LabSite, name: str) -> bool:
    shown = site.rbd("info", "--format", "json", f"{site.pools.volumes}/{name}")
    return bool(shown["mirroring"]["primary"])


def in_sync(site: LabSite, name: str) -> bool:
    pools = site.rbd(
        "mirror", "pool", "status", "--verbose", "--format", "json", site.pools.volumes
    )
    found = next((one for one in pools.get("images", []) if one["name"] == name), None)
    if found is None or "replaying" not in found.get("state", ""):
        return False
    text = found["description"]
    return '"entries_behind_primary":0' in text or (
        '"idle"' in text and "local_snapshot_timestamp" in text
    )


async def submit(console: RealConsole, request: Request) -> list[int]:
    """Plan and submit as the faces do; returns the tasks' numbers."""
    services = await Services.open(console.settings)
    try:
        context = PlanContext(
            open_tasks=console.store.open_tasks(),
            rate_to=console.store.rate_to,
            now=datetime.now(UTC),
        )
        plans = await operation_for(request).plan(services, request, context)
    finally:
        await services.close()
    for plan in plans:
        assert not plan.refusals, plan.refusals
    return [console.store.submit(plan, "test").number for plan in plans]


def subjects(lab: Lab, names: dict[str, str]) -> tuple[RbdSubject, ...]:
    return tuple(RbdSubject(pool=lab.hub.pools.volumes, image=name) for name in names.values())


def content(lab: Lab, site: LabSite, name: str, folder: Path) -> bytes:
    path = folder / f"{site.name}-{name}"
    lab.rbd(site, "export", f"{site.pools.volumes}/{name}", str(path))
    data = path.read_bytes()
    path.unlink()
    return data


def assert_at(lab: Lab, site: LabSite, names: dict[str, str], tmp_path: Path) -> None:
    other = lab.edges[0] if site.hub else lab.hub
    for name in names.values():
        assert is_primary(site, name)
        assert not is_primary(other, name)
        assert content(lab, site, name, tmp_path) == content(lab, other, name, tmp_path)


def done(console: RealConsole, numbers: list[int]) -> list[Task]:
    tasks = [console.wait_over(number) for number in numbers]
    for task in tasks:
        assert task.state is TaskState.DONE, console.explain(task.number)
    return tasks


async def test_volumes_go_to_the_edge_and_back_with_the_same_data(
    lab: Lab, console: RealConsole, mirrored: dict[str, str], tmp_path: Path
) -> None:
    edge = lab.edges[0]
    console.start_runner()
    wanted = subjects(lab, mirrored)
    for name in mirrored.values():
        write(lab.hub, name)
    request = Relocate(subjects=wanted, destination=edge.name, check=ContentCheck.FULL)
    for task in done(console, await submit(console, request)):
        assert "are the same at" in task.targets[0].verified
        assert [step.name for step in console.store.steps(task.number)] == [
            step.name for step in task.plan.steps
        ]
    assert_at(lab, edge, mirrored, tmp_path)
    for name in mirrored.values():
        write(edge, name)
    request = Relocate(subjects=wanted, destination=lab.hub.name, check=ContentCheck.FULL)
    done(console, await submit(console, request))
    assert_at(lab, lab.hub, mirrored, tmp_path)


async def test_killed_at_every_step_a_relocation_still_ends_well(
    lab: Lab, console: RealConsole, mirrored: dict[str, str], tmp_path: Path
) -> None:
    edge = lab.edges[0]
    destination = edge if is_primary(lab.hub, mirrored["journal"]) else lab.hub
    request = Relocate(
        subjects=subjects(lab, mirrored), destination=destination.name, check=ContentCheck.FULL
    )
    numbers = await submit(console, request)
    names = list(dict.fromkeys(_steps(console, numbers)))
    for name in names:
        console.start_runner()
        until(_begun(console, numbers, name), f"the step “{name}” has begun")
        console.kill_runner()
    console.start_runner()
    done(console, numbers)
    assert_at(lab, destination, mirrored, tmp_path)


def _steps(console: RealConsole, numbers: list[int]) -> list[str]:
    snapshot_mode = max((console.task(number) for number in numbers), key=_count_of_steps)
    return [step.name for step in snapshot_mode.plan.steps]


def _count_of_steps(task: Task) -> int:
    return len(task.plan.steps)


def _begun(console: RealConsole, numbers: list[int], name: str) -> Callable[[], bool]:
    def begun() -> bool:
        return any(step.name == name for number in numbers for step in console.store.steps(number))

    return begun
