"""The agent's protocol: JSON lines in UTF-8, requests on its stdin, answers on its stdout.

The agent speaks first:
``{"hello": {"protocol": 1, "agent": NAME, "ceph_version": TEXT, "pid": N}}``.
A request is ``{"id": N, "operation": NAME, "parameters": {...}}``. Its answers are any number of
``{"id": N, "progress": {"done": AMOUNT, "total": AMOUNT}}`` and ``{"id": N, "part": [...]}``, then
exactly one ``{"id": N, "result": ...}`` or ``{"id": N, "error": {"kind": KIND, "message": TEXT}}``.
Requests are served concurrently, so answers interleave. A line that is no request is answered with
the id null and the kind "invalid".

Operations, with their parameters and results; sizes are bytes, times ISO 8601 in UTC with a Z
or null, features and flags librbd's bit masks:
``connect`` conf, user, keyring, fsid, timeout_seconds → fsid (asked first; a wrong fsid is invalid)
``status`` → fsid, health, warnings, total, used, available, pools: NAME → used, available
``pools`` → names
``probe`` pool → {} after the OSDs answered a small read
``rbd_image`` pool, name → name, size, snap, snap_protected
``used_bytes`` pool, name, since: a snapshot's name or "" → used, since then
``rbd_images`` pool → parts of at most 50 of what ``rbd_image`` answers; count
``names`` pool, prefix → parts of at most 1000 names of RBD images; count
``trash`` pool → parts of names that RBD images in the trash had; count
``children`` pool, name → parts of the clones of all its snapshots: pool, image, snapshot, trashed
(whether the clone itself is in the trash); count
``digest`` pool, name, snap, algorithm → progress; digest in hexadecimal, bytes
``remove_unfinished`` pool, name → progress in objects; removed, false when there was none. Invalid
for an RBD image with a snapshot, a watcher, a parent or mirroring.

Reading mirroring. IMAGE is name, id, global_id, mode ("journal", "snapshot", null), primary,
enabled, status, remote: [mirror_uuid, status]; a status is null, or state ("unknown", "error",
"syncing", "starting_replay", "replaying", "stopping_replay", "stopped"), up, reported_at and the
daemon's own text, which ``replay_text`` parses:
``mirror_pool`` pool → name, mode ("disabled", "image", "pool"), site_name, mirror_uuid, peers:
[uuid, site_name, direction ("rx-only", "tx-only", "rx-tx"), mirror_uuid, client_name]; the
pool's site_name is the cluster's fsid where none is set, or the user may not read it
``mirror_daemons`` pool → [name, hostname, version, leader, problems]; needs an active mgr, and
where the user may not ask it, tells all daemons, without leader and problems
``mirror_images`` pool → parts of at most 50 IMAGE; count
``mirror_schedules`` pool → [image or null, interval, start_time]; needs an active mgr
``sync_progress`` pool, name → done or null, total

Steering mirroring; each answers {} unless said, and the mgr answers the schedules:
``mirror_enable`` pool, name, mode · ``mirror_disable`` pool, name, force
``mirror_promote`` pool, name, force · ``mirror_demote`` pool, name
``mirror_resync`` pool, name, id: of the RBD image that is given up, never of one made anew
``mirror_snapshot`` pool, name → id
``mirror_schedule_add``, ``mirror_schedule_remove`` pool, name or null, interval
``mirror_pool_mode`` pool, mode · ``mirror_site_name`` name
``mirror_peer_permission`` → {} to a user who may make tokens
``mirror_peer_token`` pool → token, a secret
``mirror_peer_import`` pool, token, direction: has this pool receive from the cluster of the token,
and changes this cluster only; one that does so already gets the token's addresses and key
``mirror_peer_rename`` pool, uuid, name · ``mirror_peer_remove`` pool, uuid

Content of an RBD image; snapshot_id null is the head:
``rbd_detail`` pool, name → the fields of ``model.mirroring.RbdDetail``, its mirroring an IMAGE
``used_objects`` pool, name, snapshot_id → progress in bytes, parts of the numbers of objects that
hold data; count, object_size, size
``hash_objects`` pool, name, snapshot_id, objects: at most 256 numbers → [number, SHA-256 in
hexadecimal]; a hole reads as zeros, the last object is cut to the size
``read`` pool, name, snapshot_id, offset, length of at most 4 MiB → data in base64
``set_features`` pool, name, enable, disable → {}; touches only bits that differ
``flatten``, ``rebuild_object_map`` pool, name → progress in objects, the second 0 all along; {}
``metadata_get`` pool, name, key → value or null
``metadata_set`` pool, name, key, value; ``metadata_remove`` pool, name, key → {}; invalid unless
the key starts with "dcn-console."
``create_snapshot`` pool, name, snapshot → {}
``remove_snapshot`` pool, name, snapshot → {}; invalid unless its name starts with "dcn-console."
``copy_within`` pool, name, snapshot_id, to_pool, to_name, owner → progress in bytes; {}. The new
RBD image carries the metadata "dcn-console.owner"; one of the same owner is started again, any
other exists
``remove_owned`` pool, name, owner → progress in objects; removed, false when there was none
"""

from enum import StrEnum
from typing import Any

import msgspec

PROTOCOL = 1
"""The version that both sides must speak."""
MAXIMUM_LINE_BYTES = 8 << 20
"""No honest line comes near it: 4 MiB of data in base64 are the longest."""


class Kind(StrEnum):
    """Why a request failed, in the protocol's words."""

    UNREACHABLE = "unreachable"
    NOT_FOUND = "not-found"
    PERMISSION = "permission"
    KEYRING = "keyring"
    INVALID = "invalid"
    BUSY = "busy"
    """EBUSY or EROFS: in use, primary elsewhere, or written to where it is not primary."""
    EXISTS = "exists"
    NO_SPACE = "no-space"
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
