"""After a failover on real clusters: resync and fail back, the runner killed in the middle."""

import hashlib
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
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
from dcn_console.model.plans import Plan
from dcn_console.model.requests import ContentCheck, FailBack, RbdSubject, Request, Resync
from dcn_console.model.tasks import TaskState
from dcn_console.operations.base import PlanContext
from dcn_console.operations.registry import operation_for

SIZE = "16M"
MODES = ("journal", "snapshot")
KILLED_AT = ("safety copy", "resync", "vanish", "copy anew", "final sync")
PATIENCE_SECONDS = 600.0
SAFETY = "dcn-console-safety."
PYTHON = ("/usr/bin/python3",)
OFFSETS = ("0", str(9 << 20))
WRITER = """
import os, rados, rbd, sys
conf, pool, name, *offsets = sys.argv[1:]
handle = rados.Rados(conffile=conf, rados_id="admin")
handle.connect()
with handle.open_ioctx(pool) as ioctx, rbd.Image(ioctx, name) as image:
    for offset in offsets:
        image.write(os.urandom(1 << 20), int(offset))
handle.shutdown()
"""


@dataclass(frozen=True)
class Torn:
    """RBD images by mode, written to at both sides since the edge was promoted by force.

    ``to_resync`` are demoted at the hub and say split-brain, ``to_fail_back`` are primary at
    both sides.
    """

    to_resync: dict[str, str]
    to_fail_back: dict[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.to_resync.values(), *self.to_fail_back.values())


@pytest.fixture
def console(lab: Lab, tmp_path: Path) -> Iterator[RealConsole]:
    config = tmp_path / "config.toml"
    settings = lab_settings(lab, user="admin", copies_per_site=4)
    config.write_text(render(settings))
    console = RealConsole(config, tmp_path / "state")
    yield console
    console.close()


@pytest.fixture
def torn(lab: Lab) -> Iterator[Torn]:
    """Fail over with divergence; everything is removed in the end, safety copies too."""
    hub, edge = lab.hub, lab.edges[0]
    pool = hub.pools.volumes
    made = Torn(*({mode: f"{what}-{mode}-{uuid.uuid4().hex[:8]}" for mode in MODES} for what in
                  ("resync", "failback")))  # fmt: skip
    for name, mode in zip(made.names, MODES * 2, strict=True):
        lab.rbd(hub, "create", "--size", SIZE, f"{pool}/{name}")
        write(hub, name)
        lab.rbd(hub, "mirror", "image", "enable", f"{pool}/{name}", mode)
    for name in made.names:
        until(partial(in_sync, edge, name), f"{name} is in sync", PATIENCE_SECONDS)
        until(partial(is_promoted, lab, edge, name), f"{name} is promoted", PATIENCE_SECONDS)
        write(hub, name)
        write(edge, name)
    for name in made.to_resync.values():
        until(partial(is_demoted, lab, hub, name), f"{name} is demoted", PATIENCE_SECONDS)
    for name in made.to_resync.values():
        until(partial(is_torn, hub, name), f"{name} is in split-brain", PATIENCE_SECONDS)
    yield made
    sites = (hub, edge, *lab.edges[1:])
    for site in sites:
        for name in listed(site):
            if name in made.names:
                with suppress(LabError):
                    lab.rbd(site, "mirror", "image", "disable", "--force", f"{pool}/{name}")
    for site in sites:
        until(partial(is_cleared, lab, site, made), f"{site.name} is cleared", PATIENCE_SECONDS)


def is_promoted(lab: Lab, site: LabSite, name: str) -> bool:
    """Ask for a forced promotion until it is done: Ceph may be busy with a sync."""
    try:
        lab.rbd(site, "mirror", "image", "promote", "--force", f"{site.pools.volumes}/{name}")
    except LabError:
        return is_primary(site, name)
    return True


def is_demoted(lab: Lab, site: LabSite, name: str) -> bool:
    """Ask for a demotion until it is done."""
    with suppress(LabError):
        lab.rbd(site, "mirror", "image", "demote", f"{site.pools.volumes}/{name}")
    return not is_primary(site, name)


def is_cleared(lab: Lab, site: LabSite, made: Torn) -> bool:
    """Remove what is left of the test at a site; whether nothing was."""
    left = [name for name in listed(site) if any(one in name for one in made.names)]
    for name in left:
        try:
            if "mirroring" in info(site, name):
                lab.rbd(
                    site, "mirror", "image", "disable", "--force", f"{site.pools.volumes}/{name}"
                )
            lab.rbd(site, "rm", "--no-progress", f"{site.pools.volumes}/{name}")
        except LabError:
            continue
    return not left


def listed(site: LabSite) -> list[str]:
    names: list[str] = site.rbd("ls", "--format", "json", site.pools.volumes)
    return names


def info(site: LabSite, name: str) -> dict[str, object]:
    shown: dict[str, object] = site.rbd("info", "--format", "json", f"{site.pools.volumes}/{name}")
    return shown


def is_primary(site: LabSite, name: str) -> bool:
    mirroring = info(site, name).get("mirroring")
    return isinstance(mirroring, dict) and bool(mirroring["primary"])


def write(site: LabSite, name: str) -> None:
    """Write random data into two of the four objects, as soon as a daemon lets go of the lock."""
    words = (*PYTHON, "-c", WRITER, str(site.conf), site.pools.volumes, name, *OFFSETS)

    def written() -> bool:
        ran = subprocess.run(words, check=False, capture_output=True, timeout=300)
        return ran.returncode == 0

    until(written, f"{name} is written at {site.name}", PATIENCE_SECONDS)


def said(site: LabSite, name: str) -> str:
    """Return what the daemon of a site says of an RBD image."""
    shown = site.rbd(
        "mirror", "image", "status", "--format", "json", f"{site.pools.volumes}/{name}"
    )
    return str(shown.get("description", ""))


def is_torn(site: LabSite, name: str) -> bool:
    with suppress(LabError):
        return "split-brain" in said(site, name)
    return False


def in_sync(site: LabSite, name: str) -> bool:
    try:
        text = said(site, name)
    except LabError:
        return False
    return '"entries_behind_primary":0' in text or (
        '"idle"' in text and "local_snapshot_timestamp" in text
    )


def digest(lab: Lab, site: LabSite, name: str, folder: Path) -> str:
    """Return the hash of an RBD image's head, read by rbd itself."""
    path = folder / f"{site.name}-{name}"
    lab.rbd(site, "export", "--no-progress", f"{site.pools.volumes}/{name}", str(path))
    value = hashlib.sha256(path.read_bytes()).hexdigest()
    path.unlink()
    return value


async def planned(console: RealConsole, request: Request) -> tuple[Plan, ...]:
    """Plan as the faces do."""
    services = await Services.open(console.settings)
    try:
        context = PlanContext(
            open_tasks=console.store.open_tasks(),
            rate_to=console.store.rate_to,
            now=datetime.now(UTC),
        )
        return await operation_for(request).plan(services, request, context)
    finally:
        await services.close()


def subjects(lab: Lab, names: dict[str, str]) -> tuple[RbdSubject, ...]:
    return tuple(RbdSubject(pool=lab.hub.pools.volumes, image=name) for name in names.values())


async def plans_of_all(lab: Lab, console: RealConsole, torn: Torn) -> tuple[Plan, ...]:
    """Plan both, and see what the plans say of the two sides before anything is changed."""
    hub, edge = lab.hub.name, lab.edges[0].name
    resync = Resync(subjects=subjects(lab, torn.to_resync), victim=hub)
    back = FailBack(
        subjects=subjects(lab, torn.to_fail_back), destination=hub, check=ContentCheck.FULL
    )
    resyncs, backs = await planned(console, resync), await planned(console, back)
    for plan in (*resyncs, *backs):
        assert not plan.refusals, [check.text for check in plan.refusals]
        assert plan.typed_name == plan.objects[0].name
        assert plan.parameters["written"][hub]
        assert plan.parameters["written"][edge]
    for plan in resyncs:
        assert any("says split-brain" in check.text for check in plan.checks)
    wrong = Resync(subjects=subjects(lab, torn.to_resync), victim=edge)
    for plan in await planned(console, wrong):
        assert "only primary" in plan.refusals[0].text
    return (*resyncs, *backs)


async def test_after_a_failover_both_sides_hold_the_same_again(
    lab: Lab, console: RealConsole, torn: Torn, tmp_path: Path
) -> None:
    hub, edge = lab.hub, lab.edges[0]
    plans = await plans_of_all(lab, console, torn)
    held = {name: digest(lab, hub, name, tmp_path) for name in torn.names}
    wanted = {name: digest(lab, edge, name, tmp_path) for name in torn.names}
    ids = {name: info(hub, name)["id"] for name in torn.names}
    assert all(held[name] != wanted[name] for name in torn.names)

    numbers = [console.store.submit(plan, "test").number for plan in plans]
    for step in KILLED_AT:
        console.start_runner()
        until(_begun(console, numbers, step), f"the step “{step}” has begun", PATIENCE_SECONDS)
        console.kill_runner()
    console.start_runner()
    for number in numbers:
        task = console.wait_over(number, PATIENCE_SECONDS)
        assert task.state is TaskState.DONE, console.explain(number)
        names = [step.name for step in console.store.steps(number)]
        assert list(dict.fromkeys(names)) == [step.name for step in task.plan.steps]

    copies = [name for name in listed(hub) if name.startswith(SAFETY)]
    for name in torn.names:
        (copy,) = [one for one in copies if name in one]
        assert digest(lab, hub, copy, tmp_path) == held[name]
        for site in (hub, edge):
            assert digest(lab, site, name, tmp_path) == wanted[name]
        assert info(hub, name)["id"] != ids[name]
        returned = name in torn.to_fail_back.values()
        assert (is_primary(hub, name), is_primary(edge, name)) == (returned, not returned)


def _begun(console: RealConsole, numbers: list[int], name: str) -> Callable[[], bool]:
    def begun() -> bool:
        return any(step.name == name for number in numbers for step in console.store.steps(number))

    return begun
