"""The report of a validation follows from the task's records alone, and is safe to open."""

import json
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import msgspec
import pytest

from dcn_console.console.details.validation import stage_lines
from dcn_console.model.plans import Check, ObjectReference, Outcome, Plan, PlannedStep
from dcn_console.model.tasks import StepRecord, StepState, Target, TargetState, Task, TaskState
from dcn_console.model.validation import CLEAN_UP, OPERATION, Report, StageOutcome, report_of
from dcn_console.reports.validation_html import report_html
from dcn_console.reports.validation_json import ReportObject, report_json
from dcn_console.reports.validation_text import report_text

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOSTILE = '<script>alert(1)</script> " onload=x \x1b[31m & \N{RIGHT-TO-LEFT OVERRIDE}'
NAMES = ("import image", "backup", "restore", CLEAN_UP)


def record(
    name: str, second: float, outcome: str = "", seconds: float | None = 1.0, **more: object
) -> StepRecord:
    """A step that began so many seconds after the task, or one that still runs."""
    began = NOW + timedelta(seconds=second)
    fields: dict[str, object] = {
        "name": name,
        "site": "dcn0",
        "state": StepState.RUNNING if seconds is None else StepState.DONE,
        "text": f"{name} said",
        "outcome": outcome,
        "started_at": began,
        "finished_at": None if seconds is None else began + timedelta(seconds=seconds),
    }
    return StepRecord(**{**fields, **more})  # type: ignore[arg-type]


def a_task(state: TaskState, target: TargetState, text: str = "") -> Task:
    """A task that validates dcn0."""
    plan = Plan(
        operation=OPERATION,
        title="validate site dcn0",
        objects=(ObjectReference(kind="site", id="dcn0", name="dcn0"),),
        targets=("dcn0",),
        checks=(Check(outcome=Outcome.WARNING, text="No server.", way_out="Say a flavor."),),
        steps=tuple(PlannedStep(name=name, text=f"do {name}", site="dcn0") for name in NAMES),
        parameters={
            "site": "dcn0",
            "second_site": "dcn1",
            "cloud": "mycloud",
            "facts": {"image": "16 MiB"},
        },
        made_at=NOW,
    )
    return Task(
        number=7,
        id="seven",
        plan=plan,
        state=state,
        targets=(Target(site="dcn0", state=target, text=text),),
        submitted_at=NOW,
        started_at=NOW,
        finished_at=NOW + timedelta(seconds=60) if state.is_over else None,
        submitted_by="ann@host",
    )


ALL = [
    record("import image: plan", 0, "done"),
    record("import image: send", 1, "done"),
    record("import image", 4, "passed", 0.0, moved=16 << 20),
    record("backup: plan", 5, "done"),
    record("backup", 6, "failed", text="no space left"),
    record("restore", 7, "skipped", text="it needs “backup”, which failed"),
    record(CLEAN_UP, 8, "passed", text="removed 2 images"),
]


def failed() -> Report:
    """A report of which one step failed and one was left out."""
    return report_of(a_task(TaskState.FAILED, TargetState.FAILED, "failed"), ALL, NOW)


def test_every_step_has_its_outcome_time_and_rate() -> None:
    report = failed()
    assert [stage.outcome.value for stage in report.stages] == [
        "passed", "failed", "skipped", "passed"
    ]  # fmt: skip
    first, backup, restore, _ = report.stages
    assert (first.seconds, first.moved, first.rate) == (4.0, 16 << 20, 4 << 20)
    assert (backup.text, backup.seconds) == ("no space left", 2.0)
    assert (restore.seconds, restore.rate) == (None, None)
    assert report.verdict == "failed"
    assert report.words == "2 of 4 steps passed; failed: backup"
    assert report.seconds == 60.0
    assert report.findings == ("No server. Say a flavor.",)


def test_what_was_left_out_is_a_gap_and_no_failure() -> None:
    records = [record(name, index, "passed") for index, name in enumerate(NAMES)]
    done = a_task(TaskState.DONE, TargetState.DONE)
    assert report_of(done, records, NOW).verdict == "passed"
    records[2] = record("restore", 2, "skipped", text="no second site")
    report = report_of(done, records, NOW)
    assert report.verdict == "passed with gaps"
    assert "not tried: restore" in report.words


def test_a_task_under_way_says_what_runs_and_what_is_to_come() -> None:
    records = [
        *ALL[:3],
        record("backup: plan", 5, "done"),
        record("backup: watch", 6, seconds=None),
    ]
    task = a_task(TaskState.RUNNING, TargetState.COPYING, "backup: Cinder backs it up")
    report = report_of(task, records, NOW + timedelta(seconds=20))
    assert [stage.outcome.value for stage in report.stages] == [
        "passed", "running", "to come", "to come"
    ]  # fmt: skip
    assert report.stages[1].seconds == 15.0
    assert report.stages[1].text == "backup: Cinder backs it up"
    assert report.verdict == "running"


def test_a_cancelled_one_and_one_that_broke_off_never_pass() -> None:
    cancelled = a_task(TaskState.CANCELLED, TargetState.CANCELLED)
    records = [*ALL[:3], record("backup", 6, "cancelled"), record(CLEAN_UP, 8, "passed")]
    report = report_of(cancelled, records, NOW)
    assert report.verdict == "cancelled"
    assert report.stages[1].outcome is StageOutcome.CANCELLED
    broken = a_task(TaskState.FAILED, TargetState.FAILED, "internal error")
    report = report_of(broken, ALL[:4], NOW)
    assert report.verdict == "failed"
    assert "the task ended" in report.stages[1].text


def test_json_is_what_its_contract_says() -> None:
    text = report_json(failed())
    decoded = msgspec.json.decode(text.encode(), type=ReportObject)
    assert decoded.steps[0].bytes_per_second == 4 << 20
    assert json.loads(text)["steps"][1]["outcome"] == "failed"


def test_the_text_fits_its_width_and_names_everything() -> None:
    text = report_text(failed(), 80)
    assert max(len(line) for line in text.splitlines()) <= 80
    for words in ("FAILED.", "✘ failed", "no space left", "4 MiB/s", "No server."):
        assert words in text


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes.update(name for name, _ in attrs)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("report", [failed()], ids=["failed"])
def test_html_is_whole_and_takes_nothing_from_elsewhere(report: Report) -> None:
    hostile = msgspec.structs.replace(
        report,
        site=HOSTILE,
        cloud=HOSTILE,
        words=HOSTILE,
        facts={HOSTILE: HOSTILE},
        findings=(HOSTILE,),
        stages=tuple(
            msgspec.structs.replace(stage, text=HOSTILE, site=HOSTILE, name=HOSTILE)
            for stage in report.stages
        ),
    )
    html = report_html(hostile)
    tags = _Tags()
    tags.feed(html)
    assert tags.open == []
    assert tags.seen & {"script", "link", "img", "iframe", "object", "form", "a"} == set()
    assert tags.attributes <= {"lang", "charset", "http-equiv", "content", "name", "class", "style"}
    assert re.search(r"url\(|@import|https?:|\x1b|\u202e", html) is None
    assert "&lt;script&gt;" in html
    assert "default-src &#x27;none&#x27;" in html or "default-src 'none'" in html


def test_the_page_of_the_task_has_a_line_for_each_step_and_says_what_went_wrong() -> None:
    task = a_task(TaskState.FAILED, TargetState.FAILED, "failed")
    wide, narrow = (
        ["".join(span.text for span in line).rstrip() for line in stage_lines(task, ALL, NOW, size)]
        for size in (60, 34)
    )
    assert wide == [
        "✓ import image  dcn0    0:04       4 MiB/s",
        "✗ backup        dcn0    0:02",
        "  no space left",
        "– restore       dcn0",
        "  it needs “backup”, which failed",
        "✓ clean up      dcn0    0:01",
    ]
    assert narrow[0] == "✓ import image  dcn0    0:04"
    running = a_task(TaskState.RUNNING, TargetState.RUNNING)
    begun = stage_lines(running, ALL[:3], NOW + timedelta(seconds=9), 60)
    assert "".join(span.text for span in begun[-1]).startswith(f"· {CLEAN_UP}")
