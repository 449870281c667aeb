"""A table of very many rows takes them in slices: keys get through, and nothing is lost."""

from dataclasses import dataclass
from random import Random

from console_pilot import until
from textual.app import App, ComposeResult

from dcn_console.console.filtering import parse_filter
from dcn_console.console.spans import line
from dcn_console.console.table.column import Column
from dcn_console.console.table.state import TableState
from dcn_console.console.table.widget import LATER_ROWS, ResourceTable


@dataclass(frozen=True)
class Item:
    key: str
    name: str


NAME: Column[Item] = Column(
    id="name",
    title="NAME",
    cell=lambda item, _: line(item.name),
    sort_key=lambda item: item.name,
    minimum=8,
)


class TableApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        state: TableState[Item] = TableState(
            key=lambda item: item.key,
            haystack=lambda item: item.name,
            at_site=lambda item, site: item.name == site,
        )
        state.sort_by(NAME)
        self.table = ResourceTable((NAME,), state)
        self.altered: list[int] = []

    def compose(self) -> ComposeResult:
        yield self.table

    def on_resource_table_altered(self, event: ResourceTable.Altered) -> None:
        self.altered.append(event.table.state.total)


def items(count: int) -> tuple[Item, ...]:
    """Return rows in no order; number n is called "n000123"."""
    numbers = list(range(count))
    Random(3).shuffle(numbers)
    return tuple(Item(str(number), f"n{number:06}") for number in numbers)


def names(table: ResourceTable[Item]) -> list[str]:
    return [row.name for key in table.state.view if (row := table.state.row(key)) is not None]


COUNT = LATER_ROWS + 500


async def test_first_rows_are_painted_and_then_ordered_with_the_cursor_on_top() -> None:
    rows = items(COUNT)
    app = TableApp()
    async with app.run_test() as pilot:
        app.table.set_rows(rows)
        assert app.table.state.total == COUNT
        await until(pilot, lambda: names(app.table) == sorted(row.name for row in rows), "order")
        assert app.table.state.cursor == "0"


async def test_the_cursor_moves_while_new_rows_are_taken_and_the_newest_win() -> None:
    rows = items(COUNT)
    app = TableApp()
    async with app.run_test() as pilot:
        app.table.set_rows(rows)
        app.table.settle()
        app.table.set_rows(rows[1:])
        app.table.set_rows(rows[2:])
        app.table.set_rows(rows[3:])
        app.table.action_move(5)
        cursor = app.table.state.cursor
        await until(pilot, lambda: app.table.state.total == COUNT - 3, "the newest rows")
        assert app.table.state.cursor == cursor
        assert names(app.table) == sorted(row.name for row in rows[3:])
        await until(pilot, lambda: app.altered[-1:] == [COUNT - 3], "word of it")


async def test_what_is_asked_of_the_table_meanwhile_is_answered_from_the_new_rows() -> None:
    rows = items(COUNT)
    app = TableApp()
    async with app.run_test() as pilot:
        app.table.set_rows(rows)
        app.table.set_rows((*rows[:-1], Item("new", "other")))
        app.table.set_filter(parse_filter("other"))
        assert names(app.table) == ["other"]
        app.table.set_rows(rows)
        app.table.sort_by(NAME, descending=True)
        assert names(app.table) == []
        app.table.set_filter(parse_filter(""))
        assert names(app.table) == sorted((row.name for row in rows), reverse=True)
        await pilot.pause()
        assert names(app.table)[0] == f"n{COUNT - 1:06}"


async def test_a_mark_set_meanwhile_stays() -> None:
    rows = items(COUNT)
    app = TableApp()
    async with app.run_test() as pilot:
        app.table.set_rows(rows)
        app.table.settle()
        app.table.set_rows(rows[1:])
        app.table.action_mark()
        marks = app.table.state.marks
        assert len(marks) == 1
        await until(pilot, lambda: app.table.state.total == COUNT - 1, "the new rows")
        assert app.table.state.marks == marks
        assert [row.key for row in app.table.marked_rows] == list(marks)
