"""The column that tells at which site a row is, the same in every table but for its place."""

from collections.abc import Callable

from dcn_console.console.spans import Tone, foreign
from dcn_console.console.table.column import Column, Row


def site_column(where: Callable[[Row], str | None], *, priority: int) -> Column[Row]:
    """Return the column of what ``where`` tells: the site of a row, else what stands for it."""
    return Column(
        id="site",
        title="SITE",
        cell=lambda row, _: (foreign(where(row), Tone.DIM),),
        sort_key=where,
        minimum=7,
        maximum=14,
        flex=1,
        priority=priority,
    )
