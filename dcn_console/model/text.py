"""Words and figures for people: sizes, ages, plurals, and foreign text made safe to show."""

import unicodedata
from datetime import datetime

KIB = 1024
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_SHORT_UNITS = ("B", "K", "M", "G", "T", "P")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_DROPPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = frozenset({"\N{ZERO WIDTH JOINER}", "\N{VARIATION SELECTOR-16}"})


def printable(text: str, limit: int | None = None) -> str:
    """Return ``text`` on one line without control, format or surrogate characters.

    Each of them becomes U+FFFD, so that a name cannot send escape sequences, reorder the
    line or break it. ``limit`` cuts to that many characters, the last one "…".
    """
    if not (text.isascii() and text.isprintable()):
        text = "".join(
            _REPLACEMENT
            if unicodedata.category(char) in _DROPPED_CATEGORIES and char not in _JOINERS
            else char
            for char in text
        )
    if limit is not None and len(text) > limit:
        return text[: max(limit - 1, 0)] + "…"
    return text


def format_bytes(count: float | None, *, short: bool = False) -> str:
    """Return a size such as "18.5 MiB", or "18.5M" when ``short``; "–" for None."""
    if count is None:
        return "–"
    units = _SHORT_UNITS if short else _UNITS
    value = float(count)
    exponent = 0
    while abs(value) >= KIB and exponent < len(units) - 1:
        value /= KIB
        exponent += 1
    number = f"{value:.0f}" if exponent == 0 or abs(value) >= 100 else f"{value:.1f}"
    number = number.removesuffix(".0")
    return f"{number}{units[exponent]}" if short else f"{number} {units[exponent]}"


def format_rate(rate: float | None) -> str:
    """Return a rate such as "11 MiB/s"; "–" for None."""
    return "–" if rate is None else f"{format_bytes(rate)}/s"


def format_duration(seconds: float | None) -> str:
    """Return a duration such as "0:02", "34:10" or "2:05:00"; "–" for None."""
    if seconds is None:
        return "–"
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, seconds_left = divmod(rest, 60)
    if hours:
        return f"{hours}:{minutes:02}:{seconds_left:02}"
    return f"{minutes}:{seconds_left:02}"


def format_age(then: datetime | None, now: datetime) -> str:
    """Return the time since ``then`` in one unit: "3 s", "12 min", "5 h", "41 d"; "–" for None."""
    if then is None:
        return "–"
    seconds = max(0.0, (now - then).total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return "1 image", "3 images", "1,032 volumes"."""
    word = noun if number == 1 else plural or f"{noun}s"
    return f"{number:,} {word}"
