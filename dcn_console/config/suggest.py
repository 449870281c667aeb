"""Suggestions for words that were mistyped."""

import difflib
from collections.abc import Iterable


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word most like ``word``, or None when none is close."""
    by_folded = {name.casefold(): name for name in known}
    matches = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[matches[0]] if matches else None


def way_out(word: str, known: Iterable[str], label: str) -> str:
    """Return "Did you mean “x”?" when a known word is close, and "LABEL: a, b, c."."""
    names = tuple(known)
    match = closest(word, names)
    listed = f"{label}: {', '.join(names) or 'none'}."
    return listed if match is None else f"Did you mean “{match}”? {listed}"
