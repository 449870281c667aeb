"""``tests/bench/run``: run benchmarks and print their figures."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence

from . import lab_listing
from .figures import Extent, Figure, to_json, to_table
from .idling import idle
from .keys import keys
from .listing import decoding, listing
from .starting import first_frame, leave
from .tables import tables

BENCHMARKS: dict[str, Callable[[Extent], Sequence[Figure]]] = {
    "first-frame": first_frame,
    "quit": leave,
    "idle": idle,
    "decoding": decoding,
    "listing": listing,
    "lab-listing": lab_listing.lab_listing,
    "tables": tables,
    "keys": keys,
}


def main() -> int:
    """Run the named benchmarks, or all, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="tests/bench/run",
        description="Measure dcn-console. Less is better; the ratio is reference to figure, both "
        "measured in the same run, and says more than the figure on a busy machine.",
        epilog="Benchmarks: " + "; ".join(f"{name}: {_words(name)}" for name in BENCHMARKS),
    )
    parser.add_argument("names", metavar="NAME", nargs="*", help="all when none is named")
    parser.add_argument("--quick", action="store_true", help="small and unsteady, in a minute")
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table")
    given = parser.parse_args()
    for name in given.names:
        if name not in BENCHMARKS:
            parser.error(f"there is no benchmark {name!r}; there are: {', '.join(BENCHMARKS)}")
    figures: dict[str, Sequence[Figure]] = {}
    for name in given.names or BENCHMARKS:
        if name == "lab-listing" and not lab_listing.available():
            print("lab-listing is left out: DCN_LAB_DIR names no lab", file=sys.stderr)
            continue
        began = time.monotonic()
        print(f"{name} …", file=sys.stderr)
        figures[name] = BENCHMARKS[name](Extent(quick=given.quick))
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    if given.output == "json":
        sys.stdout.buffer.write(to_json(figures))
    else:
        print(to_table([figure for measured in figures.values() for figure in measured]), end="")
    return 0


def _words(name: str) -> str:
    """Return what a benchmark measures: the first line of its docstring."""
    return (BENCHMARKS[name].__doc__ or "").partition("\n")[0].rstrip(".")
