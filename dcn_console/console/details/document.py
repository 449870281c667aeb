"""What a page is made of: titled sections of lines, made by pure functions."""

from collections.abc import Iterable
from dataclasses import dataclass

from dcn_console.console.spans import Line, Span, Tone, foreign, width
from dcn_console.console.words import SEVERITY_GLYPHS
from dcn_console.model.rows import Finding

LABEL_WIDTH = 14
"""Cells of the label before a value."""


@dataclass(frozen=True)
class Section:
    """A titled part of a page. Without lines it is not shown."""

    title: str
    lines: tuple[Line, ...]


def field(label: str, value: Line) -> Line:
    """Return a labelled value."""
    return (Span(f"{label:<{LABEL_WIDTH}}", Tone.DIM), *value)


def text_field(label: str, value: str | None, tone: Tone = Tone.PLAIN) -> Line:
    """Return a labelled foreign value."""
    return field(label, (foreign(value, tone),))


def findings_section(findings: Iterable[Finding]) -> Section:
    """Return what is wrong, each with its way out."""
    lines: list[Line] = []
    for finding in findings:
        glyph, tone = SEVERITY_GLYPHS[finding.severity]
        if lines:
            lines.append((Span(""),))
        lines.append((Span(f"{glyph} ", tone), foreign(finding.text, limit=2000)))
        if finding.way_out:
            lines.append((Span("  → ", Tone.DIM), foreign(finding.way_out, Tone.DIM, 2000)))
    return Section("Findings", tuple(lines))


def commands_section(commands: Iterable[str]) -> Section:
    """Return what one would type for the same effect."""
    return Section(
        "Equivalent commands",
        tuple((Span("$ ", Tone.DIM), foreign(command, limit=2000)) for command in commands),
    )


def columned(rows: Iterable[tuple[Line, ...]], gap: int = 2) -> tuple[Line, ...]:
    """Return rows of cells as lines, every column as wide as its widest cell but the last."""
    table = [tuple(row) for row in rows]
    if not table:
        return ()
    widths = [
        max(width(row[index]) for row in table if index < len(row))
        for index in range(max(len(row) for row in table))
    ]
    result = []
    for row in table:
        spans: list[Span] = []
        for index, cell in enumerate(row):
            spans += cell
            if index < len(row) - 1:
                spans.append(Span(" " * (widths[index] - width(cell) + gap)))
        result.append(tuple(spans))
    return tuple(result)
