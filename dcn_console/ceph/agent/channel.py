# ruff: noqa: UP006, UP035 - the file must load in Python 3.6: no list[str], no str | None
"""Stdin and stdout as lines of JSON."""

import json
import os
import sys
import threading
from typing import Any, Dict, Iterator

LINE_BYTES = 1 << 20


class Channel:
    """Stdin and stdout as lines of JSON. Only this writes to the real stdout."""

    def __init__(self) -> None:
        self._input = sys.stdin.buffer
        self._output = os.dup(1)
        os.dup2(2, 1)
        self._lock = threading.Lock()

    def send(self, message: Dict[str, Any]) -> None:
        """Write one line; end the process when nobody reads."""
        line = memoryview(json.dumps(message).encode("utf-8") + b"\n")
        with self._lock:
            try:
                while line:
                    line = line[os.write(self._output, line) :]
            except OSError:
                os._exit(1)

    def requests(self) -> Iterator[Dict[str, Any]]:
        """Yield the requests until stdin ends; answer a line that is none with an error."""
        while True:
            line = self._input.readline(LINE_BYTES)
            if not line.endswith(b"\n"):
                while line and not line.endswith(b"\n"):
                    line = self._input.readline(LINE_BYTES)
                if not line:
                    return
                self.refuse("the line is too long")
                continue
            try:
                request = json.loads(line.decode("utf-8"))
            except ValueError as error:
                self.refuse(f"the line is not JSON: {error}")
                continue
            if is_request(request):
                yield request
            else:
                self.refuse("the line is not a request")

    def refuse(self, message: str) -> None:
        """Answer a line that belongs to no request."""
        self.send({"id": None, "error": {"kind": "invalid", "message": message}})


def is_request(request: Any) -> bool:
    """Whether a decoded line has the shape of a request."""
    return (
        isinstance(request, dict)
        and isinstance(request.get("id"), int)
        and isinstance(request.get("operation"), str)
        and isinstance(request.get("parameters", {}), dict)
    )
