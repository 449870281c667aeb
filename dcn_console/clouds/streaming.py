"""A file as the body of a request, sent piece by piece, with a count, and to be stopped."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from dcn_console.model.errors import ServiceError
from dcn_console.model.text import printable

PIECE_BYTES = 256 * 1024
"""Sent at once. With the length known beforehand the body is not chunked, which a default uwsgi
before Glance refuses for large chunks."""


class FileBody:
    """The bytes of a file; iterated anew when a request is sent again with a fresh token.

    ``on_sent`` is called with the bytes handed over so far, in the thread that sends.
    """

    def __init__(self, path: Path, on_sent: Callable[[int], None]) -> None:
        self._path = path
        self._on_sent = on_sent
        self._stopped = threading.Event()
        try:
            path.open("rb").close()
            self.size = path.stat().st_size
        except OSError as error:
            raise _unreadable(path, error) from error

    def stop(self) -> None:
        """Send no more: the request fails in the middle."""
        self._stopped.set()

    def __len__(self) -> int:
        """The Content-Length."""
        return self.size

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces; raises ServiceError for a file that changed meanwhile."""
        sent = 0
        try:
            with self._path.open("rb") as file:
                while sent < self.size:
                    piece = file.read(min(PIECE_BYTES, self.size - sent))
                    if not piece or self._stopped.is_set():
                        break
                    yield piece
                    sent += len(piece)
                    self._on_sent(sent)
        except OSError as error:
            raise _unreadable(self._path, error) from error
        if self._stopped.is_set():
            raise ServiceError(f"Sending “{printable(str(self._path))}” was stopped.")
        if sent != self.size:
            raise ServiceError(
                f"“{printable(str(self._path))}” became shorter while it was sent.",
                way_out="Start again when nothing changes the file any more.",
            )


def tell(
    loop: asyncio.AbstractEventLoop, said: Callable[[int, int], None], sent: int, total: int
) -> None:
    """Call ``said`` on the loop with what was sent, unless the loop has ended."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(said, sent, total)


def _unreadable(path: Path, error: OSError) -> ServiceError:
    reason = error.strerror or type(error).__name__
    return ServiceError(f"“{printable(str(path))}” cannot be read: {reason}.")
