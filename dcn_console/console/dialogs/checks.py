"""What is wrong with typed answers; each returns a sentence, or ""."""

import re

_INTERVAL = re.compile(r"[1-9][0-9]{0,8}[dhm]\Z")
_WHOLE = re.compile(r"0{0,8}[1-9][0-9]{0,8}\Z", re.ASCII)
"""A number above 0 whose bytes, taken as GiB, still fit into 64 bits."""


def interval(text: str) -> str:
    """Return what is wrong with the interval of a schedule (Ceph: a number and d, h or m)."""
    if _INTERVAL.match(text):
        return ""
    return "An interval is a number and d, h or m, such as 15m."


def interval_or_none(text: str) -> str:
    """Return what is wrong with an interval that may be left out."""
    return interval(text) if text else ""


def percent(text: str) -> str:
    """Return what is wrong with a percentage above 0."""
    try:
        value = float(text)
    except ValueError:
        return "Type a percentage such as 5."
    return "" if 0 < value <= 100 else "A percentage lies between 0 and 100."


def gibibytes(text: str) -> str:
    """Return what is wrong with a size in GiB."""
    if _WHOLE.match(text):
        return ""
    return "Type a whole number of GiB, such as 10."


def gibibytes_or_none(text: str) -> str:
    """Return what is wrong with a size in GiB that may be left out."""
    return gibibytes(text) if text else ""


def number_or_none(text: str) -> str:
    """Return what is wrong with a number above 0 that may be left out."""
    if not text or _WHOLE.match(text):
        return ""
    return "Type a whole number, such as 7, or nothing."


def something(text: str) -> str:
    """Return what is wrong with a name that must not be empty."""
    return "" if text else "Type a name."
