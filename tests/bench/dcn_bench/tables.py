"""The console's tables with many rows: first paint, sort and filter, in a console without screen.

Everything is the real app on a workspace in memory; what it would print goes nowhere.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from console_pilot import running, until
from fake_data import image_row, topology
from fake_workspace import FakeWorkspace
from msgspec.structs import replace
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import DataTable

from dcn_console.console.situation import Place
from dcn_console.model.rows import ImageRow, Placement, Rows, SiteRow

from .figures import Extent, Figure, typical

FIRST_ROWS_BUDGET = 0.2
_WORDS = ("ubuntu", "debian", "rhel", "rocky", "windows", "k8s-node", "gateway", "database")
_DATA_TABLE = "Textual's DataTable with a tenth of the rows"
_EDGES = 2


def tables(extent: Extent) -> Sequence[Figure]:
    """Seconds from new rows, an order or a filter until the screen shows them."""
    count = extent.choose(100_000, 5_000)
    rows = _rows(count)
    ours = asyncio.run(_console(rows, extent.choose(5, 2)))
    stock = asyncio.run(_data_table(rows.images[: count // 10]))
    return [
        Figure(
            name=f"{what}, {count:,} rows",
            value=taken,
            unit="s",
            budget=FIRST_ROWS_BUDGET if what == "first paint" else None,
            reference=stock[what],
            reference_name=_DATA_TABLE,
        )
        if what in stock
        else Figure(name=f"{what}, {count:,} rows", value=taken, unit="s")
        for what, taken in ours.items()
    ]


def _rows(count: int) -> Rows:
    sites = topology(_EDGES)
    images = tuple(_image(number, sites) for number in range(count))
    return Rows(sites=tuple(SiteRow(site=site) for site in sites), images=images)


def _image(number: int, sites: Any) -> ImageRow:
    name = f"{_WORDS[number * 7 % len(_WORDS)]}-{number * 7919 % 1_000_003:06}"
    return image_row(
        number, name, number * 104_729 % 2**36, {"central": Placement.PRESENT}, sites=sites
    )


async def _console(rows: Rows, times: int) -> dict[str, float]:
    """Return the seconds of each change of the images' table."""
    empty = replace(rows, images=())
    workspace = FakeWorkspace(rows=empty, tasks=())
    taken: dict[str, list[float]] = {}
    async with running(workspace, size=(160, 50)) as (app, pilot):
        table = app.home.tables[Place.IMAGES]

        async def measure(what: str, change: Callable[[], object], shown: int) -> None:
            began = time.perf_counter()
            change()
            await until(pilot, lambda: len(table.state.view) == shown, what)
            await _painted(app, pilot)
            taken.setdefault(what, []).append(time.perf_counter() - began)

        changed = replace(rows, images=_some_changed(rows.images))
        everything = len(rows.images)
        wanted = sum("ubuntu" in (row.image.name or "") for row in rows.images)
        for _ in range(times):
            await measure("first paint", lambda: workspace.set_rows(rows), everything)
            await measure("sort", table.sort_next, everything)
            await measure("sort the other way", table.sort_reverse, everything)
            await measure("filter, first letters", lambda: app.home.filter_edited("ubuntu"), wanted)
            await measure("filter off", lambda: app.home.filter_edited(""), everything)
            await measure("filter again", lambda: app.home.filter_edited("ubuntu"), wanted)
            await measure("filter off", lambda: app.home.filter_edited(""), everything)
            await measure("1% changed", lambda: workspace.set_rows(changed), everything)
            await measure("all gone", lambda: workspace.set_rows(empty), 0)
    return {what: typical(values) for what, values in taken.items() if what != "all gone"}


def _some_changed(images: Sequence[ImageRow]) -> tuple[ImageRow, ...]:
    return tuple(
        replace(row, image=replace(row.image, status="deactivated")) if not index % 100 else row
        for index, row in enumerate(images)
    )


async def _painted(app: App[Any], pilot: Pilot[None]) -> None:
    """Wait until all that was to be painted is painted."""
    await pilot.pause()
    painted = asyncio.Event()
    app.screen.call_after_refresh(painted.set)
    await painted.wait()


class _TableApp(App[None]):
    """A DataTable, as the reference."""

    def compose(self) -> ComposeResult:
        """The one table."""
        yield DataTable(cursor_type="row")


async def _data_table(images: Sequence[ImageRow]) -> dict[str, float]:
    """Return the seconds DataTable takes to show and to sort ``images``."""
    app = _TableApp()
    async with app.run_test(size=(160, 50)) as pilot:
        table = app.query_one(DataTable)
        columns = table.add_columns("name", "size", "format", "status", "central", "dcn0", "dcn1")
        began = time.perf_counter()
        for row in images:
            image = row.image
            cells = (cell.state.value for cell in row.cells)
            table.add_row(image.name, image.size, image.disk_format, image.status, *cells)
        await _painted(app, pilot)
        shown = time.perf_counter() - began
        began = time.perf_counter()
        table.sort(columns[1])
        await _painted(app, pilot)
        return {"first paint": shown, "sort": time.perf_counter() - began}
