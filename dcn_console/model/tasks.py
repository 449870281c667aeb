"""Tasks: submitted plans, their targets, steps, progress and log."""

import re
from datetime import datetime
from enum import StrEnum

import msgspec

from dcn_console.model.plans import Plan

_PART_OR_AGAIN = re.compile(r"(: .*| \d+)$")
_BAD = frozenset({"failed", "refused", "wrong"})
"""Words that operations decide by and that all mean that a step failed."""


class TaskState(StrEnum):
    """Where a task stands."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    """Every part of it that is not over waits before its next step, until resumed."""
    CANCELLING = "cancelling"
    DONE = "done"
    PARTLY_DONE = "partly done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to the task."""
        return self in (
            TaskState.DONE,
            TaskState.PARTLY_DONE,
            TaskState.FAILED,
            TaskState.CANCELLED,
        )


class TargetState(StrEnum):
    """Where a task stands at one of its sites."""

    QUEUED = "queued"
    PROBING = "probing"
    WAITING = "waiting"
    """For the site to answer again, for an import lock, or for the next try."""
    ASKING = "asking"
    STAGING = "staging"
    """Glance reads the image to its own disk; nothing of it can be seen from outside."""
    COPYING = "copying"
    RUNNING = "running"
    """A step of any other kind is being taken; the target's text says which."""
    VERIFYING = "verifying"
    PAUSED = "paused"
    """Waiting before the next step until somebody resumes the task."""
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen at this site."""
        return self in (TargetState.DONE, TargetState.FAILED, TargetState.CANCELLED)


class ProgressSource(StrEnum):
    """Where a figure comes from; the text is what screens show."""

    RBD_IMAGE = "bytes in target RBD image"
    GLANCE_TASK = "Glance's task message"
    READ_BACK = "bytes read back"
    MIRROR_SNAPSHOT = "objects in the mirror snapshot"
    MIRROR_DAEMON = "rbd-mirror's report"
    CEPH = "Ceph's own count"
    SENT = "bytes sent to Glance"
    CONVERTED = "qemu-img's count"
    HISTORY = "time that earlier ones took"
    NONE = "no figure to be had"


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes done of a total, with rate in bytes per second and seconds left, each None if unknown.

    ``measured_at`` tells how old the figure is.
    """

    source: ProgressSource = ProgressSource.NONE
    done: int | None = None
    total: int | None = None
    rate: float | None = None
    seconds_left: float | None = None
    measured_at: datetime | None = None

    @property
    def percent(self) -> float | None:
        """Percent done, 0 to 100, or None when it cannot be told."""
        if self.done is None or not self.total:
            return None
        return min(100.0, 100.0 * self.done / self.total)


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A task at one of its sites.

    ``text`` says in a few words what is going on, or what went wrong.
    ``verified`` is what the verify step saw, in words ("" until it has).
    """

    site: str
    state: TargetState = TargetState.QUEUED
    text: str = ""
    attempts: int = 0
    progress: Progress | None = None
    verified: str = ""
    updated_at: datetime | None = None


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A submitted plan. ``number`` is what people say; ``id`` never repeats."""

    number: int
    id: str
    plan: Plan
    state: TaskState
    targets: tuple[Target, ...] = ()
    submitted_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    submitted_by: str = ""
    cancel_requested_at: datetime | None = None
    pause_requested_at: datetime | None = None
    retry_of: int | None = None
    error: str = ""

    @property
    def title(self) -> str:
        """What it does, in words: "copy cirros-0.6 → dcn0, dcn1"."""
        return self.plan.title

    def target(self, site: str) -> Target | None:
        """The task's part at ``site``."""
        return next((target for target in self.targets if target.site == site), None)

    @property
    def progress(self) -> Progress | None:
        """Bytes of all targets together, or None while no byte was seen.

        While data is only being read back, that is the figure. A target that failed or was
        cancelled does not count; one that has not begun counts with nothing done.
        """
        reading = [part for part in self._figures(TargetState.VERIFYING) if part.done is not None]
        copying = [
            part
            for state in (TargetState.COPYING, TargetState.RUNNING)
            for part in self._figures(state)
            if part.done is not None
        ]
        if reading and not copying:
            return _together(reading, sum(part.total or 0 for part in reading), 0)
        size = (self.plan.bytes_to_move or 0) // max(1, len(self.plan.targets))
        arrived = sum(
            size
            for target in self.targets
            if target.state in (TargetState.DONE, TargetState.VERIFYING)
        )
        if not copying and not arrived:
            return None
        wanted = sum(
            size
            for target in self.targets
            if target.state not in (TargetState.FAILED, TargetState.CANCELLED)
        )
        return _together(copying, wanted, arrived)

    def _figures(self, state: TargetState) -> list[Progress]:
        return [
            target.progress
            for target in self.targets
            if target.state is state and target.progress is not None
        ]


def _together(parts: list[Progress], total: int, arrived: int) -> Progress:
    """Add up the figures of several targets; ``arrived`` bytes have none any more."""
    done = arrived + sum(part.done or 0 for part in parts)
    rates = [part.rate for part in parts if part.rate]
    rate = sum(rates) if rates else None
    newest = max(parts, key=_measured, default=Progress())
    return Progress(
        source=newest.source,
        done=done,
        total=total or None,
        rate=rate,
        seconds_left=max(0, total - done) / rate if rate and total else None,
        measured_at=newest.measured_at,
    )


def _measured(progress: Progress) -> float:
    return progress.measured_at.timestamp() if progress.measured_at else 0.0


class StepState(StrEnum):
    """Where a step stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class StepRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a task as it was taken; ``site`` is None for a step of the whole task.

    ``outcome`` is the word that the operation decided by, ``moved`` the bytes that the step says
    it moved, None where it says nothing.
    """

    name: str
    site: str | None = None
    state: StepState
    text: str = ""
    outcome: str = ""
    moved: int | None = None
    started_at: datetime
    finished_at: datetime | None = None

    @property
    def planned_name(self) -> str:
        """The name under which the plan has the step.

        A step that is tried again bears the number of the try, "promote 2", and a part of a step
        what it is, "backup: watch".
        """
        return _PART_OR_AGAIN.sub("", self.name)

    @property
    def ended_badly(self) -> bool:
        """Whether it failed, or came to an outcome that is a failure."""
        return self.state is StepState.FAILED or self.outcome in _BAD


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a task's log."""

    at: datetime
    site: str | None = None
    text: str
