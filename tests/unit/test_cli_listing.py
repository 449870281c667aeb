"""Lists: columns, filter, sort, the three formats, tables that keep to the terminal."""

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from dcn_console.cli.listing import Column, Listing, OutputFormat
from dcn_console.cli.table import Cells, Heading, render_table
from dcn_console.model.errors import UsageError

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Thing:
    name: str | None
    size: int | None
    at: datetime | None = None


class ThingObject(msgspec.Struct):
    name: str | None
    size_bytes: int | None


THINGS = (
    Thing("beta", 1000, NOW),
    Thing("Alpha", 9, NOW - timedelta(days=1)),
    Thing(None, None),
    Thing("gamma [red]x[/]", 200),
)


def listing(*things: Thing) -> Listing[Thing]:
    return Listing(
        columns=(
            Column("name", lambda thing: thing.name, priority=0, shrinks=True),
            Column(
                "size_bytes",
                lambda thing: thing.size,
                show=lambda thing: f"{thing.size} B",
                heading="SIZE",
                align_right=True,
            ),
            Column("created_at", lambda thing: thing.at, in_table=False),
        ),
        rows=things,
        to_object=lambda thing: ThingObject(name=thing.name, size_bytes=thing.size),
    )


def names(found: Listing[Thing]) -> list[str | None]:
    return [thing.name for thing in found.rows]


@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        ("", ["beta", "Alpha", None, "gamma [red]x[/]"]),
        ("name", ["Alpha", "beta", "gamma [red]x[/]", None]),
        ("name:desc", ["gamma [red]x[/]", "beta", "Alpha", None]),
        ("size_bytes", ["Alpha", "gamma [red]x[/]", "beta", None]),
        ("SIZE:desc", ["beta", "gamma [red]x[/]", "Alpha", None]),
        ("created_at:asc", ["Alpha", "beta", None, "gamma [red]x[/]"]),
    ],
)
def test_sorting_uses_values_and_puts_the_unknown_last(
    order: str, wanted: list[str | None]
) -> None:
    assert names(listing(*THINGS).sorted(order)) == wanted


def test_an_unknown_column_lists_the_columns() -> None:
    with pytest.raises(UsageError) as caught:
        listing(*THINGS).sorted("siz")
    assert "siz" in caught.value.message
    assert "size_bytes" in caught.value.way_out
    assert "created_at" in caught.value.way_out
    with pytest.raises(UsageError, match="no order"):
        listing(*THINGS).sorted("name:down")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", 4),
        ("ALPHA", 1),
        ("[red]", 1),
        ("1000", 1),
        ("2026-11-20", 1),
        ("!a", 1),
        ("none", 0),
    ],
)
def test_filtering_is_a_substring_of_any_column(text: str, wanted: int) -> None:
    assert len(listing(*THINGS).filtered(text).rows) == wanted


def test_json_keeps_names_as_they_are() -> None:
    hostile = Thing("two\nlines \x1b[31m 日本", 5)
    decoded = msgspec.json.decode(listing(hostile).render(OutputFormat.JSON))
    assert decoded == [{"name": hostile.name, "size_bytes": 5}]


def test_csv_has_raw_values_and_no_formulas() -> None:
    text = listing(*THINGS, Thing('=cmd|"x"', 1)).render(OutputFormat.CSV).decode()
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["name", "size_bytes", "created_at"]
    assert rows[1] == ["beta", "1000", "2026-11-21T12:00:00Z"]
    assert rows[3] == ["", "", ""]
    assert rows[5][0] == '\'=cmd|"x"'


def test_the_table_is_plain_and_aligned() -> None:
    text = listing(*THINGS).render(OutputFormat.TABLE).decode()
    assert text == (
        "NAME               SIZE\n"
        "beta             1000 B\n"
        "Alpha               9 B\n"
        "–                None B\n"
        "gamma [red]x[/]   200 B\n"
    )


def test_hostile_names_cannot_break_the_table() -> None:
    text = listing(Thing("a\nb\x1b[2J\u202e", 1), Thing("🚀日本", 2)).render(OutputFormat.TABLE)
    lines = text.decode().splitlines()
    assert len(lines) == 3
    assert not any(char in text.decode() for char in "\x1b\u202e")
    assert len({cell_len(line) for line in lines}) == 1


def test_a_narrow_terminal_cuts_names_and_then_drops_columns() -> None:
    cells = Cells(
        headings=(
            Heading("ID", priority=6),
            Heading("NAME", priority=0, shrinks=True),
            Heading("SIZE", align_right=True, priority=1),
        ),
        lines=(("0" * 36, "a-rather-long-name-of-an-image", "44 MiB"),),
    )
    assert "0" * 36 in render_table(cells, width=60)
    assert "…" in render_table(cells, width=60)
    narrow = render_table(cells, width=40)
    assert "ID" not in narrow
    assert "a-rather-long-name-of-an-image  44 MiB" in narrow
    assert render_table(cells).splitlines()[0] == f"{'ID':36}  {'NAME':30}    SIZE"


@given(
    st.lists(st.tuples(st.text(max_size=40), st.text(max_size=20)), max_size=5),
    st.integers(min_value=20, max_value=100),
)
def test_no_line_is_wider_than_the_terminal(rows: list[tuple[str, str]], width: int) -> None:
    found = Listing(
        columns=(
            Column("name", lambda row: row[0], priority=0, shrinks=True),
            Column("note", lambda row: row[1], priority=1),
        ),
        rows=tuple(rows),
        to_object=lambda row: ThingObject(name=row[0], size_bytes=None),
    )
    lines = found.render(OutputFormat.TABLE, width=width).decode().splitlines()
    assert len(lines) == len(rows) + 1
    assert all(cell_len(line) <= width for line in lines)
