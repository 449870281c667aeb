"""Help, made from the registry: every key, and why some cannot be used where one came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from dcn_console.console.action import keys_text
from dcn_console.console.actions import ACTIONS, GROUPS
from dcn_console.console.mirror_words import CONDITION_GLYPHS
from dcn_console.console.pages.page import TextPage
from dcn_console.console.situation import Situation
from dcn_console.console.spans import Line, Span, Tone, foreign, line
from dcn_console.console.words import PLACEMENT_GLYPHS, PLACEMENT_WORDS
from dcn_console.model.rows import Placement

_KEYS, _TITLE = 14, 20


def help_lines(situation: Situation) -> tuple[Line, ...]:
    """Return all keys by group; those that cannot be used are dimmed and say why."""
    lines: list[Line] = []
    for group in GROUPS:
        lines += (line(group, Tone.STRONG), line(""))
        for action in ACTIONS:
            if action.group != group:
                continue
            reason = action.reason(situation)
            tone = Tone.DIM if reason else Tone.PLAIN
            lines.append(
                (
                    Span(
                        f"  {keys_text(action):<{_KEYS}}{action.title:<{_TITLE}}",
                        Tone.DIM if reason else Tone.ACCENT,
                    ),
                    Span(action.description, tone),
                )
            )
            if reason:
                lines.append(
                    (
                        Span(f"{'':{_KEYS + _TITLE + 2}}not now: ", Tone.WARNING),
                        foreign(reason, Tone.DIM),
                    )
                )
        lines.append(line(""))
    lines += (line("Images at sites", Tone.STRONG), line(""))
    for state in Placement:
        glyph, tone = PLACEMENT_GLYPHS[state]
        if state is Placement.COPYING:
            glyph = "42%"
        lines.append((Span(f"  {glyph:<{_KEYS}}", tone), Span(PLACEMENT_WORDS[state])))
    lines += (line(""), line("Mirrored RBD images", Tone.STRONG), line(""))
    for condition, (glyph, tone) in CONDITION_GLYPHS.items():
        lines.append((Span(f"  {glyph:<{_KEYS}}", tone), Span(condition.value)))
    return tuple(lines)


class HelpScreen(TextPage):
    """The keys of the console as seen from where ``?`` was pressed."""

    HEADING: ClassVar[str] = "Help"

    def __init__(self, asked_from: Situation) -> None:
        """Make the help for a situation."""
        super().__init__()
        self._asked_from = asked_from

    def heading(self) -> Line:
        """Say from where the help was asked for."""
        return (Span("Help", Tone.STRONG), Span(f"  for {self._asked_from.place}", Tone.DIM))

    def lines(self) -> Sequence[Line]:
        """Make the lines."""
        return help_lines(self._asked_from)
