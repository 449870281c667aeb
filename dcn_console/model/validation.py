"""The report of a site's validation: what each step came to, derived from the task's records.

Nothing but the task store is needed to make it, so it can be had again at any time, and of a task
that failed, was cancelled or is still under way.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from dcn_console.model.plans import Outcome
from dcn_console.model.tasks import StepRecord, StepState, Target, TargetState, Task

OPERATION = "site-validate"
CLEAN_UP = "clean up"
"""The step that removes everything; what it could not remove is its text."""
SEPARATOR = ": "
"""Between a step of a validation and the steps of the operation that it is made of."""


class StageOutcome(StrEnum):
    """What a step of a validation came to."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    """It was not tried, and the text says why: the cloud lacks it, or what it needs failed."""
    CANCELLED = "cancelled"
    """Somebody cancelled the task while it was taken."""
    RUNNING = "running"
    TO_COME = "to come"


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a validation; ``does`` says what it is for, ``text`` what came of it.

    ``seconds`` is how long it took, None when it was not begun; ``moved`` the bytes that it moved,
    None where none are or nobody knows.
    """

    name: str
    site: str | None
    does: str
    outcome: StageOutcome
    text: str = ""
    began_at: datetime | None = None
    seconds: float | None = None
    moved: int | None = None

    @property
    def rate(self) -> float | None:
        """Bytes a second over the whole step, asking and waiting included."""
        if not self.moved or not self.seconds:
            return None
        return self.moved / self.seconds


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The validation of one site, as it stands.

    ``verdict`` is one word: "passed", "passed with gaps" when something was skipped, "failed",
    "cancelled" or "running"; ``words`` a sentence. ``facts`` are what it was made with, as names
    and values. ``findings`` are what the plan said that a person should read.
    """

    site: str
    second_site: str
    cloud: str
    task: int
    task_id: str
    verdict: str
    words: str
    submitted_by: str
    submitted_at: datetime
    began_at: datetime | None
    ended_at: datetime | None
    seconds: float | None
    facts: dict[str, str]
    findings: tuple[str, ...]
    stages: tuple[Stage, ...]

    def count(self, outcome: StageOutcome) -> int:
        """How many steps came to that."""
        return sum(stage.outcome is outcome for stage in self.stages)

    @property
    def moved(self) -> int:
        """The bytes of all steps together."""
        return sum(stage.moved or 0 for stage in self.stages)


def report_of(task: Task, records: Sequence[StepRecord], now: datetime) -> Report:
    """Return the report of a task that validates a site.

    A step counts as what its own record says, which is written when it is over. ``now`` is the
    time of asking, for a step that runs.
    """
    stages = tuple(
        _stage(step.name, step.site, step.text, task, records, now) for step in task.plan.steps
    )
    verdict, words = _verdict(task, stages)
    parameters = task.plan.parameters
    end = task.finished_at or (now if task.started_at else None)
    return Report(
        site=_text(parameters, "site") or next(iter(task.plan.targets), ""),
        second_site=_text(parameters, "second_site"),
        cloud=_text(parameters, "cloud"),
        task=task.number,
        task_id=task.id,
        verdict=verdict,
        words=words,
        submitted_by=task.submitted_by,
        submitted_at=task.submitted_at,
        began_at=task.started_at,
        ended_at=task.finished_at,
        seconds=(end - task.started_at).total_seconds() if end and task.started_at else None,
        facts=_facts(parameters),
        findings=tuple(
            f"{check.text} {check.way_out}".strip()
            for check in task.plan.checks
            if check.outcome is not Outcome.OK
        ),
        stages=stages,
    )


def _text(parameters: Mapping[str, Any], name: str) -> str:
    found = parameters.get(name, "")
    return found if isinstance(found, str) else ""


def _facts(parameters: Mapping[str, Any]) -> dict[str, str]:
    found = parameters.get("facts", {})
    if not isinstance(found, dict):
        return {}
    return {str(name): str(value) for name, value in found.items()}


def _stage(
    name: str,
    site: str | None,
    does: str,
    task: Task,
    records: Sequence[StepRecord],
    now: datetime,
) -> Stage:
    own = next((one for one in reversed(records) if one.name == name), None)
    parts = [one for one in records if one.name.startswith(f"{name}{SEPARATOR}")]
    first = min((one.started_at for one in (*parts, *([own] if own else []))), default=None)
    if own is not None and own.state is not StepState.RUNNING:
        ended = own.finished_at or own.started_at
        outcome = _outcome(own)
        skipped = outcome is StageOutcome.SKIPPED
        return Stage(
            name=name,
            site=site,
            does=does,
            outcome=outcome,
            text=own.text,
            began_at=first,
            seconds=None if skipped or first is None else (ended - first).total_seconds(),
            moved=own.moved,
        )
    if first is None or task.state.is_over:
        over = task.state.is_over
        text = "the task ended before it was over" if first is not None else "the task ended before"
        return Stage(
            name=name,
            site=site,
            does=does,
            outcome=StageOutcome.TO_COME if not over else StageOutcome.SKIPPED,
            text=text if over else "",
            began_at=first,
        )
    doing = parts[-1].name.removeprefix(f"{name}{SEPARATOR}") if parts else ""
    return Stage(
        name=name,
        site=site,
        does=does,
        outcome=StageOutcome.RUNNING,
        text=_now_doing(task, doing),
        began_at=first,
        seconds=(now - first).total_seconds(),
    )


def _now_doing(task: Task, doing: str) -> str:
    target: Target | None = next(iter(task.targets), None)
    if target is None or target.state in (TargetState.QUEUED, TargetState.DONE):
        return doing
    return target.text or doing


def _outcome(record: StepRecord) -> StageOutcome:
    if record.state is StepState.FAILED:
        return StageOutcome.FAILED
    ends = (StageOutcome.PASSED, StageOutcome.SKIPPED, StageOutcome.CANCELLED)
    known = {one.value: one for one in ends}
    return known.get(record.outcome, StageOutcome.FAILED)


def _verdict(task: Task, stages: Sequence[Stage]) -> tuple[str, str]:
    failed = [stage.name for stage in stages if stage.outcome is StageOutcome.FAILED]
    skipped = [stage.name for stage in stages if stage.outcome is StageOutcome.SKIPPED]
    passed = sum(stage.outcome is StageOutcome.PASSED for stage in stages)
    of_all = f"{passed} of {len(stages)} steps passed"
    if not task.state.is_over:
        return "running", f"{of_all} by now"
    target = next(iter(task.targets), None)
    if target is not None and target.state is TargetState.CANCELLED:
        return "cancelled", f"Cancelled; {of_all} before"
    if failed:
        return "failed", f"{of_all}; failed: {', '.join(failed)}"
    if target is None or target.state is not TargetState.DONE:
        return "failed", f"{of_all}; {task.error or 'the task did not end well'}"
    if skipped:
        return "passed with gaps", f"{of_all}; not tried: {', '.join(skipped)}"
    return "passed", f"All {len(stages)} steps passed"
