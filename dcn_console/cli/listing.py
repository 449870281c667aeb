"""One way to list anything: columns, filter, sort, and the three output formats."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

import msgspec

from dcn_console.cli.table import Cells, Heading, render_table
from dcn_console.config.suggest import way_out
from dcn_console.model.errors import UsageError
from dcn_console.model.text import printable

Row = TypeVar("Row")
Value = str | int | float | bool | datetime | None


class OutputFormat(StrEnum):
    """How data is printed to stdout."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


@dataclass(frozen=True)
class Column(Generic[Row]):
    """A column of a list.

    ``name`` is the CSV heading; --sort takes it or the table's ``heading``. ``value`` is the
    raw value (bytes, times) that sorts and goes into CSV, ``show`` its words in the table.
    ``in_table`` false keeps it to CSV. ``priority`` 0 stays in the table however narrow the
    terminal is, larger ones go first. ``shrinks`` lets the words be cut.
    """

    name: str
    value: Callable[[Row], Value]
    show: Callable[[Row], str] | None = None
    heading: str = ""
    align_right: bool = False
    in_table: bool = True
    priority: int = 1
    shrinks: bool = False

    def text(self, row: Row) -> str:
        """Return the words of the table for ``row``, safe to print."""
        if self.show is not None:
            return printable(self.show(row))
        value = self.value(row)
        return "–" if value is None else printable(str(value))


@dataclass(frozen=True)
class Listing(Generic[Row]):
    """Rows with their columns and their JSON objects."""

    columns: tuple[Column[Row], ...]
    rows: tuple[Row, ...]
    to_object: Callable[[Row], msgspec.Struct]

    def filtered(self, text: str) -> "Listing[Row]":
        """Keep the rows that have ``text`` in any column, ignoring case; "!text" inverts."""
        needle = text.removeprefix("!").casefold()
        if not needle:
            return self
        inverse = text.startswith("!")
        kept = tuple(row for row in self.rows if self._holds(row, needle) is not inverse)
        return Listing(self.columns, kept, self.to_object)

    def sorted(self, order: str) -> "Listing[Row]":
        """Sort by "COLUMN", "COLUMN:desc" or "COLUMN:asc"; unknown values come last.

        Raises UsageError naming the columns.
        """
        if not order:
            return self
        name, _, direction = order.partition(":")
        if direction not in ("", "asc", "desc"):
            raise UsageError(f"“{order}” is no order.", way_out="Use COLUMN, or COLUMN:desc.")
        column = self._column(name)
        known = [row for row in self.rows if column.value(row) is not None]
        unknown = [row for row in self.rows if column.value(row) is None]
        known.sort(key=lambda row: _sort_key(column.value(row)), reverse=direction == "desc")
        return Listing(self.columns, (*known, *unknown), self.to_object)

    def render(
        self, output: OutputFormat, *, width: int | None = None, bold: bool = False
    ) -> bytes:
        """Return the list in ``output`` format, UTF-8.

        ``width`` is that of the terminal, which a table keeps to; None prints it whole.
        """
        if output is OutputFormat.JSON:
            return render_json([self.to_object(row) for row in self.rows])
        if output is OutputFormat.CSV:
            return self._csv()
        shown = [column for column in self.columns if column.in_table]
        table = Cells(
            headings=tuple(_heading(column) for column in shown),
            lines=tuple(tuple(column.text(row) for column in shown) for row in self.rows),
        )
        return render_table(table, width=width, bold=bold).encode("utf-8", "replace")

    def _holds(self, row: Row, needle: str) -> bool:
        return any(
            needle in column.text(row).casefold() or needle in str(column.value(row)).casefold()
            for column in self.columns
            if column.value(row) is not None
        )

    def _column(self, name: str) -> Column[Row]:
        wanted = name.casefold()
        for column in self.columns:
            if wanted in (column.name, column.heading.casefold()):
                return column
        names = tuple(column.name for column in self.columns)
        raise UsageError(
            f"There is no column “{printable(name, 40)}”.", way_out=way_out(name, names, "Columns")
        )

    def _csv(self) -> bytes:
        stream = io.StringIO(newline="")
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([column.name for column in self.columns])
        for row in self.rows:
            writer.writerow([_csv_value(column.value(row)) for column in self.columns])
        return stream.getvalue().encode("utf-8", "replace")


def render_json(value: object) -> bytes:
    """Return ``value`` as indented JSON in UTF-8, ending in a line break."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def _heading(column: Column[Any]) -> Heading:
    return Heading(
        text=column.heading or column.name.upper().replace("_", " "),
        align_right=column.align_right,
        priority=column.priority,
        shrinks=column.shrinks,
    )


def _sort_key(value: Value) -> tuple[int, float, str]:
    if isinstance(value, datetime):
        return (0, value.timestamp(), "")
    if isinstance(value, int | float):
        return (0, float(value), "")
    return (1, 0.0, str(value).casefold())


def _csv_value(value: Value) -> str | int | float:
    """Return a cell of CSV: times in ISO 8601 UTC, true and false in lower case.

    Text a spreadsheet would take for a formula gets an apostrophe (OWASP: CSV injection).
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, str):
        text = printable(value)
        return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
    return value


def choose(rows: Sequence[Row], keep: Callable[[Row], bool], *, narrow: bool) -> tuple[Row, ...]:
    """Return the rows that ``keep`` wants, or all when there is nothing to ``narrow`` to."""
    return tuple(row for row in rows if keep(row)) if narrow else tuple(rows)
