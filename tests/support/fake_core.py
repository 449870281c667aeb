"""A core for the command line that needs no service: the fake workspace and its rows."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
from fake_data import sample_rows, topology
from fake_workspace import FakeWorkspace

from dcn_console.cli.framework import Session
from dcn_console.cli.reading import Reading
from dcn_console.config.settings import Settings
from dcn_console.config.write import render
from dcn_console.inventory.diagnosis import Diagnosis
from dcn_console.inventory.discovered import Discovery
from dcn_console.model.inventory import Inventory, MirrorState, Snapshot, Source
from dcn_console.model.rows import Rows
from dcn_console.model.tasks import Target, TargetState, Task, TaskState
from dcn_console.workspace.interface import Workspace


class MovingWorkspace(FakeWorkspace):
    """A fake workspace whose submitted tasks end after a few looks.

    ``endings`` maps a site to how its target ends; DONE where it says nothing.
    """

    def __init__(self, rows: Rows, endings: dict[str, TargetState] | None = None) -> None:
        super().__init__(rows)
        self.endings = endings or {}
        self.looks: dict[int, int] = {}

    async def tend_runner(self) -> None:
        """A runner takes up the tasks."""
        await self._answer("tend_runner")
        self.runner = True

    async def task(self, number: int) -> Task:
        found = await super().task(number)
        if found.state.is_over:
            return found
        self.looks[number] = self.looks.get(number, 0) + 1
        moved = self._moved(found, self.looks[number])
        self.change_task(number, state=moved.state, targets=moved.targets, error=moved.error)
        return moved

    def _moved(self, task: Task, look: int) -> Task:
        if look < 2:
            return task
        if look == 2:
            targets = tuple(
                Target(site=target.site, state=TargetState.STAGING) for target in task.targets
            )
            return msgspec.structs.replace(task, state=TaskState.RUNNING, targets=targets)
        targets = tuple(
            Target(site=target.site, state=self.endings.get(target.site, TargetState.DONE))
            for target in task.targets
        )
        failed = [target.site for target in targets if target.state is TargetState.FAILED]
        states = {target.state for target in targets}
        if TargetState.CANCELLED in states:
            state = TaskState.CANCELLED
        elif states == {TargetState.FAILED}:
            state = TaskState.FAILED
        else:
            state = TaskState.PARTLY_DONE if failed else TaskState.DONE
        error = "; ".join(f"{site}: no space left" for site in failed)
        return msgspec.structs.replace(task, state=state, targets=targets, error=error)


class FakeCore:
    """Serves one workspace and its rows.

    ``errors`` maps a part of the inventory to its error, ``mirrors`` a site to its mirrored pools.
    """

    def __init__(
        self, rows: Rows | None = None, endings: dict[str, TargetState] | None = None
    ) -> None:
        self.rows = sample_rows(images=12, volumes=6) if rows is None else rows
        self.fake = MovingWorkspace(self.rows, endings)
        self.errors: dict[str, str] = {}
        self.mirrors: dict[str, MirrorState] = {}
        self.read_parts: list[frozenset[str]] = []
        self.discovery = Discovery()
        self.diagnoses: tuple[Diagnosis, ...] = ()
        self.ceph_folders: list[Path] = []

    def workspace(self, session: Session) -> Workspace:
        """Return the fake workspace, read-only when the session is."""
        if session.settings.read_only:
            self.fake.read_only = "this console is read-only"
        return self.fake

    async def read(self, session: Session, wanted: frozenset[str]) -> Reading:
        """Return the rows, with the errors told."""
        self.read_parts.append(wanted)
        await asyncio.sleep(0)
        images = Snapshot(
            rows=tuple(row.image for row in self.rows.images),
            complete=True,
            source=Source.LIVE,
            error=self.errors.get("images"),
        )
        inventory = Inventory(
            topology=session.settings.topology,
            images=images,
            volumes=Snapshot(error=self.errors.get("volumes")),
            clusters={
                site: Snapshot(error=self.errors.get(site))
                for site in session.settings.topology.names
            },
            mirrors={
                site: Snapshot(rows=(state,), error=self.errors.get(f"mirroring at {site}"))
                for site, state in self.mirrors.items()
            },
        )
        return Reading(inventory=inventory, rows=self.rows)

    async def discover(self, session: Session, ceph_folder: Path) -> tuple[str, Discovery]:
        """Return what the test put into ``discovery``."""
        self.ceph_folders.append(ceph_folder)
        await asyncio.sleep(0)
        return "lab", self.discovery

    async def diagnose(self, session: Session, undercloud: str = "") -> AsyncIterator[Diagnosis]:
        """Yield what the test put into ``diagnoses``."""
        for diagnosis in self.diagnoses:
            await asyncio.sleep(0)
            yield diagnosis


def write_sample_config(folder: Path) -> Path:
    """Write the config of the sample deployment and return its path."""
    file = folder / "config.toml"
    file.write_text(render(Settings(cloud="lab", topology=topology())), encoding="utf-8")
    return file
