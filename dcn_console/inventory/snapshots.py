"""Pure changes to snapshots: new rows, pages that arrive, changed rows, failures.

A row that did not change stays the same object, so that what follows can compare by identity.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import is_
from typing import TypeVar

import msgspec

from dcn_console.inventory.keeping import Identified, same_tuple
from dcn_console.model.inventory import Snapshot, Source

R = TypeVar("R", bound=Identified)
T = TypeVar("T")


def swept(snapshot: Snapshot[R], rows: Sequence[R], now: datetime) -> Snapshot[R]:
    """Return the snapshot after a complete sweep: exactly ``rows``, in their order."""
    if len(rows) == len(snapshot.rows) and _begins(snapshot.rows, rows):
        return _good(snapshot, snapshot.rows, now, complete=True)
    known = {row.id: row for row in snapshot.rows}
    merged = tuple(same(known, row) for row in _unique(rows))
    return _good(snapshot, same_tuple(snapshot.rows, merged), now, complete=True)


def grown(snapshot: Snapshot[R], rows: Sequence[R], now: datetime) -> Snapshot[R]:
    """Return the snapshot while pages still arrive: ``rows`` so far, then the older ones.

    Rows of the last run stay visible until the sweep is complete.
    """
    if _begins(snapshot.rows, rows):
        return _good(snapshot, snapshot.rows, now, complete=False)
    arrived = {row.id for row in rows}
    known = {row.id: row for row in snapshot.rows}
    older = (row for row in snapshot.rows if row.id not in arrived)
    merged = (*(same(known, row) for row in _unique(rows)), *older)
    return _good(snapshot, same_tuple(snapshot.rows, merged), now, complete=False)


def changed(snapshot: Snapshot[R], rows: Sequence[R], now: datetime) -> Snapshot[R]:
    """Return the snapshot with ``rows`` put in the place of older ones, new ones first."""
    news = {row.id: row for row in rows}
    merged = []
    for row in snapshot.rows:
        new = news.pop(row.id, None)
        merged.append(_newer(row, new))
    return _good(
        snapshot,
        same_tuple(snapshot.rows, (*news.values(), *merged)),
        now,
        complete=snapshot.complete,
    )


def patched(
    snapshot: Snapshot[R], rows: Sequence[R], gone: frozenset[str] = frozenset()
) -> Snapshot[R]:
    """Return the snapshot with single rows read again, and those with ids in ``gone`` left out.

    Age and error stay those of the whole list. A row that the list lacks is not added.
    """
    news = {row.id: row for row in rows}
    wanted = news.keys() | gone
    places = [place for place, row in enumerate(snapshot.rows) if row.id in wanted]
    merged = list(snapshot.rows)
    for place in reversed(places):
        row = merged[place]
        if row.id in gone:
            del merged[place]
        else:
            merged[place] = _newer(row, news[row.id])
    kept = same_tuple(snapshot.rows, tuple(merged)) if places else snapshot.rows
    if kept is snapshot.rows:
        return snapshot
    return msgspec.structs.replace(snapshot, rows=kept, generation=snapshot.generation + 1)


def replaced(snapshot: Snapshot[T], rows: tuple[T, ...], now: datetime) -> Snapshot[T]:
    """Return the snapshot of a list that is always read whole."""
    return _good(snapshot, snapshot.rows if rows == snapshot.rows else rows, now, complete=True)


def failed(snapshot: Snapshot[T], error: str, now: datetime) -> Snapshot[T]:
    """Return the snapshot after a failed refresh: the last good rows, and why."""
    if snapshot.error == error and snapshot.failing_since is not None:
        return snapshot
    return msgspec.structs.replace(
        snapshot,
        error=error,
        failing_since=snapshot.failing_since or now,
        generation=snapshot.generation + 1,
    )


def _good(
    snapshot: Snapshot[T], rows: tuple[T, ...], now: datetime, *, complete: bool
) -> Snapshot[T]:
    same = (
        rows is snapshot.rows
        and complete == snapshot.complete
        and snapshot.source is Source.LIVE
        and snapshot.error is None
    )
    return msgspec.structs.replace(
        snapshot,
        rows=rows,
        generation=snapshot.generation + (0 if same else 1),
        taken_at=now,
        complete=complete,
        source=Source.LIVE,
        error=None,
        failing_since=None,
    )


def _newer(row: R, new: R | None) -> R:
    return row if new is None or new == row else new


def same(known: dict[str, R], row: R) -> R:
    """Return the known row where ``row`` equals it: what did not change stays one object."""
    old = known.get(row.id)
    return old if old is not None and old == row else row


def _begins(old: Sequence[R], rows: Sequence[R]) -> bool:
    """Whether the first of the old rows are just these objects."""
    return len(rows) <= len(old) and all(map(is_, rows, old))


def _unique(rows: Iterable[R]) -> Iterable[R]:
    """Return each id once: a list that changes while it is paged may repeat a row."""
    return {row.id: row for row in rows}.values()
