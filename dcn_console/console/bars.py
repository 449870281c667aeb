"""Progress bars as lines of text. Without a figure a bar is a dotted line, never a guess."""

from dcn_console.console.spans import NOTHING, Line, Span, Tone

_FULL, _HALF, _TRACK, _UNKNOWN = "━", "╸", "─", "╌"


def bar(percent: float | None, width: int, tone: Tone = Tone.ACCENT) -> Line:
    """Return a bar of ``width`` cells filled to ``percent``, or a dotted one for None."""
    if width <= 0:
        return NOTHING
    if percent is None:
        return (Span(_UNKNOWN * width, Tone.DIM),)
    halves = round(max(0.0, min(100.0, percent)) / 100 * width * 2)
    full, half = divmod(halves, 2)
    filled = _FULL * full + _HALF * half
    pieces = (Span(filled, tone), Span(_TRACK * (width - len(filled)), Tone.TRACK))
    return tuple(piece for piece in pieces if piece.text)


def percent_text(percent: float | None) -> str:
    """Return "42%"; never "100%" before the very end; "" for None."""
    if percent is None:
        return ""
    whole = int(percent)
    return f"{whole}%"
