"""A bounded pool of daemon threads for blocking calls.

The standard ThreadPoolExecutor joins its threads when the interpreter ends, so one hung
service would hold up quitting; the threads of this pool are daemons and hold up nothing.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


class PoolClosed(Exception):
    """Something was submitted to a pool that is closed."""


class DaemonPool:
    """At most ``size`` daemon threads that run what is submitted, in order.

    Threads start when work waits and none is idle. Usable from any thread and event loop.
    """

    def __init__(self, name: str, size: int) -> None:
        self._name = name
        self._size = size
        self._lock = threading.Lock()
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads = 0
        self._idle = 0
        self._closed = False

    def submit(self, function: Callable[[], T]) -> "Future[T]":
        """Run ``function`` on a thread of the pool; raises PoolClosed once closed."""
        future: Future[T] = Future()

        def job() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = function()
            except BaseException as error:  # noqa: BLE001 - handed to whoever waits
                future.set_exception(error)
            else:
                future.set_result(result)

        with self._lock:
            if self._closed:
                raise PoolClosed(self._name)
            self._jobs.put(job)
            if self._idle > 0:
                self._idle -= 1
            elif self._threads < self._size:
                self._threads += 1
                threading.Thread(
                    target=self._work, name=f"{self._name}-{self._threads}", daemon=True
                ).start()
        return future

    async def run(
        self,
        function: Callable[[], T],
        timeout: float,  # noqa: ASYNC109
    ) -> T:
        """Await ``function``; raises TimeoutError after ``timeout`` seconds, queueing included.

        A call that had begun goes on in its thread; its result is dropped.
        """
        async with asyncio.timeout(timeout):
            return await asyncio.wrap_future(self.submit(function))

    def close(self) -> None:
        """Let the threads end when they are done; returns at once."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            threads = self._threads
        for _ in range(threads):
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            with self._lock:
                self._idle += 1
