"""Lines wrapped to a width, what follows hanging under what a line begins with."""

from collections.abc import Iterable

from rich.cells import chop_cells

from dcn_console.console.spans import Line, Span, cells, width

_LEAST_ROOM = 12
"""Cells that hanging lines need; with less they begin at the left."""


def wrap(lines: Iterable[Line], size: int) -> tuple[Line, ...]:
    """Return the lines wrapped to ``size`` cells at blanks.

    The second and further lines hang under the end of the first piece when that ends with a
    blank, as labels and signs do, else under the start of the last piece, the text of a row.
    """
    return tuple(part for item in lines for part in _wrap(item, max(1, size)))


def _wrap(item: Line, size: int) -> list[Line]:
    if width(item) <= size:
        return [item]
    label = item[0].text
    indent = cells(label) if label.endswith(" ") else width(item[:-1])
    if size - indent < _LEAST_ROOM:
        indent = 0
    result: list[Line] = []
    current: list[Span] = []
    used = 0
    for span in item:
        for word in _words(span.text):
            for piece in _pieces(word, size - indent):
                taken = cells(piece)
                if used + cells(piece.rstrip()) > size and used > indent:
                    result.append(tuple(current))
                    current = [Span(" " * indent)] if indent else []
                    used = indent
                    if not piece.strip():
                        continue
                current.append(Span(piece, span.tone))
                used += taken
    result.append(tuple(current))
    return result


def _words(text: str) -> list[str]:
    """Return the words of a text, each with the blanks that follow it."""
    words: list[str] = []
    start = 0
    for index in range(1, len(text)):
        if text[index] != " " and text[index - 1] == " ":
            words.append(text[start:index])
            start = index
    words.append(text[start:])
    return words


def _pieces(word: str, room: int) -> list[str]:
    """Return a word in pieces of at most ``room`` cells."""
    return [word] if cells(word.rstrip()) <= room else chop_cells(word, room)
