"""What a benchmark returns, and how it is printed."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from dcn_console.cli.table import Cells, Heading, render_table


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measured figure; less is better. ``reference`` was measured in the same run.

    ``budget`` is the most the figure may be on an idle machine, ``least_ratio`` what the issue
    asks of reference to figure.
    """

    name: str
    value: float
    unit: str
    budget: float | None = None
    reference: float | None = None
    reference_name: str = ""
    least_ratio: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times less than its reference the figure is."""
        return self.reference / self.value if self.reference is not None and self.value else None

    @property
    def verdict(self) -> str:
        """Whether budget and ratio are kept, "" without either."""
        if self.budget is None and self.least_ratio is None:
            return ""
        within = self.budget is None or self.value <= self.budget
        ratio = self.ratio
        fast = self.least_ratio is None or (ratio is not None and ratio >= self.least_ratio)
        return "met" if within and fast else "MISSED"


@dataclass(frozen=True)
class Extent:
    """How much to measure: ``quick`` is small and unsteady, enough to see that all works."""

    quick: bool

    def choose(self, full: int, quick: int) -> int:
        """Return the number for this extent."""
        return quick if self.quick else full


def typical(values: Iterable[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value that ``percent`` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def to_table(figures: Sequence[Figure]) -> str:
    """Return figures as an aligned table; "ratio" is reference to figure."""
    headings = (
        Heading("FIGURE"),
        Heading("VALUE", align_right=True),
        Heading("BUDGET", align_right=True),
        Heading("REFERENCE", align_right=True),
        Heading("RATIO", align_right=True),
        Heading("ASKED", align_right=True),
        Heading(""),
        Heading("WHAT THE REFERENCE IS"),
    )
    lines = tuple(
        (
            figure.name,
            _quantity(figure.value, figure.unit),
            _quantity(figure.budget, figure.unit),
            _quantity(figure.reference, figure.unit),
            "" if figure.ratio is None else f"{figure.ratio:.2f}",
            "" if figure.least_ratio is None else f"≥ {figure.least_ratio:g}",
            figure.verdict,
            figure.reference_name,
        )
        for figure in figures
    )
    return render_table(Cells(headings=headings, lines=lines))


def _quantity(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:,.4g} {unit}"


class FigureObject(msgspec.Struct, frozen=True, kw_only=True):
    """A figure in JSON."""

    benchmark: str
    name: str
    value: float
    unit: str
    budget: float | None
    reference: float | None
    reference_name: str
    ratio: float | None
    least_ratio: float | None


def to_json(figures: dict[str, Sequence[Figure]]) -> bytes:
    """Return the figures of each benchmark as an indented JSON array."""
    objects = [
        FigureObject(benchmark=benchmark, ratio=figure.ratio, **msgspec.structs.asdict(figure))
        for benchmark, measured in figures.items()
        for figure in measured
    ]
    return msgspec.json.format(msgspec.json.encode(objects), indent=2) + b"\n"
