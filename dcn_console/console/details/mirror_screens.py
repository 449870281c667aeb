"""The pages of a mirrored RBD image and of a pair of sites."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from dcn_console.console.details.document import Section
from dcn_console.console.details.mirror import mirror_sections
from dcn_console.console.details.pair import pair_sections
from dcn_console.console.details.screen import DetailScreen, heading
from dcn_console.console.details.task_reader import TaskReader
from dcn_console.console.situation import Place, Situation
from dcn_console.console.spans import Line
from dcn_console.console.tables import subject_of
from dcn_console.model.mirror_rows import MirrorPair, MirrorRow
from dcn_console.model.tasks import Task
from dcn_console.workspace.interface import Change


class MirrorScreen(DetailScreen):
    """Judgement, both clusters, findings, the task at work and commands."""

    TOP: ClassVar[tuple[str, ...]] = ("judgement", "findings")
    LEFT: ClassVar[tuple[str, ...]] = ("source",)
    RIGHT: ClassVar[tuple[str, ...]] = ("destination",)
    BOTTOM: ClassVar[tuple[str, ...]] = ("task", "commands")

    def __init__(self, row: MirrorRow) -> None:
        """Make the page of a mirrored RBD image."""
        super().__init__()
        self._row = row
        self._reader = TaskReader(self, lambda: self.show(self.console.clock()))

    @property
    def place(self) -> Place:
        """A mirrored RBD image's page."""
        return Place.MIRROR

    def situation(self) -> Situation:
        """The page is about one mirrored RBD image."""
        return replace(
            super().situation(),
            mirrors=(self._row,),
            pair=self._pair,
            task=self.task_at_work,
            subject=subject_of(Place.MIRRORS, self._row),
        )

    @property
    def _pair(self) -> MirrorPair | None:
        sites = {self._row.source.site, self._row.destination.site}
        return next(
            (
                pair
                for pair in self.console.rows.pairs
                if pair.pool == self._row.pool and {side.site for side in pair.sides} == sites
            ),
            None,
        )

    @property
    def task_at_work(self) -> Task | None:
        """The task that is at work on it."""
        number = self._row.task
        return next((task for task in self.console.tasks if task.number == number), None)

    def on_mount(self) -> None:
        """Show the page and read the steps of the task at work."""
        super().on_mount()
        self._read()

    def heading(self) -> Line:
        """The volume's or the RBD image's name."""
        return heading("Mirroring of", self._row.label)

    def look_up(self) -> None:
        """Take the newest row."""
        key = self._row.key
        row = next((item for item in self.console.rows.mirrors if item.key == key), None)
        self.mark_gone(row is None)
        self._row = row or self._row

    def data_changed(self, change: Change) -> None:
        """Show the page anew; the task's steps may have grown."""
        super().data_changed(change)
        self._read()

    def _read(self) -> None:
        if self._row.task is not None:
            self._reader.read(self._row.task)

    def sections(self, now: datetime) -> dict[str, Section]:
        """Make all sections."""
        return mirror_sections(
            self._row,
            self.console.workspace.topology,
            self.task_at_work,
            self._reader.steps,
            now,
        )


class PairScreen(DetailScreen):
    """Findings, both sides with their daemons, peers and schedules, and commands."""

    TOP: ClassVar[tuple[str, ...]] = ("pair", "findings")
    LEFT: ClassVar[tuple[str, ...]] = ("first",)
    RIGHT: ClassVar[tuple[str, ...]] = ("second",)
    BOTTOM: ClassVar[tuple[str, ...]] = ("commands",)

    def __init__(self, pair: MirrorPair) -> None:
        """Make the page of a pair."""
        super().__init__()
        self._pair = pair

    @property
    def place(self) -> Place:
        """A pair's page."""
        return Place.PAIR

    def situation(self) -> Situation:
        """The page is about one pair."""
        return replace(
            super().situation(),
            pair=self._pair,
        )

    def heading(self) -> Line:
        """Both sites and the pool."""
        return heading("Pair of sites", f"{self._pair.direction}, pool {self._pair.pool}")

    def look_up(self) -> None:
        """Take the newest state of the pair."""
        key = self._pair.key
        pair = next((item for item in self.console.rows.pairs if item.key == key), None)
        self.mark_gone(pair is None)
        self._pair = pair or self._pair

    def sections(self, now: datetime) -> dict[str, Section]:
        """Make all sections."""
        return pair_sections(self._pair, self.console.workspace.topology)
