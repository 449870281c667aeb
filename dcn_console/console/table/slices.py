"""Long work in slices: generators that yield every few milliseconds, so that keys get through."""

import time
from collections.abc import Generator, Iterable, Iterator
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")
Answer = TypeVar("Answer")

SLICE_ROWS = 2048
"""Rows handled between two yields: a millisecond or two."""
SLICE_SECONDS = 0.004
"""How long slices are run in one go before events have their turn."""

Slices = Generator[None, None, Answer]


def parts(items: Iterable[T], size: int = SLICE_ROWS) -> Iterator[list[T]]:
    """Return the items in lists of at most ``size``."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def finish(work: Slices[Answer]) -> Answer:
    """Run what is left of the work at once and return its answer."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            answer: Answer = end.value
            return answer


class Turn(Generic[Answer]):
    """One turn of some work; ``done`` and ``answer`` tell how it ended."""

    def __init__(self, work: Slices[Answer], seconds: float = SLICE_SECONDS) -> None:
        """Run the work for so many seconds, or to its end."""
        self.done = False
        self.answer: Answer | None = None
        until = time.perf_counter() + seconds
        while not self.done and time.perf_counter() < until:
            try:
                next(work)
            except StopIteration as end:
                self.done = True
                self.answer = end.value
