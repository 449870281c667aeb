"""The newest rows and tasks, kept up to date in background threads, and who wants to know.

The threads are daemons and only read: quitting never waits for them.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from dcn_console.inventory.join import Joiner
from dcn_console.model.backup_plans import BackupPlan
from dcn_console.model.errors import TaskStoreError
from dcn_console.model.inventory import Inventory
from dcn_console.model.rows import Rows
from dcn_console.model.tasks import Task
from dcn_console.tasks.store import TaskStore
from dcn_console.workspace.interface import Change

_LOG = logging.getLogger(__name__)

WATCH_SECONDS = 0.4
TEND_SECONDS = 2.0
"""Between two looks whether open tasks have a runner."""
JOIN_SECONDS = 0.25
"""At most so often are rows joined anew."""


class Subscribers:
    """Callbacks to tell of changes, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._callbacks: dict[object, Callable[[Change], None]] = {}

    def add(self, callback: Callable[[Change], None]) -> Callable[[], None]:
        """Add a callback; returns what removes it."""
        token = object()
        with self._lock:
            self._callbacks[token] = callback

        def remove() -> None:
            with self._lock:
                self._callbacks.pop(token, None)

        return remove

    def tell(self, change: Change) -> None:
        """Call every callback."""
        with self._lock:
            callbacks = tuple(self._callbacks.values())
        for callback in callbacks:
            callback(change)


class Feed:
    """Watches the task store and the inventory; holds the rows joined of both."""

    def __init__(
        self,
        store: TaskStore,
        inventory: Callable[[], Inventory],
        subscribers: Subscribers,
        on_joined: Callable[[], None],
        on_open_tasks: Callable[[], None],
        plans: Sequence[BackupPlan] = (),
    ) -> None:
        """Watch ``store`` and ``inventory`` once started; ``plans`` are those of backups.

        ``on_joined`` is called after each join, ``on_open_tasks`` now and then while tasks
        are open, each from a thread of the feed.
        """
        self._store = store
        self._inventory = inventory
        self._subscribers = subscribers
        self._on_joined = on_joined
        self._on_open_tasks = on_open_tasks
        self._joiner = Joiner(plans=plans)
        self._stop = threading.Event()
        self._join_wanted = threading.Event()
        self._tasks_lock = threading.Lock()
        self.tasks: tuple[Task, ...] = store.tasks()
        self.rows = Rows()

    def start(self) -> None:
        """Start watching; the first rows are there a moment later."""
        self._join_wanted.set()
        for target, name in ((self._watch_tasks, "task-watch"), (self._keep_joined, "joiner")):
            threading.Thread(target=target, name=name, daemon=True).start()

    def stop(self) -> None:
        """Stop watching; returns at once."""
        self._stop.set()
        self._join_wanted.set()

    def inventory_changed(self) -> None:
        """Join anew soon; call it from any thread."""
        self._join_wanted.set()

    def reload_tasks(self) -> None:
        """Read the tasks now: this process has just written some."""
        with self._tasks_lock:
            tasks = self._store.tasks()
            changed = tasks != self.tasks
            self.tasks = tasks
        if changed:
            self._join_wanted.set()
            self._subscribers.tell(Change.TASKS)

    def _watch_tasks(self) -> None:
        version = -1
        tended_at = 0.0
        while not self._stop.wait(WATCH_SECONDS):
            try:
                if time.monotonic() - tended_at > TEND_SECONDS:
                    tended_at = time.monotonic()
                    if any(not task.state.is_over for task in self.tasks):
                        self._on_open_tasks()
                newest = self._store.version()
                if newest != version:
                    self.reload_tasks()
                    version = newest
            except TaskStoreError:
                _LOG.exception("the task store cannot be watched just now")

    def _keep_joined(self) -> None:
        while not self._stop.is_set():
            self._join_wanted.wait()
            self._join_wanted.clear()
            if self._stop.is_set():
                return
            self._join()
            self._subscribers.tell(Change.ROWS)
            self._on_joined()
            self._stop.wait(JOIN_SECONDS)

    def _join(self) -> None:
        self.rows = self._joiner.rows(self._inventory(), self.tasks, datetime.now(UTC))
