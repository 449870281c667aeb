"""Lines, columns, wrapping and filters: pure text, measured in terminal cells."""

import unicodedata

import pytest
from fake_data import HOSTILE_NAMES
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from dcn_console.console.bars import bar, percent_text
from dcn_console.console.filtering import parse_filter
from dcn_console.console.spans import (
    Align,
    Span,
    Tone,
    cells,
    fit,
    foreign,
    line,
    plain,
    shorten,
    squeeze,
    width,
)
from dcn_console.console.table.column import Column, lay_out
from dcn_console.console.wrapping import wrap
from dcn_console.model.text import printable

TEXTS = st.text(max_size=40) | st.sampled_from(HOSTILE_NAMES)


@given(TEXTS, st.integers(0, 30), st.sampled_from(Align))
def test_a_fitted_line_has_exactly_its_width(text: str, size: int, align: Align) -> None:
    fitted = fit((foreign(text), Span(" end")), size, align)
    assert cell_len(plain(fitted)) == size


@given(TEXTS)
def test_foreign_text_stays_on_its_line(text: str) -> None:
    shown = foreign(text).text
    dangerous = {"Cc", "Cs", "Co", "Zl", "Zp"}
    assert not {unicodedata.category(char) for char in shown} & dangerous


def test_a_cut_line_says_so() -> None:
    assert plain(shorten((Span("abcdef"),), 4)) == "abc…"
    assert plain(shorten((Span("abcd"),), 4)) == "abcd"


def test_a_wide_character_is_never_cut_in_half() -> None:
    assert plain(fit((Span("日本語"),), 4)) == "日 …"
    assert width(fit((Span("日本語"),), 5)) == 5


@given(st.lists(TEXTS, max_size=4), st.integers(16, 60))
def test_wrapped_lines_fit_and_lose_no_word(texts: list[str], size: int) -> None:
    lines = [(Span("label  ", Tone.DIM), foreign(text, limit=2000)) for text in texts]
    wrapped = wrap(lines, size)
    assert all(cell_len(plain(item).rstrip()) <= size for item in wrapped)
    before = "".join("".join(plain(item).split()) for item in lines)
    after = "".join("".join(plain(item).split()) for item in wrapped)
    assert before == after


def test_wrapped_lines_hang_under_the_end_of_their_label() -> None:
    wrapped = wrap([(Span("name   "), Span("one two three four"))], 20)
    assert [plain(item).rstrip() for item in wrapped] == ["name   one two three", "       four"]


def column(name: str, minimum: int, **more: object) -> Column[object]:
    return Column(
        id=name,
        title=name,
        cell=lambda _row, _width: line(""),
        minimum=minimum,
        **more,  # type: ignore[arg-type]
    )


def names(columns: list[Column[object]], size: int, skip: int = 0) -> list[str]:
    return [item.column.id for item in lay_out(columns, size, skip).placed]


def test_columns_leave_by_priority_when_there_is_no_room() -> None:
    columns = [column("name", 10), column("size", 5, priority=2), column("age", 5, priority=3)]
    assert names(columns, 22) == ["name", "size", "age"]
    assert names(columns, 21) == ["name", "size"]
    assert names(columns, 15) == ["name"]
    assert names(columns, 3) == ["name"]


def test_extra_columns_leave_before_a_column_gets_less_than_it_wants() -> None:
    columns = [column("name", 10, wanted=20), column("owner", 5, priority=4)]
    assert names(columns, 25) == ["name"]
    assert names(columns, 26) == ["name", "owner"]


def test_the_room_left_is_shared_up_to_each_maximum() -> None:
    columns = [column("a", 5, flex=1, maximum=8), column("b", 5, flex=1), column("c", 3)]
    assert [item.width for item in lay_out(columns, 35).placed] == [8, 22, 3]


@given(
    st.lists(
        st.tuples(st.integers(1, 12), st.integers(0, 4), st.integers(0, 30), st.integers(0, 6)),
        min_size=1,
        max_size=8,
    ),
    st.integers(1, 120),
)
def test_columns_never_reach_beyond_the_width(
    shapes: list[tuple[int, int, int, int]], size: int
) -> None:
    columns = [
        column(str(index), minimum, flex=flex, maximum=maximum, priority=priority)
        for index, (minimum, flex, maximum, priority) in enumerate(shapes)
    ]
    placed = lay_out(columns, size).placed
    assert all(item.start + item.width <= max(size, item.start) for item in placed)


def test_passing_over_columns_brings_hidden_ones_into_view() -> None:
    columns = [
        column("name", 10),
        *(
            column(f"s{number}", 6, priority=1 if number else 0, scrolls=True)
            for number in range(6)
        ),
    ]
    assert names(columns, 24) == ["name", "s0", "s1"]
    assert lay_out(columns, 24).hidden == 4
    assert names(columns, 24, skip=3) == ["name", "s3", "s4"]
    assert names(columns, 24, skip=99) == ["name", "s5"]


@pytest.mark.parametrize(
    ("text", "haystack", "passes"),
    [
        ("rhel", "rhel-9.4", True),
        ("RHEL", "rhel-9.4", True),
        ("!rhel", "rhel-9.4", False),
        ("rhel 9", "rhel-9.4", True),
        ("rhel !9", "rhel-9.4", False),
        ("", "anything", True),
        ("!", "anything", True),
        ("@", "anything", True),
        ("@dcn0", "anything", True),
        ("!@dcn0", "anything", False),
        ("@dcn1", "anything", False),
        ("[red]", "x[red]y", True),
    ],
)
def test_filters(text: str, haystack: str, passes: bool) -> None:
    assert parse_filter(text).matches(haystack, lambda site: site == "dcn0") is passes


def test_a_bar_fills_with_its_percent_and_never_lies() -> None:
    assert plain(bar(0, 10)) == "─" * 10
    assert bar(0, 10)[0].tone is Tone.TRACK
    assert bar(100, 10) == (Span("━" * 10, Tone.ACCENT),)
    assert plain(bar(50, 10)) == "━━━━━─────"
    assert bar(50, 10)[0].text == "━" * 5
    assert bar(45, 10)[0].text == "━━━━╸"
    assert plain(bar(None, 10)) == "╌" * 10
    assert bar(10, 0) == ()
    assert percent_text(99.99) == "99%"
    assert percent_text(None) == ""


def test_the_ends_of_a_long_name_are_marked() -> None:
    assert foreign("a" * 300).text == printable("a" * 300, 240)
    assert foreign("").text == "–"
    assert foreign(None).text == "–"


@given(st.text(max_size=30), st.integers(1, 20))
def test_a_name_is_cut_in_its_middle_and_never_too_long(text: str, limit: int) -> None:
    cut = squeeze(text, limit)
    assert cells(cut) <= limit
    if cells(text) <= limit:
        assert cut == text
    else:
        assert "…" in cut


def test_names_that_differ_at_their_ends_can_be_told_apart() -> None:
    assert squeeze("camera-archive-01", 10) == "camer…e-01"
    assert squeeze("camera-archive-02", 10) == "camer…e-02"
