"""The report of a site's validation as JSON: a contract with scripts, like every ``-o json``."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from dcn_console.model.validation import Report, Stage


class ReportStepObject(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a validation."""

    name: Annotated[str, Meta(description="the step's name")]
    site: Annotated[str | None, Meta(description="where it acts")]
    does: Annotated[str, Meta(description="what it is for")]
    outcome: Annotated[
        str, Meta(description="passed, failed, skipped, cancelled, running or to come")
    ]
    text: Annotated[str, Meta(description="what was seen, or why it failed or was left out")]
    began_at: Annotated[datetime | None, Meta(description="when it began")]
    seconds: Annotated[float | None, Meta(description="how long it took")]
    moved_bytes: Annotated[int | None, Meta(description="bytes that it moved")]
    bytes_per_second: Annotated[float | None, Meta(description="rate over the whole step")]


class ReportObject(msgspec.Struct, frozen=True, kw_only=True):
    """The report of a site's validation: ``site validate`` and ``site report``."""

    site: Annotated[str, Meta(description="the site that was validated")]
    second_site: Annotated[str, Meta(description="where the backup was restored; empty for none")]
    cloud: Annotated[str, Meta(description="the cloud's name in clouds.yaml")]
    task: Annotated[int, Meta(description="number of the task")]
    task_id: Annotated[str, Meta(description="id of the task")]
    verdict: Annotated[
        str, Meta(description="passed, passed with gaps, failed, cancelled or running")
    ]
    words: Annotated[str, Meta(description="the verdict in a sentence")]
    submitted_by: Annotated[str, Meta(description="who asked for it")]
    submitted_at: Annotated[datetime, Meta(description="when it was submitted")]
    began_at: Annotated[datetime | None, Meta(description="when it began")]
    ended_at: Annotated[datetime | None, Meta(description="when it ended")]
    seconds: Annotated[float | None, Meta(description="how long it took")]
    moved_bytes: Annotated[int, Meta(description="bytes of all steps")]
    facts: Annotated[dict[str, str], Meta(description="what it was made with")]
    findings: Annotated[tuple[str, ...], Meta(description="what the plan warned of")]
    steps: Annotated[tuple[ReportStepObject, ...], Meta(description="its steps in their order")]


def report_object(report: Report) -> ReportObject:
    """Return the JSON object of a report."""
    return ReportObject(
        site=report.site,
        second_site=report.second_site,
        cloud=report.cloud,
        task=report.task,
        task_id=report.task_id,
        verdict=report.verdict,
        words=report.words,
        submitted_by=report.submitted_by,
        submitted_at=report.submitted_at.astimezone(UTC),
        began_at=_utc(report.began_at),
        ended_at=_utc(report.ended_at),
        seconds=_rounded(report.seconds),
        moved_bytes=report.moved,
        facts=report.facts,
        findings=report.findings,
        steps=tuple(_step(stage) for stage in report.stages),
    )


def report_json(report: Report) -> str:
    """Return the report as indented JSON with a last newline."""
    encoded = msgspec.json.encode(report_object(report))
    return f"{msgspec.json.format(encoded, indent=2).decode()}\n"


def _step(stage: Stage) -> ReportStepObject:
    return ReportStepObject(
        name=stage.name,
        site=stage.site,
        does=stage.does,
        outcome=stage.outcome.value,
        text=stage.text,
        began_at=_utc(stage.began_at),
        seconds=_rounded(stage.seconds),
        moved_bytes=stage.moved,
        bytes_per_second=_rounded(stage.rate),
    )


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
