# ruff: noqa: UP035 - the file must load in Python 3.6: no list[str], no str | None
"""Work in parallel, and reports that come neither too often nor too seldom."""

import collections
import concurrent.futures
import contextlib
import threading
import time
from typing import Any, Callable, Iterator

from .parameters import Send

PART_ITEMS = 50
PART_SECONDS = 0.5
"""A part of a list is sent when it has so many items, or is so old."""
REPORT_SECONDS = 0.25
SIGN_SECONDS = 5.0


class Reporter:
    """Sends progress, at most one line in REPORT_SECONDS."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._sent = 0.0

    def __call__(self, done: int, total: int) -> int:
        """Report ``done`` of ``total``; return the 0 that librbd's callbacks must return."""
        if time.monotonic() - self._sent >= REPORT_SECONDS:
            self._sent = time.monotonic()
            self._send({"progress": {"done": done, "total": total}})
        return 0


@contextlib.contextmanager
def signs_of_life(send: Send, total: int) -> Iterator[None]:
    """Report 0 of ``total`` now and then, while librbd works without telling progress.

    That it does not hang is left to ``rados_osd_op_timeout``, which bounds each of its steps.
    """
    over = threading.Event()

    def work() -> None:
        while not over.wait(SIGN_SECONDS):
            send({"progress": {"done": 0, "total": total}})

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class Parts:
    """Sends a list in parts; ``count`` is how many items it has so far."""

    def __init__(self, send: Send, items: int = PART_ITEMS) -> None:
        self._send = send
        self._items = items
        self._part: list[Any] = []
        self._sent = time.monotonic()
        self.count = 0

    def add(self, item: Any) -> None:
        """Take an item, and send the part that is full or old."""
        self._part.append(item)
        self.count += 1
        self.look()

    def look(self) -> None:
        """Send the part if it is full or old."""
        if len(self._part) >= self._items or time.monotonic() - self._sent >= PART_SECONDS:
            self.end()

    def end(self) -> None:
        """Send what is left."""
        if self._part:
            self._send({"part": self._part})
        self._part = []
        self._sent = time.monotonic()


def in_order(work: Callable[[Any], Any], items: Any, at_once: int) -> Iterator[Any]:
    """Yield ``work(item)`` of each item in order, with at most ``at_once`` under way."""
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        window: Any = collections.deque()
        for item in items:
            window.append(pool.submit(work, item))
            if len(window) >= at_once:
                yield window.popleft().result()
        while window:
            yield window.popleft().result()
