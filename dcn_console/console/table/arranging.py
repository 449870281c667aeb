"""Which rows of a table are shown, and in which order: pure functions that work in slices."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import is_not
from typing import Any, TypeVar

from dcn_console.console.filtering import Filter
from dcn_console.console.table.slices import SLICE_ROWS, Slices, parts

Row = TypeVar("Row")

_SAMPLE = 1024
"""Values looked at to part all of them into buckets of about the same size."""


def differing(old: Sequence[Row], new: Sequence[Row]) -> Slices[list[int]]:
    """Return where the first rows are not the same objects; ``new`` has at least as many."""
    found: list[int] = []
    for start in range(0, len(old), SLICE_ROWS * 4):
        end = start + SLICE_ROWS * 4
        differs = map(is_not, old[start:end], new[start:end])
        found += [start + index for index, other in enumerate(differs) if other]
        yield
    return found


def passing(
    rows: Mapping[str, Row],
    site: str | None,
    wanted: Filter,
    haystack: Callable[[str, Row], str],
    at_site: Callable[[Row, str], bool],
) -> Slices[list[str]]:
    """Return the keys of the rows at a site (None: any) that pass a filter."""
    if site is None and not wanted:
        return [*rows]
    keys: list[str] = []
    for part in parts(rows):
        if site is not None:
            part = [key for key in part if at_site(rows[key], site)]  # noqa: PLW2901
        for term in wanted.terms:
            want, text = not term.inverse, term.text
            if term.site:
                part = [key for key in part if at_site(rows[key], text) is want]  # noqa: PLW2901
            else:
                part = [  # noqa: PLW2901
                    key for key in part if (text in haystack(key, rows[key])) is want
                ]
        keys += part
        yield
    return keys


def valued(
    rows: Mapping[str, Row],
    keys: Iterable[str],
    values: dict[str, Any],
    value_of: Callable[[Row], Any],
) -> Slices[tuple[list[str], list[str]]]:
    """Fill in what is missing of ``values``; return the keys with a value and those without."""
    known: list[str] = []
    unknown: list[str] = []
    for part in parts(keys):
        for key in part:
            if key not in values:
                values[key] = value_of(rows[key])
            (unknown if values[key] is None else known).append(key)
        yield
    return known, unknown


def in_order(keys: list[str], values: Mapping[str, Any], *, descending: bool) -> Slices[list[str]]:
    """Return the keys in the order of their values; equal ones stay in the order they came in.

    Many keys are parted into buckets first, so that no single sort takes long.
    """
    value = values.__getitem__
    if len(keys) <= SLICE_ROWS * 2:
        return sorted(keys, key=value, reverse=descending)
    sample = sorted({value(key) for key in keys[:: max(1, len(keys) // _SAMPLE)]})
    count = min(len(sample), len(keys) // SLICE_ROWS)
    bounds = [sample[len(sample) * number // count] for number in range(1, count)]
    buckets: list[list[str]] = [[] for _ in range(len(bounds) + 1)]
    for part in parts(keys):
        for key in part:
            buckets[bisect_right(bounds, value(key))].append(key)
        yield
    result: list[str] = []
    for bucket in reversed(buckets) if descending else buckets:
        bucket.sort(key=value, reverse=descending)
        result += bucket
        yield
    return result
