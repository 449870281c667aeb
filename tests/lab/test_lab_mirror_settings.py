"""Mirroring switched on and off on real clusters, through the real runner."""

import asyncio
import hashlib
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from dcn_lab.errors import LabError
from dcn_lab.lab import Lab
from lab_settings import lab_settings
from lab_tasks import slowed
from real_console import RealConsole, until

from dcn_console.config.write import render
from dcn_console.inventory.services import Services
from dcn_console.model.mirroring import MirrorMode
from dcn_console.model.plans import Plan
from dcn_console.model.requests import (
    AddSchedule,
    DisableMirroring,
    EnableMirroring,
    RbdSubject,
    RemoveSchedule,
    Request,
    TakeMirrorSnapshot,
)
from dcn_console.model.tasks import ProgressSource, TaskState
from dcn_console.operations.base import PlanContext
from dcn_console.operations.registry import operation_for

MIB = 1024 * 1024
SIZE = 32 * MIB
BIG = 256 * MIB

MakeImage = Callable[..., RbdSubject]


@pytest.fixture
def console(lab: Lab, tmp_path: Path) -> Iterator[RealConsole]:
    config = tmp_path / "config.toml"
    config.write_text(render(lab_settings(lab, user="admin")))
    console = RealConsole(config, tmp_path / "state")
    yield console
    console.close()


@pytest.fixture
def make_image(lab: Lab, tmp_path: Path) -> Iterator[MakeImage]:
    """Make RBD images with random data at the hub, and remove them with their copies."""
    made: list[RbdSubject] = []
    hub, pool = lab.hub, lab.hub.pools.volumes

    def make(size: int = SIZE, features: str = "layering,exclusive-lock") -> RbdSubject:
        name = f"settings-{uuid.uuid4().hex[:8]}"
        data = tmp_path / "data"
        data.write_bytes(os.urandom(size))
        lab.rbd(
            hub, "import", "--no-progress", "--image-feature", features, str(data), f"{pool}/{name}"
        )
        data.unlink()
        made.append(RbdSubject(pool=pool, image=name, site=hub.name))
        return made[-1]

    yield make
    for subject in made:
        remove(lab, subject)


def remove(lab: Lab, subject: RbdSubject) -> None:
    """Remove an RBD image once its copies are gone."""
    name = f"{subject.pool}/{subject.image}"
    if mirrored_mode(lab, subject):
        lab.rbd(lab.hub, "mirror", "image", "disable", name)

    def alone() -> bool:
        return not any(exists(lab, edge.name, subject) for edge in lab.edges)

    until(alone, f"the copies of {name} are gone")

    def removed() -> bool:
        with suppress(LabError):
            lab.rbd(lab.hub, "rm", "--no-progress", name)
        return not exists(lab, lab.hub.name, subject)

    until(removed, f"{name} is removed")


def exists(lab: Lab, site: str, subject: RbdSubject) -> bool:
    listed: list[str] = lab.rbd(site, "ls", subject.pool, "--format", "json")
    return subject.image in listed


def mirrored_mode(lab: Lab, subject: RbdSubject) -> str:
    shown = lab.rbd(lab.hub, "info", f"{subject.pool}/{subject.image}", "--format", "json")
    return str(shown.get("mirroring", {}).get("mode", ""))


def features(lab: Lab, subject: RbdSubject) -> set[str]:
    shown = lab.rbd(lab.hub, "info", f"{subject.pool}/{subject.image}", "--format", "json")
    return set(shown["features"])


def digest(lab: Lab, site: str, subject: RbdSubject, tmp_path: Path) -> str:
    """Return the hash of an RBD image's head, read by rbd itself."""
    file = tmp_path / f"{site}-export"
    lab.rbd(site, "export", "--no-progress", f"{subject.pool}/{subject.image}", str(file))
    value = hashlib.sha256(file.read_bytes()).hexdigest()
    file.unlink()
    return value


async def plan(console: RealConsole, request: Request) -> Plan:
    """Plan one object, as the faces do."""
    services = await Services.open(console.settings)
    try:
        context = PlanContext(
            open_tasks=console.store.open_tasks(),
            rate_to=console.store.rate_to,
            now=datetime.now(UTC),
        )
        (made,) = await operation_for(request).plan(services, request, context)
        return made
    finally:
        await services.close()


async def carried_out(console: RealConsole, request: Request) -> int:
    """Plan and submit, and wait until it is done; returns the task's number."""
    made = await plan(console, request)
    assert made.has_work, (made.skipped, made.checks)
    number = console.store.submit(made, "test").number
    task = await asyncio.to_thread(console.wait_over, number)
    assert task.state is TaskState.DONE, console.explain(number)
    return number


def wanted(subject: RbdSubject, mode: MirrorMode, lab: Lab, **changes: object) -> EnableMirroring:
    request = EnableMirroring(subjects=(subject,), mode=mode, destination=lab.edges[0].name)
    return msgspec.structs.replace(request, **changes)


@pytest.mark.parametrize("mode", list(MirrorMode))
async def test_mirrored_and_ended_with_content_and_features_compared(
    lab: Lab, console: RealConsole, make_image: MakeImage, tmp_path: Path, mode: MirrorMode
) -> None:
    subject = make_image()
    edge = lab.edges[0].name
    before = features(lab, subject)
    console.start_runner()
    number = await carried_out(console, wanted(subject, mode, lab))
    assert mirrored_mode(lab, subject) == mode.value
    assert digest(lab, edge, subject, tmp_path) == digest(lab, lab.hub.name, subject, tmp_path)
    assert "copy at" in console.target(number, edge).verified
    again = await plan(console, wanted(subject, mode, lab))
    assert "is mirrored already" in again.skipped[lab.hub.name]
    await carried_out(console, DisableMirroring(subjects=(subject,)))
    assert features(lab, subject) == before
    assert not exists(lab, edge, subject)
    kept = lab.rbd(lab.hub, "image-meta", "list", f"{subject.pool}/{subject.image}")
    assert "dcn-console." not in kept


async def test_a_mirror_snapshot_now_and_a_schedule_come_and_go(
    lab: Lab, console: RealConsole, make_image: MakeImage, tmp_path: Path
) -> None:
    subject = make_image()
    hub, edge = lab.hub.name, lab.edges[0].name
    console.start_runner()
    await carried_out(console, wanted(subject, MirrorMode.SNAPSHOT, lab, schedule="1d"))
    assert scheduled(lab, subject) == ["1d"]
    name = f"{subject.pool}/{subject.image}"
    lab.rbd(hub, "bench", "--io-type", "write", "--io-size", "65536", "--io-total", "4M", name)
    await carried_out(console, TakeMirrorSnapshot(subjects=(subject,)))
    assert digest(lab, edge, subject, tmp_path) == digest(lab, hub, subject, tmp_path)
    named = {"site": hub, "pool": subject.pool, "image": subject.image}
    await carried_out(console, AddSchedule(interval="180m", **named))
    assert scheduled(lab, subject) == ["1d", "3h"]
    assert not (await plan(console, AddSchedule(interval="3h", **named))).targets
    await carried_out(console, RemoveSchedule(interval="3h", **named))
    assert scheduled(lab, subject) == ["1d"]
    await carried_out(console, DisableMirroring(subjects=(subject,)))
    assert scheduled(lab, subject) == []


def scheduled(lab: Lab, subject: RbdSubject) -> list[str]:
    """Return the intervals of an RBD image's own schedules, as rbd lists them."""
    command = ("mirror", "snapshot", "schedule", "ls", "--recursive", "--pool", subject.pool)
    listed = lab.rbd(lab.hub, *command, "--format", "json")
    return sorted(
        item["interval"]
        for entry in listed
        if entry.get("image") == subject.image
        for item in entry["items"]
    )


async def test_a_runner_killed_in_the_first_copy_goes_on_with_it(
    lab: Lab, console: RealConsole, make_image: MakeImage, tmp_path: Path
) -> None:
    subject = make_image(BIG)
    edge = lab.edges[0].name
    made = await plan(console, wanted(subject, MirrorMode.JOURNAL, lab))
    number = console.store.submit(made, "test").number
    console.start_runner()

    def arriving() -> bool:
        progress = console.target(number, edge).progress
        return progress is not None and bool(progress.done)

    with slowed(lab.edges[0]):
        until(arriving, "bytes arrive")
        progress = console.target(number, edge).progress
        assert progress is not None
        assert progress.source in (ProgressSource.RBD_IMAGE, ProgressSource.MIRROR_DAEMON)
        assert progress.total == BIG
        console.kill_runner()
    console.start_runner()
    task = console.wait_over(number)
    assert task.state is TaskState.DONE, console.explain(number)
    assert digest(lab, edge, subject, tmp_path) == digest(lab, lab.hub.name, subject, tmp_path)
    steps = [step.name for step in console.store.steps(number) if step.name == "enable"]
    assert steps == ["enable"]


async def test_a_clone_is_refused_then_flattened(
    lab: Lab, console: RealConsole, make_image: MakeImage, tmp_path: Path
) -> None:
    parent = make_image()
    clone = RbdSubject(pool=parent.pool, image=f"{parent.image}-clone", site=lab.hub.name)
    snapshot = f"{parent.pool}/{parent.image}@base"
    lab.rbd(lab.hub, "snap", "create", "--no-progress", snapshot)
    lab.rbd(lab.hub, "snap", "protect", snapshot)
    lab.rbd(lab.hub, "clone", snapshot, f"{clone.pool}/{clone.image}")
    try:
        for mode in MirrorMode:
            refused = await plan(console, wanted(clone, mode, lab))
            assert refused.is_refused
            assert "--flatten" in refused.refusals[0].option
        console.start_runner()
        agreed = wanted(clone, MirrorMode.SNAPSHOT, lab, flatten=True)
        await carried_out(console, agreed)
        edge = lab.edges[0].name
        assert digest(lab, edge, clone, tmp_path) == digest(lab, lab.hub.name, clone, tmp_path)
        await carried_out(console, DisableMirroring(subjects=(clone,)))
    finally:
        remove(lab, clone)
        lab.rbd(lab.hub, "snap", "unprotect", snapshot)
        lab.rbd(lab.hub, "snap", "rm", "--no-progress", snapshot)


async def test_a_pool_without_mirroring_is_refused(lab: Lab, console: RealConsole) -> None:
    pool, name = lab.hub.pools.images, f"settings-{time.monotonic_ns()}"
    lab.rbd(lab.hub, "create", f"{pool}/{name}", "--size", "8M")
    try:
        subject = RbdSubject(pool=pool, image=name, site=lab.hub.name)
        made = await plan(console, wanted(subject, MirrorMode.JOURNAL, lab))
        assert made.is_refused
        assert "dcn-console mirror peer connect" in made.refusals[0].way_out
        with pytest.raises(LabError):
            lab.rbd(lab.hub, "mirror", "image", "status", f"{pool}/{name}")
    finally:
        lab.rbd(lab.hub, "rm", "--no-progress", f"{pool}/{name}")
