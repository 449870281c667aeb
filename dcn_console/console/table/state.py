"""The state of a table: rows by key, order, filter, cursor and marks.

Cursor and marks hold keys of objects, never row numbers. A refresh never moves the cursor from
one object to another: it stays on its object, or is cleared when the object left the table.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic

from dcn_console.console.filtering import NO_FILTER, Filter
from dcn_console.console.table.arranging import differing, in_order, passing, valued
from dcn_console.console.table.column import Column, Row
from dcn_console.console.table.slices import Slices, finish, parts


@dataclass(frozen=True)
class Difference:
    """What a change did to the table: all of it, some lines, or nothing."""

    everything: bool = False
    keys: tuple[str, ...] = ()


EVERYTHING = Difference(everything=True)
NO_DIFFERENCE = Difference()


def _nowhere(_row: Any, _site: str) -> bool:
    return False


class TableState(Generic[Row]):
    """Rows, their order and filter, the cursor and the marks of one table."""

    def __init__(
        self,
        *,
        key: Callable[[Row], str],
        haystack: Callable[[Row], str],
        at_site: Callable[[Row, str], bool] = _nowhere,
    ) -> None:
        """Make an empty table. ``haystack`` is a row's text in lower case for the filter."""
        self._key = key
        self._haystack_of = haystack
        self._at_site = at_site
        self._given: Sequence[Row] = ()
        self._rows: dict[str, Row] = {}
        self._haystacks: dict[str, str] = {}
        self._sort_values: dict[str, Any] = {}
        self._view: list[str] = []
        self._cursor: str | None = None
        self._cursor_index = 0
        self._marks: dict[str, None] = {}
        self._fresh = True
        self._has_unknown = False
        self.filter: Filter = NO_FILTER
        self.site: str | None = None
        self.sort_column: Column[Row] | None = None
        self.descending = False

    @property
    def view(self) -> Sequence[str]:
        """The keys of the rows shown, in order."""
        return self._view

    @property
    def total(self) -> int:
        """How many rows there are, shown or not."""
        return len(self._rows)

    @property
    def narrowed(self) -> bool:
        """Whether a filter or a site hides rows."""
        return bool(self.filter) or self.site is not None

    @property
    def cursor(self) -> str | None:
        """The key of the object under the cursor."""
        return self._cursor

    @property
    def cursor_index(self) -> int | None:
        """Where the cursor is in the view."""
        if self._cursor is None:
            return None
        if not (
            self._cursor_index < len(self._view) and self._view[self._cursor_index] == self._cursor
        ):
            self._cursor_index = self._view.index(self._cursor)
        return self._cursor_index

    @property
    def marks(self) -> tuple[str, ...]:
        """The marked keys, in the order they were marked."""
        return tuple(self._marks)

    def row(self, key: str) -> Row | None:
        """The row of that key."""
        return self._rows.get(key)

    def is_marked(self, key: str) -> bool:
        """Whether the key is marked."""
        return key in self._marks

    def replace(self, rows: Sequence[Row]) -> Difference:
        """Take new rows; those that are the same objects as before cost nothing."""
        return finish(self.replacing(rows))

    def replacing(self, rows: Sequence[Row]) -> Slices[Difference]:
        """Take new rows in slices.

        Between two slices the cursor may be moved and marks set; for all else finish it first.
        """
        if rows is self._given:
            return NO_DIFFERENCE
        old, self._given = self._given, rows
        if old and len(old) <= len(rows):
            differs = yield from differing(old, rows)
            if all(self._key(old[index]) == self._key(rows[index]) for index in differs):
                changed = [rows[index] for index in differs]
                elsewhere = yield from self._updating(changed)
                if len(old) == len(rows):
                    if not elsewhere:
                        return Difference(keys=tuple(map(self._key, changed)))
                    yield from self._arranging(self._rows)
                    return EVERYTHING
                if not elsewhere and self._append(rows[len(old) :]):
                    return EVERYTHING
        yield from self._taking(rows)
        return EVERYTHING

    def sort_by(self, column: Column[Row] | None, *, descending: bool = False) -> None:
        """Order the rows by a column; None is the order they came in."""
        finish(self.sorting_by(column, descending=descending))

    def sorting_by(
        self, column: Column[Row] | None, *, descending: bool = False
    ) -> Slices[Difference]:
        """Order the rows by a column in slices; see ``replacing``."""
        self.sort_column = column if column and column.sort_key else None
        self.descending = descending
        self._sort_values = {}
        yield from self._arranging(self._rows)
        return EVERYTHING

    def set_filter(self, wanted: Filter) -> None:
        """Show only what passes; the cursor goes to the first row when its own is hidden."""
        self.filter = wanted
        finish(self._arranging(self._rows, cursor_may_move=True))

    def set_site(self, site: str | None) -> None:
        """Show only what is at a site, or everything for None."""
        self.site = site
        finish(self._arranging(self._rows, cursor_may_move=True))

    def move_to(self, index: int) -> str | None:
        """Put the cursor on the row at ``index`` or the nearest there is; return its key."""
        if self._view:
            self._cursor_index = max(0, min(index, len(self._view) - 1))
        self._cursor = self._view[self._cursor_index] if self._view else None
        return self._cursor

    def move_by(self, rows: int) -> str | None:
        """Move the cursor up or down; a cleared cursor goes on near where it was."""
        index = self.cursor_index
        return self.move_to(self._cursor_index if index is None else index + rows)

    def move_to_key(self, key: str) -> bool:
        """Put the cursor on an object; False when it is not shown."""
        if key not in self._rows or key not in self._view:
            return False
        self._cursor = key
        return True

    def toggle_mark(self, key: str) -> None:
        """Mark or unmark a row of the table."""
        if key in self._marks:
            del self._marks[key]
        elif key in self._rows:
            self._marks[key] = None

    def mark_shown(self) -> None:
        """Mark all rows shown, or unmark them when all of them are marked."""
        if all(key in self._marks for key in self._view):
            for key in self._view:
                del self._marks[key]
        else:
            self._marks.update(dict.fromkeys(self._view))

    def clear_marks(self) -> None:
        """Unmark everything."""
        self._marks = {}

    def warm(self, limit: int) -> bool:
        """Prepare up to ``limit`` rows for filtering; return whether there are more to do."""
        texts, rows, describe = self._haystacks, self._rows, self._haystack_of
        if len(texts) < len(rows):
            missing = islice((key for key in rows if key not in texts), limit)
            texts.update([(key, describe(rows[key])) for key in missing])
        return len(texts) < len(rows)

    def _updating(self, rows: Sequence[Row]) -> Slices[bool]:
        """Take new versions of rows; return whether any may belong elsewhere in the view."""
        elsewhere = False
        sort_key = self.sort_column.sort_key if self.sort_column else None
        for part in parts(rows):
            for row in part:
                key = self._key(row)
                shown = self.narrowed and self._matches(key)
                self._rows[key] = row
                self._haystacks.pop(key, None)
                if self.narrowed and self._matches(key) != shown:
                    elsewhere = True
                if sort_key is not None:
                    value = sort_key(row)
                    elsewhere = elsewhere or self._sort_values.get(key) != value
                    self._sort_values[key] = value
            yield
        return elsewhere

    def _append(self, rows: Sequence[Row]) -> bool:
        """Take rows that came behind all others; False when that cannot be done simply."""
        more = {self._key(row): row for row in rows}
        sort_key = self.sort_column.sort_key if self.sort_column else None
        simple = len(more) == len(rows) and self._rows.keys().isdisjoint(more)
        if sort_key is None or self._has_unknown or not simple:
            return False
        values = {key: sort_key(row) for key, row in more.items()}
        if None in values.values():
            return False
        index = self._cursor_index if self._cursor is None else self.cursor_index
        self._rows.update(more)
        self._sort_values.update(values)
        self._view += [key for key in more if self._shows(key)]
        self._view.sort(key=self._sort_values.__getitem__, reverse=self.descending)
        self._settle_cursor(index or 0)
        return True

    def _taking(self, rows: Sequence[Row]) -> Slices[None]:
        """Take another list of rows, keeping what is known about those that stayed the same."""
        before = self._rows
        fresh: dict[str, Row] = {}
        for part in parts(rows):
            fresh.update(zip(map(self._key, part), part, strict=True))
            yield
        for keys in parts(before):
            for key in keys:
                if fresh.get(key) is not before[key]:
                    self._haystacks.pop(key, None)
                    self._sort_values.pop(key, None)
            yield
        yield from self._arranging(fresh)

    def _matches(self, key: str) -> bool:
        row = self._rows[key]
        if self.site is not None and not self._at_site(row, self.site):
            return False
        if not self.filter:
            return True
        return self.filter.matches(self._haystack(key, row), lambda site: self._at_site(row, site))

    def _haystack(self, key: str, row: Row) -> str:
        haystack = self._haystacks.get(key)
        if haystack is None:
            haystack = self._haystacks[key] = self._haystack_of(row)
        return haystack

    def _arranging(self, rows: dict[str, Row], *, cursor_may_move: bool = False) -> Slices[None]:
        """Make the view of ``rows`` anew; they and it are put in place at the very end."""
        keys = yield from passing(rows, self.site, self.filter, self._haystack, self._at_site)
        sort_key = self.sort_column.sort_key if self.sort_column else None
        if sort_key is not None:
            known, unknown = yield from valued(rows, keys, self._sort_values, sort_key)
            known = yield from in_order(known, self._sort_values, descending=self.descending)
            self._has_unknown = bool(unknown)
            keys = known + unknown
        elif self.descending:
            keys.reverse()
        index = self._cursor_index if self._cursor is None else self.cursor_index
        if rows is not self._rows and self._marks:
            self._marks = {key: None for key in self._marks if key in rows}
        self._rows, self._view = rows, keys
        self._settle_cursor(index or 0, may_move=cursor_may_move)

    def _settle_cursor(self, index: int, *, may_move: bool = False) -> None:
        self._cursor_index = index
        if self._fresh and self._view:
            self._fresh = False
            self.move_to(0)
        elif self._cursor is not None and not self._shows(self._cursor):
            self._cursor = None
        if may_move and self._cursor is None:
            self.move_to(0)

    def _shows(self, key: str) -> bool:
        return key in self._rows and (not self.narrowed or self._matches(key))
