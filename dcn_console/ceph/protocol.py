"""The agent's protocol: JSON lines in UTF-8, requests on its stdin, answers on its stdout.

The agent speaks first:
``{"hello": {"protocol": 1, "agent": NAME, "ceph_version": TEXT, "pid": N}}``.
A request is ``{"id": N, "operation": NAME, "parameters": {...}}``. Its answers are any number of
``{"id": N, "progress": {"done": AMOUNT, "total": AMOUNT}}`` and ``{"id": N, "part": [...]}``, then
exactly one ``{"id": N, "result": ...}`` or ``{"id": N, "error": {"kind": KIND, "message": TEXT}}``.
Requests are served concurrently, so answers interleave. A line that is no request is answered with
the id null and the kind "invalid".

Operations, with their parameters and results; sizes are bytes:
``connect`` conf, user, keyring, fsid, timeout_seconds → fsid (asked first; a wrong fsid is invalid)
``status`` → fsid, health, warnings, total, used, available, pools: NAME → used, available
``pools`` → names
``probe`` pool → {} after the OSDs answered a small read
``rbd_image`` pool, name → name, size, snap, snap_protected
``used_bytes`` pool, name → used
``rbd_images`` pool → parts of at most 50 of what ``rbd_image`` answers; count
``digest`` pool, name, snap, algorithm → progress; digest in hexadecimal, bytes
``remove_unfinished`` pool, name → progress in objects; removed, false when there was none. Invalid
for an RBD image with a snapshot, a watcher, a parent or mirroring. The only operation that writes.
"""

from enum import StrEnum
from typing import Any

import msgspec

PROTOCOL = 1
"""The version that both sides must speak."""
MAXIMUM_LINE_BYTES = 4 << 20
"""No honest line comes near it: a list is sent in parts of 50."""


class Kind(StrEnum):
    """Why a request failed, in the protocol's words."""

    UNREACHABLE = "unreachable"
    NOT_FOUND = "not-found"
    PERMISSION = "permission"
    KEYRING = "keyring"
    INVALID = "invalid"
    UNKNOWN_OPERATION = "unknown-operation"
    INTERNAL = "internal"


class Hello(msgspec.Struct, frozen=True):
    """The agent's first line."""

    protocol: int
    agent: str = ""
    ceph_version: str = ""
    pid: int = 0


class Steps(msgspec.Struct, frozen=True):
    """Bytes done of a total."""

    done: int
    total: int


class ErrorAnswer(msgspec.Struct, frozen=True):
    """The end of a request that failed; an unknown kind counts as "internal"."""

    kind: str
    message: str = ""


class Line(msgspec.Struct, frozen=True):
    """One line from the agent; exactly one of the fields but ``id`` is set.

    ``part`` and ``result`` stay undecoded until the type they must have is known.
    """

    id: int | None = None
    hello: Hello | None = None
    progress: Steps | None = None
    part: msgspec.Raw = msgspec.Raw()
    result: msgspec.Raw = msgspec.Raw()
    error: ErrorAnswer | None = None


class Refusal(Exception):
    """An error that the agent answered; ``cluster.py`` turns it into one for people."""

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class LineTooLong(Exception):
    """More bytes without a line end than any line of the protocol has."""


class LineBuffer:
    """Cuts a stream of bytes into lines, in bounded memory."""

    def __init__(self) -> None:
        self._half = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Add ``data``; return the lines it completes, without their ends. Raises LineTooLong."""
        self._half += data
        if b"\n" not in data:
            lines: list[bytes] = []
        else:
            *lines, half = bytes(self._half).split(b"\n")
            self._half = bytearray(half)
        if len(self._half) > MAXIMUM_LINE_BYTES or any(
            len(line) > MAXIMUM_LINE_BYTES for line in lines
        ):
            raise LineTooLong
        return lines


_decoder = msgspec.json.Decoder(Line)


def decode(line: bytes) -> Line | None:
    """Decode a line from the agent; None for one that is not of the protocol."""
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
        return None


def encode(number: int, operation: str, parameters: dict[str, Any]) -> bytes:
    """Return the line that asks for ``operation``."""
    request = {"id": number, "operation": operation, "parameters": parameters}
    return msgspec.json.encode(request) + b"\n"


def refusal(error: ErrorAnswer) -> Refusal:
    """Return the exception of an error answer."""
    try:
        kind = Kind(error.kind)
    except ValueError:
        kind = Kind.INTERNAL
    return Refusal(kind, error.message)
