"""Styled pieces of one line of text, free of any toolkit: what pure code hands to widgets.

A tone says what a piece means; the theme decides how that looks. Foreign text enters through
``foreign`` only, so that it can neither style itself nor break the line.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from dcn_console.model.text import printable

NAME_LIMIT = 240
"""Characters of a foreign string that any screen line ever needs."""


class Tone(StrEnum):
    """What a piece of text means."""

    PLAIN = "plain"
    STRONG = "strong"
    DIM = "dim"
    ACCENT = "accent"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    TRACK = "track"
    """The part of a bar that is still to be filled."""


class Align(StrEnum):
    """On which side a text stands in its column."""

    LEFT = "left"
    RIGHT = "right"


class Span(NamedTuple):
    """A piece of text and what it means. The text is safe to show as it is."""

    text: str
    tone: Tone = Tone.PLAIN


Line = tuple[Span, ...]
"""The pieces of one line, from left to right."""

NOTHING: Line = ()


def foreign(text: str | None, tone: Tone = Tone.PLAIN, limit: int = NAME_LIMIT) -> Span:
    """Return text that others wrote as a span that is safe to show; "–" for None or ""."""
    if not text:
        return Span("–", Tone.DIM)
    return Span(printable(text, limit), tone)


def line(text: str, tone: Tone = Tone.PLAIN) -> Line:
    """Return our own text as a line of one piece."""
    return (Span(text, tone),)


def joined(lines: Iterable[Line], separator: str = " ") -> Line:
    """Return the lines that are not empty as one, with ``separator`` between them."""
    result: list[Span] = []
    for item in lines:
        if not item:
            continue
        if result:
            result.append(Span(separator))
        result.extend(item)
    return tuple(result)


def plain(item: Line) -> str:
    """Return the text of a line without its tones."""
    return "".join(span.text for span in item)


def cells(text: str) -> int:
    """Return how many terminal cells a text takes."""
    return len(text) if text.isascii() else cell_len(text)


def width(item: Line) -> int:
    """Return how many terminal cells a line takes."""
    return sum(cells(span.text) for span in item)


def shorten(item: Line, limit: int) -> Line:
    """Return the line cut to ``limit`` terminal cells, the last one "…" when it was cut."""
    if limit <= 0:
        return NOTHING
    if width(item) <= limit:
        return item
    room = limit - 1
    result: list[Span] = []
    tone = Tone.PLAIN
    for span in item:
        tone = span.tone
        size = cells(span.text)
        if size <= room:
            result.append(span)
            room -= size
            continue
        result.append(Span(set_cell_size(span.text, room), span.tone))
        break
    result.append(Span("…", tone))
    return tuple(result)


def squeeze(text: str, limit: int) -> str:
    """Return a text cut in its middle to ``limit`` cells: names often differ at their ends."""
    if cells(text) <= limit:
        return text
    tail = (limit - 1) // 2
    end = len(text)
    while end > 0 and cells(text[end - 1 :]) <= tail:
        end -= 1
    return f"{set_cell_size(text, max(0, limit - 1 - tail))}…{text[end:]}"


def fit(item: Line, limit: int, align: Align = Align.LEFT) -> Line:
    """Return the line cut or padded to exactly ``limit`` terminal cells."""
    cut = shorten(item, limit)
    room = limit - width(cut)
    if room <= 0:
        return cut
    padding = Span(" " * room)
    return (padding, *cut) if align is Align.RIGHT else (*cut, padding)
