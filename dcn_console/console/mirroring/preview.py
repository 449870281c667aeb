"""What both clusters say of the row under the cursor, in a few lines below the tables."""

from datetime import datetime

from dcn_console.console.columns.pairs import daemons, peer
from dcn_console.console.details.document import LABEL_WIDTH
from dcn_console.console.mirror_words import POOL_MODE_WORDS, side_words, site_name
from dcn_console.console.spans import NOTHING, Line, Span, Tone, fit, foreign, joined, line
from dcn_console.console.words import SEVERITY_GLYPHS
from dcn_console.model.findings import Finding
from dcn_console.model.mirror_rows import Judgement, MirrorPair, MirrorRow, MirrorSide
from dcn_console.model.text import count, format_age


def row_lines(row: MirrorRow, now: datetime) -> tuple[Line, ...]:
    """Return the judgement with its reasons, both sides' words, and the findings."""
    return (
        judged("protected", row.protected),
        judged("peer ready", row.peer_ready),
        _side(row.source, now),
        _side(row.destination, now),
        *_found(row.findings),
    )


def pair_lines(pair: MirrorPair) -> tuple[Line, ...]:
    """Return the findings of a pair and what each side says of its pool."""
    return (
        *_found(pair.findings),
        *(
            (
                *fit((foreign(side.site, Tone.STRONG),), LABEL_WIDTH),
                *joined(
                    (
                        line(POOL_MODE_WORDS[side.mode]) if side.mode else NOTHING,
                        (Span("daemons ", Tone.DIM), *daemons(side)),
                        (Span("peer ", Tone.DIM), *peer(side)),
                        line(count(len(side.schedules), "schedule"), Tone.DIM),
                        (foreign(side.daemons_error, Tone.WARNING),)
                        if side.daemons_error
                        else NOTHING,
                    ),
                    "  ",
                ),
            )
            for side in pair.sides
        ),
    )


def judged(label: str, value: Judgement) -> Line:
    """Return an answer with its reason behind a label."""
    glyph, tone = {True: ("✓", Tone.GOOD), False: ("✗", Tone.BAD), None: ("?", Tone.WARNING)}[
        value.holds
    ]
    words = {True: "yes", False: "no", None: "unknown"}[value.holds]
    return (
        Span(f"{label:<{LABEL_WIDTH}}", Tone.DIM),
        Span(f"{glyph} {words}", tone),
        Span(": ", Tone.DIM),
        foreign(value.why, limit=400),
    )


def _side(side: MirrorSide, now: datetime) -> Line:
    status = side.status
    said: Line = NOTHING
    if status is not None and status.description:
        said = (foreign(f"“{status.description}”", Tone.PLAIN, 200),)
    age: Line = NOTHING
    if status is not None and status.reported_at is not None:
        age = line(f"{format_age(status.reported_at, now)} ago", Tone.DIM)
    return (
        *fit((site_name(side.site, Tone.STRONG),), LABEL_WIDTH),
        *joined((side_words(side), said, age), "  "),
    )


def _found(findings: tuple[Finding, ...]) -> tuple[Line, ...]:
    lines: list[Line] = []
    for finding in findings:
        glyph, tone = SEVERITY_GLYPHS[finding.severity]
        way_out: Line = (
            (Span(" → ", Tone.DIM), foreign(finding.way_out, Tone.DIM, 1000))
            if finding.way_out
            else NOTHING
        )
        lines.append((Span(f"{glyph} ", tone), foreign(finding.text, limit=1000), *way_out))
    return tuple(lines)
