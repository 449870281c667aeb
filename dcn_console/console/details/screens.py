"""The pages of an image, a volume, a site and a task."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from textual.containers import VerticalScroll

from dcn_console.console.details.document import Section
from dcn_console.console.details.image import image_sections
from dcn_console.console.details.screen import DetailScreen, heading
from dcn_console.console.details.site import site_sections
from dcn_console.console.details.task import task_sections
from dcn_console.console.details.task_reader import TaskReader
from dcn_console.console.details.volume import volume_sections
from dcn_console.console.navigation import home_of
from dcn_console.console.situation import Place, Situation, Subject
from dcn_console.console.spans import Line
from dcn_console.model.rows import ImageRow, SiteRow, VolumeRow
from dcn_console.model.tasks import Task
from dcn_console.workspace.interface import Change

SECTION_FRAME = 8
"""Cells that borders, padding and the scroll bar take from a section's width."""


class ImageScreen(DetailScreen):
    """Fields, placement, findings and commands of an image."""

    LEFT: ClassVar[tuple[str, ...]] = ("placement", "findings", "commands")
    RIGHT: ClassVar[tuple[str, ...]] = ("fields",)

    def __init__(self, row: ImageRow) -> None:
        """Make the page of an image."""
        super().__init__()
        self._row = row

    @property
    def place(self) -> Place:
        """An image's page."""
        return Place.IMAGE

    def situation(self) -> Situation:
        """The page is about one image."""
        return replace(
            super().situation(),
            images=(self._row,),
            subject=Subject("image", self._row.key, self._row.image.label),
        )

    def heading(self) -> Line:
        """The image's name."""
        return heading("Image", self._row.image.label)

    def look_up(self) -> None:
        """Take the newest row of the image."""
        row = home_of(self.console).tables[Place.IMAGES].state.row(self._row.key)
        self.mark_gone(row is None)
        self._row = row or self._row

    def sections(self, now: datetime) -> dict[str, Section]:
        """Make all sections."""
        return image_sections(self._row, self.console.workspace.topology, now)


class VolumeScreen(DetailScreen):
    """Fields, origin, attachments, findings and commands of a volume."""

    LEFT: ClassVar[tuple[str, ...]] = ("findings", "fields")
    RIGHT: ClassVar[tuple[str, ...]] = ("mirroring", "attachments", "origin", "commands")

    def __init__(self, row: VolumeRow) -> None:
        """Make the page of a volume."""
        super().__init__()
        self._row = row

    @property
    def place(self) -> Place:
        """A volume's page."""
        return Place.VOLUME

    def situation(self) -> Situation:
        """The page is about one volume."""
        return replace(
            super().situation(),
            volumes=(self._row,),
            mirrors=self._row.mirrors,
            subject=Subject("volume", self._row.key, self._row.volume.label),
        )

    def heading(self) -> Line:
        """The volume's name."""
        return heading("Volume", self._row.volume.label)

    def look_up(self) -> None:
        """Take the newest row of the volume."""
        row = home_of(self.console).tables[Place.VOLUMES].state.row(self._row.key)
        self.mark_gone(row is None)
        self._row = row or self._row

    def sections(self, now: datetime) -> dict[str, Section]:
        """Make all sections."""
        return volume_sections(self._row, self.console.workspace.topology, now)


class SiteScreen(DetailScreen):
    """Fields, capacity, health, findings and commands of a site."""

    LEFT: ClassVar[tuple[str, ...]] = ("findings", "fields")
    RIGHT: ClassVar[tuple[str, ...]] = ("capacity", "health", "commands")

    def __init__(self, row: SiteRow) -> None:
        """Make the page of a site."""
        super().__init__()
        self._row = row

    @property
    def place(self) -> Place:
        """A site's page."""
        return Place.SITE

    def situation(self) -> Situation:
        """The site of the page."""
        return replace(super().situation(), site=self._row.key)

    def heading(self) -> Line:
        """The site's name."""
        return heading("Site", self._row.site.name)

    def look_up(self) -> None:
        """Take the newest row of the site."""
        row = home_of(self.console).tables[Place.SITES].state.row(self._row.key)
        self.mark_gone(row is None)
        self._row = row or self._row

    def sections(self, now: datetime) -> dict[str, Section]:
        """Make all sections."""
        return site_sections(self._row, now)


class TaskScreen(DetailScreen):
    """State, sites, steps, log and commands of a task."""

    LEFT: ClassVar[tuple[str, ...]] = ("sites", "steps", "log")
    RIGHT: ClassVar[tuple[str, ...]] = ("fields", "commands")

    def __init__(self, task: Task) -> None:
        """Make the page of a task."""
        super().__init__()
        self._task_row = task
        self._reader = TaskReader(self, lambda: self.show(self.console.clock()))

    @property
    def place(self) -> Place:
        """A task's page."""
        return Place.TASK

    def situation(self) -> Situation:
        """The page is about one task."""
        task = self._task_row
        return replace(
            super().situation(),
            task=task,
            subject=Subject("task", str(task.number), task.title),
        )

    def on_mount(self) -> None:
        """Read steps and log; the sites get the greater part of the width."""
        super().on_mount()
        self.query("#left, #right").add_class("-broad")
        self._reader.read(self._task_row.number)

    def heading(self) -> Line:
        """The task's number and title."""
        return heading(f"Task {self._task_row.number}", self._task_row.title)

    def look_up(self) -> None:
        """Take the newest state of the task."""
        number = self._task_row.number
        task = next((item for item in self.console.tasks if item.number == number), None)
        self.mark_gone(task is None)
        self._task_row = task or self._task_row

    def data_changed(self, change: Change) -> None:
        """Show the task anew; its steps and log may have grown."""
        super().data_changed(change)
        if change is Change.TASKS:
            self._reader.read(self._task_row.number)

    def sections(self, now: datetime) -> dict[str, Section]:
        """Make all sections for the width there is."""
        page = self.query_one("#page", VerticalScroll).size.width
        size = page if self.has_class("-narrow") else page * 3 // 5
        return task_sections(
            self._task_row,
            self._reader.steps,
            self._reader.log,
            now,
            max(20, size - SECTION_FRAME),
        )
