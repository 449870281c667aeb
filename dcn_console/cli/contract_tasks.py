"""The JSON of plans and tasks: the second half of the contract."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta


class ReferenceObject(msgspec.Struct, frozen=True, kw_only=True):
    """An object a plan is about."""

    kind: Annotated[
        str, Meta(description="image, volume, snapshot, backup, server, site, pool or RBD image")
    ]
    id: Annotated[str, Meta(description="its id")]
    name: Annotated[str, Meta(description="its name when planned")]


class CheckObject(msgspec.Struct, frozen=True, kw_only=True):
    """A checked precondition of a plan."""

    outcome: Annotated[str, Meta(description="ok, warning or refused")]
    site: Annotated[str | None, Meta(description="the site it concerns; null for all")]
    text: Annotated[str, Meta(description="what was found")]
    way_out: Annotated[str, Meta(description="what to do about it")]


class PlannedStepObject(msgspec.Struct, frozen=True, kw_only=True):
    """A step a task will take."""

    name: Annotated[str, Meta(description="the step's name")]
    site: Annotated[str | None, Meta(description="where it acts")]
    text: Annotated[str, Meta(description="what it does")]
    undo: Annotated[str, Meta(description="what can still be undone once it was taken")]


class PlanObject(msgspec.Struct, frozen=True, kw_only=True):
    """A plan: every command that changes something prints an array of them with --dry-run."""

    operation: Annotated[str, Meta(description="name of the operation")]
    title: Annotated[str, Meta(description="what it does, in words")]
    has_work: Annotated[bool, Meta(description="there is something to do and nothing forbids it")]
    refused: Annotated[bool, Meta(description="a check forbids all of it")]
    objects: Annotated[tuple[ReferenceObject, ...], Meta(description="what it is about")]
    targets: Annotated[tuple[str, ...], Meta(description="sites to act on")]
    skipped: Annotated[dict[str, str], Meta(description="why nothing is done at a site")]
    checks: Annotated[tuple[CheckObject, ...], Meta(description="preconditions")]
    steps: Annotated[tuple[PlannedStepObject, ...], Meta(description="steps to take")]
    commands: Annotated[tuple[str, ...], Meta(description="equivalent commands")]
    bytes_to_move: Annotated[int | None, Meta(description="bytes over all targets")]
    estimate_seconds: Annotated[float | None, Meta(description="how long it may take")]
    estimate_basis: Annotated[str, Meta(description="what the estimate rests on")]
    reads_only: Annotated[bool, Meta(description="it changes nothing anywhere")]
    typed_name: Annotated[str, Meta(description="the name to give to --confirm; empty for none")]
    irreversible: Annotated[str, Meta(description="what is lost for good")]
    made_at: Annotated[datetime, Meta(description="when it was made")]


class ProgressObject(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes done, where the figure comes from, and how old it is."""

    source: Annotated[str, Meta(description="where the figure comes from")]
    done_bytes: Annotated[int | None, Meta(description="bytes done")]
    total_bytes: Annotated[int | None, Meta(description="bytes to do")]
    percent: Annotated[float | None, Meta(description="done, 0 to 100")]
    bytes_per_second: Annotated[float | None, Meta(description="rate")]
    seconds_left: Annotated[float | None, Meta(description="estimate of the rest")]
    measured_at: Annotated[datetime | None, Meta(description="when it was measured")]


class TargetObject(msgspec.Struct, frozen=True, kw_only=True):
    """A task at one of its sites."""

    site: Annotated[str, Meta(description="the site")]
    state: Annotated[
        str,
        Meta(
            description="queued, probing, waiting, asking, staging, copying, running, "
            "verifying, paused, done, failed or cancelled"
        ),
    ]
    text: Annotated[str, Meta(description="what goes on, or what went wrong")]
    attempts: Annotated[int, Meta(description="tries so far")]
    progress: Annotated[ProgressObject | None, Meta(description="bytes there")]
    verified: Annotated[str, Meta(description="what the verify step saw")]
    updated_at: Annotated[datetime | None, Meta(description="when this last changed")]


class TaskObject(msgspec.Struct, frozen=True, kw_only=True):
    """A task: ``task list``, ``task wait``, and every command that changes something."""

    number: Annotated[int, Meta(description="what people say")]
    id: Annotated[str, Meta(description="never repeats")]
    operation: Annotated[str, Meta(description="name of the operation")]
    title: Annotated[str, Meta(description="what it does, in words")]
    state: Annotated[
        str,
        Meta(
            description="queued, running, paused, cancelling, done, partly done, failed or "
            "cancelled"
        ),
    ]
    objects: Annotated[tuple[ReferenceObject, ...], Meta(description="what it is about")]
    targets: Annotated[tuple[TargetObject, ...], Meta(description="its part at each site")]
    progress: Annotated[
        ProgressObject | None, Meta(description="all targets together, until it is over")
    ]
    submitted_at: Annotated[datetime, Meta(description="when it was submitted")]
    started_at: Annotated[datetime | None, Meta(description="when it began")]
    finished_at: Annotated[datetime | None, Meta(description="when it ended")]
    submitted_by: Annotated[str, Meta(description="who submitted it")]
    cancel_requested_at: Annotated[datetime | None, Meta(description="when it was asked to stop")]
    pause_requested_at: Annotated[
        datetime | None, Meta(description="when it was asked to pause; null once resumed")
    ]
    retry_of: Annotated[int | None, Meta(description="number of the task it repeats")]
    error: Annotated[str, Meta(description="why it failed")]


class StepObject(msgspec.Struct, frozen=True, kw_only=True):
    """A step as it was taken."""

    name: Annotated[str, Meta(description="the step's name")]
    site: Annotated[str | None, Meta(description="where it acted")]
    state: Annotated[str, Meta(description="running, done or failed")]
    text: Annotated[str, Meta(description="what it found or did")]
    started_at: Annotated[datetime, Meta(description="when it began")]
    finished_at: Annotated[datetime | None, Meta(description="when it ended")]


class LogLineObject(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a task's log."""

    at: Annotated[datetime, Meta(description="when")]
    site: Annotated[str | None, Meta(description="where")]
    text: Annotated[str, Meta(description="what")]


class TaskDetailObject(TaskObject, frozen=True, kw_only=True):
    """A task with everything known of it: ``task show``."""

    plan: Annotated[PlanObject, Meta(description="the plan that was submitted")]
    steps: Annotated[tuple[StepObject, ...], Meta(description="steps taken")]
    log: Annotated[tuple[LogLineObject, ...], Meta(description="the end of its log")]
