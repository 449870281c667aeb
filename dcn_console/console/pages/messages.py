"""The messages of this session, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from dcn_console.console.pages.page import TextPage
from dcn_console.console.spans import Line, Span, Tone, foreign, line

_LEVELS = {
    "information": ("·", "note   ", Tone.DIM),
    "warning": ("▲", "warning", Tone.WARNING),
    "error": ("✗", "error  ", Tone.BAD),
}


class MessagesScreen(TextPage):
    """What was shown for a moment, in full."""

    HEADING: ClassVar[str] = "Messages of this session, newest first"

    def lines(self) -> Sequence[Line]:
        """Make the lines."""
        lines: list[Line] = []
        for entry in reversed(self.console.journal.entries):
            glyph, word, tone = _LEVELS[entry.level]
            lines.append(
                (
                    Span(f"{entry.at:%H:%M:%S}  ", Tone.DIM),
                    Span(f"{glyph} {word}  ", tone),
                    foreign(entry.text, limit=4000),
                )
            )
            if entry.way_out:
                lines.append(
                    (Span(" " * 12 + "→ ", Tone.DIM), foreign(entry.way_out, Tone.DIM, 4000))
                )
        return lines or [line("No messages yet.", Tone.DIM)]
