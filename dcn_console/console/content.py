"""Lines of spans as Textual content. Text is never read as markup on the way."""

from collections.abc import Iterable

from textual.content import Content

from dcn_console.console.spans import Line, Tone

STYLES = {
    Tone.PLAIN: "",
    Tone.STRONG: "bold",
    Tone.DIM: "$text-muted",
    Tone.ACCENT: "$accent",
    Tone.GOOD: "$success",
    Tone.WARNING: "$warning",
    Tone.BAD: "$error",
    Tone.TRACK: "$border-blurred",
}
"""The theme's colour of each tone; ``.tcss`` files give tables the same ones."""


def to_content(line: Line) -> Content:
    """Return one line as content."""
    return Content.assemble(*((span.text, STYLES[span.tone]) for span in line))


def to_paragraphs(lines: Iterable[Line]) -> Content:
    """Return lines as content, one under the other."""
    return Content("\n").join(to_content(line) for line in lines)
