"""The report of a site's validation in words, to read in a terminal and to keep as a file."""

import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime

from dcn_console.model.text import format_bytes, format_duration, format_rate, printable
from dcn_console.model.validation import Report, Stage, StageOutcome

WIDTH = 100
GLYPHS = {
    StageOutcome.PASSED: "✔",
    StageOutcome.FAILED: "✘",
    StageOutcome.SKIPPED: "–",
    StageOutcome.CANCELLED: "■",
    StageOutcome.RUNNING: "▸",
    StageOutcome.TO_COME: "·",
}
"""A glyph goes with the word, never alone."""


def report_text(report: Report, width: int = WIDTH) -> str:
    """Return the report as lines of at most ``width`` cells, with a last newline."""
    return "\n".join(_lines(report, width)) + "\n"


def _lines(report: Report, width: int) -> Iterator[str]:
    cloud = f" of cloud {printable(report.cloud)}" if report.cloud else ""
    yield f"Validation of site {printable(report.site)}{cloud}"
    yield from textwrap.wrap(f"{report.verdict.upper()}. {printable(report.words)}.", width)
    yield ""
    for name, value in facts_of(report).items():
        yield from _wrapped(f"{name:<26}", printable(value), width)
    yield ""
    for number, stage in enumerate(report.stages, 1):
        yield from _stage(number, stage, width)
    if report.findings:
        yield ""
        yield "What the plan warned of"
    for finding in report.findings:
        yield from _wrapped("  - ", printable(finding), width)


def _stage(number: int, stage: Stage, width: int) -> Iterator[str]:
    figures = figures_of(stage)
    place = printable(stage.site or "", 20)
    head = f"{number:>2} {GLYPHS[stage.outcome]} {stage.outcome.value:<9} {stage.name:<17}"
    yield f"{head} {place:<14} {figures}".rstrip()
    if stage.text:
        yield from _wrapped(" " * 15, printable(stage.text), width)


def _wrapped(first: str, text: str, width: int) -> Iterator[str]:
    indent = " " * len(first)
    yield from textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False
    ) or [first.rstrip()]


def figures_of(stage: Stage) -> str:
    """Return a step's time, bytes and rate, what is known of them."""
    parts = []
    if stage.seconds is not None:
        parts.append(format_duration(stage.seconds))
    if stage.moved:
        parts.append(format_bytes(stage.moved))
    if stage.rate is not None:
        parts.append(format_rate(stage.rate))
    return "  ".join(parts)


def facts_of(report: Report) -> dict[str, str]:
    """Return what a reader wants to know of the whole, by name; times are UTC."""
    facts = {
        "second site": report.second_site,
        "task": f"{report.task} ({report.task_id})",
        "asked for by": report.submitted_by,
        "began": moment_text(report.began_at),
        "ended": moment_text(report.ended_at),
        "took": format_duration(report.seconds) if report.seconds is not None else "",
        "moved": format_bytes(report.moved) if report.moved else "",
        **report.facts,
    }
    return {name: value for name, value in facts.items() if value}


def moment_text(moment: datetime | None) -> str:
    """Return a time as people read it, in UTC; "" for None."""
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
