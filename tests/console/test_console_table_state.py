"""The state of a table: cursor and marks stay with their objects, whatever happens to the rows."""

from dataclasses import dataclass, replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from dcn_console.console.filtering import Filter, parse_filter
from dcn_console.console.spans import line
from dcn_console.console.table.column import Column
from dcn_console.console.table.state import EVERYTHING, NO_DIFFERENCE, TableState


@dataclass(frozen=True)
class Item:
    key: str
    name: str = ""
    size: int | None = None
    site: str = "here"


NAME: Column[Item] = Column(
    id="name",
    title="NAME",
    cell=lambda item, _: line(item.name),
    sort_key=lambda item: item.name,
    minimum=4,
)
SIZE: Column[Item] = Column(
    id="size",
    title="SIZE",
    cell=lambda item, _: line(str(item.size)),
    sort_key=lambda item: item.size,
    minimum=4,
)


def table(*items: Item) -> TableState[Item]:
    state: TableState[Item] = TableState(
        key=lambda item: item.key,
        haystack=lambda item: item.name.lower(),
        at_site=lambda item, site: item.site == site,
    )
    state.replace(items)
    return state


def test_the_cursor_begins_on_the_first_row() -> None:
    assert table(Item("a"), Item("b")).cursor == "a"


def test_the_cursor_stays_on_its_object_when_rows_come_before_it() -> None:
    state = table(Item("b", "b"), Item("d", "d"))
    state.sort_by(NAME)
    state.move_to_key("d")
    state.replace((Item("a", "a"), Item("b", "b"), Item("c", "c"), Item("d", "d")))
    assert state.cursor == "d"
    assert state.cursor_index == 3


def test_the_cursor_is_cleared_when_its_object_leaves() -> None:
    state = table(Item("a"), Item("b"), Item("c"))
    state.move_to_key("b")
    state.replace((Item("a"), Item("c")))
    assert state.cursor is None
    assert state.cursor_index is None


def test_a_cleared_cursor_goes_on_where_it_was() -> None:
    state = table(Item("a"), Item("b"), Item("c"))
    state.move_to_key("b")
    state.replace((Item("a"), Item("c")))
    assert state.move_by(1) == "c"


def test_a_filter_moves_the_cursor_to_what_it_shows() -> None:
    state = table(Item("a", "apple"), Item("b", "berry"))
    state.set_filter(parse_filter("err"))
    assert state.cursor == "b"
    assert list(state.view) == ["b"]


def test_a_filter_keeps_the_cursor_on_an_object_it_shows() -> None:
    state = table(Item("a", "apple"), Item("b", "berry"), Item("c", "cherry"))
    state.move_to_key("c")
    state.set_filter(parse_filter("err"))
    assert state.cursor == "c"


def test_rows_that_change_out_of_the_filter_leave_the_view() -> None:
    state = table(Item("a", "copying"), Item("b", "copying"))
    state.set_filter(parse_filter("copying"))
    difference = state.replace((Item("a", "done"), Item("b", "copying")))
    assert difference is EVERYTHING
    assert list(state.view) == ["b"]
    assert state.cursor is None


def test_values_sort_by_their_type_and_missing_ones_last_both_ways() -> None:
    state = table(Item("a", size=10), Item("b", size=9), Item("c", size=None), Item("d", size=100))
    state.sort_by(SIZE)
    assert list(state.view) == ["b", "a", "d", "c"]
    state.sort_by(SIZE, descending=True)
    assert list(state.view) == ["d", "a", "b", "c"]


def test_the_same_rows_cost_nothing() -> None:
    rows = (Item("a"), Item("b"))
    state = table(*rows)
    state.replace(rows)
    assert state.replace(rows) is NO_DIFFERENCE
    assert state.replace(list(rows)).keys == ()


def test_a_changed_row_changes_only_its_line() -> None:
    first, second = Item("a", "a"), Item("b", "b", size=1)
    state = table(first, second)
    state.sort_by(NAME)
    difference = state.replace((first, Item("b", "b", size=2)))
    assert not difference.everything
    assert difference.keys == ("b",)


def test_a_changed_sort_value_arranges_the_rows_anew() -> None:
    first, second = Item("a", "a"), Item("b", "b")
    state = table(first, second)
    state.sort_by(NAME)
    assert state.replace((first, Item("b", "A"))) is EVERYTHING
    assert list(state.view) == ["b", "a"]


def test_marks_hold_keys_and_go_with_their_objects() -> None:
    state = table(Item("a", "a"), Item("b", "b"), Item("c", "c"))
    state.toggle_mark("c")
    state.toggle_mark("a")
    state.sort_by(NAME, descending=True)
    assert list(state.marks) == ["c", "a"]
    state.replace((Item("b", "b"), Item("c", "c")))
    assert list(state.marks) == ["c"]


def test_marking_all_takes_what_the_filter_shows_and_again_unmarks_it() -> None:
    state = table(Item("a", "apple"), Item("b", "berry"), Item("c", "cherry"))
    state.toggle_mark("a")
    state.set_filter(parse_filter("err"))
    state.mark_shown()
    assert set(state.marks) == {"a", "b", "c"}
    state.mark_shown()
    assert state.marks == ("a",)


def test_a_site_narrows_the_rows() -> None:
    state = table(Item("a", site="dcn0"), Item("b", site="dcn1"))
    state.set_site("dcn1")
    assert list(state.view) == ["b"]
    state.set_site(None)
    assert list(state.view) == ["a", "b"]


def test_filters_can_be_prepared_in_parts() -> None:
    state = table(*(Item(str(number), f"name {number}") for number in range(25)))
    assert state.warm(10)
    assert state.warm(10)
    assert not state.warm(10)
    assert not state.warm(10)


KEYS = st.sampled_from("abcdefgh")
ITEMS = st.builds(
    Item,
    key=KEYS,
    name=st.text("xyz", max_size=3),
    size=st.none() | st.integers(0, 3),
    site=st.sampled_from(("here", "there")),
)
ROWS = st.lists(ITEMS, max_size=8, unique_by=lambda item: item.key)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("rows"), ROWS),
        st.tuples(st.just("more"), ROWS),
        st.tuples(st.just("sort"), st.tuples(st.sampled_from((NAME, SIZE, None)), st.booleans())),
        st.tuples(st.just("filter"), st.sampled_from(("", "x", "!y", "x z", "@here", "!@there"))),
        st.tuples(st.just("site"), st.sampled_from((None, "here", "there"))),
        st.tuples(st.just("move"), st.integers(-3, 3)),
        st.tuples(st.just("mark"), KEYS),
        st.tuples(st.just("mark all"), st.none()),
    ),
    max_size=12,
)


def expected_view(state: TableState[Item], rows: dict[str, Item]) -> list[str]:
    wanted: Filter = state.filter
    keys = [
        item.key
        for item in rows.values()
        if (state.site is None or item.site == state.site)
        and wanted.matches(item.name.lower(), lambda site, item=item: item.site == site)  # type: ignore[misc]
    ]
    column = state.sort_column
    if column is None:
        return keys[::-1] if state.descending else keys
    assert column.sort_key is not None
    values = {key: column.sort_key(rows[key]) for key in keys}
    known = [key for key in keys if values[key] is not None]
    known.sort(key=lambda key: values[key], reverse=state.descending)
    return known + [key for key in keys if values[key] is None]


@given(ROWS, STEPS)
def test_whatever_happens_cursor_and_marks_hold_their_keys(
    rows: list[Item], steps: list[tuple[str, object]]
) -> None:
    state = table(*rows)
    known = {item.key: item for item in rows}
    for action, value in steps:
        cursor, marks = state.cursor, set(state.marks)
        if action in ("rows", "more"):
            assert isinstance(value, list)
            kept = list(known.values()) if action == "more" else []
            given = kept + [item for item in value if item.key not in known or not kept]
            known = {item.key: item for item in given}
            state.replace(tuple(given))
            marks &= set(known)
            had_cursor = cursor is not None
            assert state.cursor in ((cursor, None) if had_cursor else (None, *state.view[:1]))
        elif action == "sort":
            assert isinstance(value, tuple)
            state.sort_by(value[0], descending=value[1])
            assert state.cursor == cursor
        elif action == "filter":
            assert isinstance(value, str)
            state.set_filter(parse_filter(value))
        elif action == "site":
            assert value is None or isinstance(value, str)
            state.set_site(value)
        elif action == "move":
            assert isinstance(value, int)
            state.move_by(value)
        elif action == "mark":
            assert isinstance(value, str)
            state.toggle_mark(value)
            marks = marks ^ ({value} & set(known))
        else:
            shown = set(state.view)
            marks = marks - shown if shown <= marks else marks | shown
            state.mark_shown()
        assert list(state.view) == expected_view(state, known)
        assert set(state.marks) == marks
        if action in ("filter", "site") and cursor in state.view:
            assert state.cursor == cursor
        if state.cursor is not None:
            assert state.view[state.cursor_index or 0] == state.cursor


def test_many_rows_are_ordered_in_slices_as_they_would_be_at_once() -> None:
    dice = Random(7)
    rows = tuple(
        Item(str(number), name=f"n{dice.randrange(3_000)}", size=dice.choice((None, 1, 2, number)))
        for number in range(20_000)
    )
    changed = tuple(
        replace(row, name=f"m{row.key}") if dice.random() < 0.3 else row for row in rows[500:]
    )
    for column, descending in ((NAME, False), (NAME, True), (SIZE, False), (SIZE, True)):
        state = table(*rows)
        state.sort_by(column, descending=descending)
        state.move_to_key("9999")
        before = list(state.view)
        work = state.replacing(changed)
        slices = 0
        while len(state.view) == len(rows):
            assert list(state.view) == before
            state.move_to_key("9998")
            slices += 1
            if next(work, "done") == "done":
                break
        assert slices > 10
        fresh = table(*changed)
        fresh.sort_by(column, descending=descending)
        assert list(state.view) == list(fresh.view)
        assert state.cursor == "9998"
        assert state.row("9998") is changed[9998 - 500]
