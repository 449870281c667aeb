# ruff: noqa: UP006, UP035 - the file must load in Python 3.6: no list[str], no str | None
"""Copies of RBD images inside the cluster, which carry whom they were made for."""

import contextlib
import hashlib
import time
from typing import Any, Callable, Dict, List

from .connection import Connection
from .data import READ_AHEAD, READ_BYTES, used_ranges
from .failures import Failure
from .opening import open_at, open_image
from .pace import Reporter, in_order
from .parameters import Parameters, Send, optional_number, text

OWNER_KEY = "dcn-console.owner"
LAYERING = 1
COPIED_FEATURES = LAYERING | 4 | 8 | 16 | 32
"""layering, exclusive-lock, object-map, fast-diff, deep-flatten: what a plain RBD image may have;
neither journaling nor the mark of a secondary one."""
RUN_BYTES = 64 << 10
"""Holes of this size and more inside an object stay holes."""
ZEROS = bytes(RUN_BYTES)
WATCH_SECONDS = 60
"""The watch of a killed writer lasts 30 s, and as long nothing can be removed."""
PAUSE_SECONDS = 0.5


def copy_within(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Copy an RBD image, or its snapshot, into a new one without its holes.

    The copy is made under a name of its own and renamed once it has its owner, so that no copy
    is ever seen without.
    """
    import rbd

    name, snapshot_id = text(parameters, "name"), optional_number(parameters, "snapshot_id")
    to_name, owner = text(parameters, "to_name"), text(parameters, "owner")
    draft = draft_name(to_name, owner)
    report = Reporter(send)
    pool, to_pool = connection.pool(parameters), connection.pool(parameters, "to_pool")
    with pool, to_pool, open_at(pool, name, snapshot_id) as source:
        size, facts = source.size(), source.stat()
        remove_if_owned(to_pool, to_name, owner, report)
        remove_if_owned(to_pool, draft, owner, report, is_draft=True)
        rbd.RBD().create(
            to_pool,
            draft,
            size,
            order=facts["order"],
            old_format=False,
            features=source.features() & COPIED_FEATURES | LAYERING,
        )
        with rbd.Image(to_pool, draft) as target:
            target.metadata_set(OWNER_KEY, owner)
        rbd.RBD().rename(to_pool, draft, to_name)
        with rbd.Image(to_pool, to_name) as target:
            copy_data(source, target, size, facts["obj_size"], report)
            target.flush()
    return {}


def remove_owned(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Remove a copy of an owner, and what an interrupted one left; answer whether there was one."""
    name, owner = text(parameters, "name"), text(parameters, "owner")
    report = Reporter(send)
    with connection.pool(parameters) as ioctx:
        removed = remove_if_owned(ioctx, name, owner, report)
        draft = draft_name(name, owner)
        removed = remove_if_owned(ioctx, draft, owner, report, is_draft=True) or removed
    return {"removed": removed}


def draft_name(name: str, owner: str) -> str:
    """Return the name under which a copy is made."""
    return f"dcn-console.{hashlib.sha256((owner + '/' + name).encode('utf-8')).hexdigest()[:24]}"


def copy_data(source: Any, target: Any, size: int, object_size: int, report: Reporter) -> None:
    """Copy every object that holds data; progress is in bytes of such objects."""
    found: List[int] = []
    for numbers, _ in used_ranges(source, size, object_size):
        found.extend(numbers)
        report(0, size)

    def copy(number: int) -> int:
        start, end = number * object_size, min((number + 1) * object_size, size)
        for offset in range(start, end, READ_BYTES):
            write_runs(target, offset, source.read(offset, min(READ_BYTES, end - offset)))
        return end - start

    total = sum(min(object_size, size - number * object_size) for number in found)
    done = 0
    for length in in_order(copy, found, READ_AHEAD):
        done += length
        report(done, total)


def write_runs(target: Any, offset: int, data: bytes) -> None:
    """Write the runs of data between holes."""
    begin = None
    for start in range(0, len(data), RUN_BYTES):
        piece = data[start : start + RUN_BYTES]
        empty = piece == ZEROS[: len(piece)]
        if empty and begin is not None:
            target.write(data[begin:start], offset + begin)
            begin = None
        elif not empty and begin is None:
            begin = start
    if begin is not None:
        target.write(data[begin:], offset + begin)


def remove_if_owned(
    ioctx: Any, name: str, owner: str, report: Reporter, *, is_draft: bool = False
) -> bool:
    """Remove an RBD image that carries ``owner``; return whether there was one.

    A draft without an owner has only just been made. Raises Failure for anything else.
    """
    import rbd

    try:
        with open_image(ioctx, name) as image:
            has_owner = owner_of(image) or (owner if is_draft else "")
            snapshots = [snapshot["name"] for snapshot in image.list_snaps()]
    except rbd.ImageNotFound:
        end_removal(ioctx, name, report)
        return False
    if has_owner != owner:
        raise Failure("exists", f"there is an RBD image {name} that was not made for this")
    if snapshots:
        raise Failure("invalid", f"{name} has the snapshot {snapshots[0]}")
    try:
        patiently(lambda: rbd.RBD().remove(ioctx, name, on_progress=report), report)
    except rbd.ImageNotFound:
        return False
    return True


def end_removal(ioctx: Any, name: str, report: Reporter) -> None:
    """Finish the removal of an RBD image that was killed in the middle, if there was one.

    librbd moves it to the trash first, marked as being removed, and goes on listing its name
    there (librbd/api/Image.cc: list_images); only another removal by that name ends it.
    """
    import rbd

    with contextlib.suppress(rbd.ImageNotFound):
        patiently(lambda: rbd.RBD().remove(ioctx, name, on_progress=report), report)


def owner_of(image: Any) -> str:
    """Return whom an RBD image was made for, "" when it does not say."""
    try:
        return str(image.metadata_get(OWNER_KEY))
    except KeyError:
        return ""


def patiently(work: Callable[[], Any], report: Reporter) -> Any:
    """Do ``work``, again while an RBD image is watched; signs of life go on meanwhile."""
    import rbd

    deadline = time.monotonic() + WATCH_SECONDS
    while True:
        try:
            return work()
        except rbd.ImageBusy:
            if time.monotonic() >= deadline:
                raise
        report(0, 1)
        time.sleep(PAUSE_SECONDS)
