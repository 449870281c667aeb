"""Plain aligned tables, measured in terminal cells, that keep to a terminal's width."""

from dataclasses import dataclass

GAP = "  "
_LEAST_SHRUNK = 12
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


@dataclass(frozen=True)
class Heading:
    """The head of a column. ``shrinks`` lets its text be cut with "…" on a narrow terminal."""

    text: str
    align_right: bool = False
    priority: int = 1
    shrinks: bool = False


@dataclass(frozen=True)
class Cells:
    """A table's text: printable, one line a cell."""

    headings: tuple[Heading, ...]
    lines: tuple[tuple[str, ...], ...]


def render_table(table: Cells, *, width: int | None = None, bold: bool = False) -> str:
    """Return ``table`` as lines.

    With a ``width`` in cells, columns that shrink are cut and then the least important ones
    left out, so that no line is longer where that can be helped.
    """
    widths = [
        max([_length(heading.text), *(_length(line[index]) for line in table.lines)])
        for index, heading in enumerate(table.headings)
    ]
    shown = list(range(len(widths)))
    if width is not None:
        shown, widths = _fit(table.headings, widths, width)
    lines = [_line(table, [table.headings[index].text for index in shown], shown, widths)]
    if bold:
        lines[0] = f"{_BOLD}{lines[0]}{_PLAIN}"
    lines += [_line(table, [line[index] for index in shown], shown, widths) for line in table.lines]
    return "\n".join(lines) + "\n"


def _fit(
    headings: tuple[Heading, ...], widths: list[int], width: int
) -> tuple[list[int], list[int]]:
    """Return the columns to show and the widths of all."""
    shown = list(range(len(headings)))
    while True:
        narrowed = list(widths)
        excess = _total(narrowed, shown) - width
        for index in shown:
            if headings[index].shrinks and excess > 0:
                least = max(_LEAST_SHRUNK, _length(headings[index].text))
                cut = min(excess, max(0, narrowed[index] - least))
                narrowed[index] -= cut
                excess -= cut
        removable = [index for index in shown if headings[index].priority > 0]
        if excess <= 0 or not removable:
            return shown, narrowed
        shown.remove(max(removable, key=lambda index: headings[index].priority))


def _total(widths: list[int], shown: list[int]) -> int:
    return sum(widths[index] for index in shown) + len(GAP) * (len(shown) - 1)


def _line(table: Cells, texts: list[str], shown: list[int], widths: list[int]) -> str:
    padded = []
    for text, index in zip(texts, shown, strict=True):
        cut = _cut(text, widths[index])
        space = " " * (widths[index] - _length(cut))
        padded.append(space + cut if table.headings[index].align_right else cut + space)
    return GAP.join(padded).rstrip()


def _length(text: str) -> int:
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # only foreign scripts and symbols need its tables

    return cell_len(text)


def _cut(text: str, width: int) -> str:
    if _length(text) <= width:
        return text
    from rich.cells import set_cell_size

    return set_cell_size(text, max(width - 1, 0)).rstrip() + "…"
