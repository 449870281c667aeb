"""One runner a task store: a lock on a file, held for as long as the runner lives.

The kernel drops the lock with its holder, however that ended, so no stale lock can remain.
"""

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType

from dcn_console.config.files import FILE_MODE, ensure_folder
from dcn_console.model.errors import RunnerBusy, TaskStoreError

PATIENCE_SECONDS = 1.0
LOOK_SECONDS = 0.02


class RunnerLock:
    """The lock of one task store. Use it as a context manager, or ``acquire`` and ``release``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock; raises RunnerBusy naming the holder when another runner has it.

        Whoever looks at the lock (``is_held``) holds it for a moment, so a taken lock is
        tried again for a second.
        """
        try:
            ensure_folder(self._path.parent)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        except OSError as error:
            raise TaskStoreError(f"The lock {self._path} cannot be opened: {error}.") from error
        try:
            self._lock(descriptor)
        except BlockingIOError as error:
            found = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
            os.close(descriptor)
            who = f"Process {found}" if found else "Another process"
            raise RunnerBusy(
                f"{who} already runs the tasks of {self._path.parent}.",
                way_out="One runner a task store is enough; stop that one to start another.",
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def _lock(self, descriptor: int) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise
            else:
                return
            time.sleep(LOOK_SECONDS)

    def release(self) -> None:
        """Let go of the lock."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> "RunnerLock":
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


def is_held(path: Path) -> bool:
    """Return whether a runner holds the lock at ``path``."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def holder(path: Path) -> int | None:
    """Return the process id of the runner that holds the lock at ``path``, or None."""
    if not is_held(path):
        return None
    text = path.read_text(errors="replace").strip()
    return int(text) if text.isdecimal() else None
