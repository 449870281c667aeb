"""The columns of the lists of mirroring."""

from collections.abc import Callable
from datetime import datetime

from dcn_console.cli.columns import findings_column
from dcn_console.cli.convert_mirror import PeerRow, ScheduleRow
from dcn_console.cli.listing import Column
from dcn_console.model.mirror_rows import Judgement, MirrorRow, MirrorSide
from dcn_console.model.text import count, format_age, format_bytes, format_duration, format_rate

_ANSWERS = {True: "● yes", False: "✗ no", None: "– unknown"}


def mirror_columns(now: datetime) -> tuple[Column[MirrorRow], ...]:
    """Columns of ``mirror status``."""
    return (
        Column("volume_id", lambda row: row.volume_id, in_table=False),
        Column("name", lambda row: row.label, heading="VOLUME", priority=0, shrinks=True),
        Column("pool", lambda row: row.pool, priority=6),
        Column("image", lambda row: row.image, in_table=False),
        Column("mode", lambda row: row.mode.value if row.mode else None, priority=4),
        Column("direction", _direction, heading="PRIMARY → SECONDARY", priority=0),
        Column("source", lambda row: row.source.site, in_table=False),
        Column("destination", lambda row: row.destination.site, in_table=False),
        Column(
            "condition",
            lambda row: row.condition.value,
            show=lambda row: f"{row.condition.value}, {row.text}" if row.text else row.condition,
            priority=0,
            shrinks=True,
        ),
        Column("percent", _percent, show=_progress, heading="ARRIVED", priority=1),
        Column("bytes_per_second", _rate, in_table=False),
        Column("behind", lambda row: row.behind or None, priority=2, shrinks=True),
        Column(
            "lag_seconds",
            lambda row: row.lag_seconds(now),
            show=lambda row: format_duration(row.lag_seconds(now)),
            heading="LAG",
            align_right=True,
            priority=1,
        ),
        Column(
            "reported_at",
            lambda row: row.reported_at,
            show=lambda row: format_age(row.reported_at, now),
            heading="REPORT",
            align_right=True,
            priority=3,
        ),
        _judged("protected", lambda row: row.protected, 1),
        _judged("peer_ready", lambda row: row.peer_ready, 2),
        Column("task", lambda row: row.task, align_right=True, priority=5),
        Column("protected_why", lambda row: row.protected.why, in_table=False),
        Column("peer_ready_why", lambda row: row.peer_ready.why, in_table=False),
        findings_column(5),
    )


def schedule_columns() -> tuple[Column[ScheduleRow], ...]:
    """Columns of ``mirror schedule list``."""
    return (
        Column("site", lambda row: row.site, priority=0),
        Column("pool", lambda row: row.pool, priority=0),
        Column(
            "image",
            lambda row: row.schedule.image,
            show=lambda row: row.schedule.image or "the whole pool",
            priority=0,
        ),
        Column("interval", lambda row: row.schedule.interval, heading="EVERY", priority=0),
        Column("start_time", lambda row: row.schedule.start_time or None, heading="FROM"),
    )


def peer_columns() -> tuple[Column[PeerRow], ...]:
    """Columns of ``mirror peer list``."""
    return (
        Column("pool", lambda row: row.pool.pool.name, priority=0),
        Column("site", lambda row: row.site, priority=0),
        Column("mode", lambda row: row.pool.pool.mode.value, priority=1),
        Column("site_name", lambda row: row.pool.pool.site_name or None, priority=4),
        Column("direction", lambda row: row.peer.direction.value if row.peer else None, priority=0),
        Column("peer_site", lambda row: row.peer_site, show=_peer, heading="PEER", priority=0),
        Column("peer", lambda row: row.peer.site_name if row.peer else None, in_table=False),
        Column("uuid", lambda row: row.peer.uuid if row.peer else None, priority=2),
        Column("images", lambda row: len(row.pool.images), align_right=True, priority=3),
        Column("daemons", _daemon_count, show=_daemons, priority=2, shrinks=True),
    )


def _judged(
    name: str, judged: Callable[[MirrorRow], Judgement], priority: int
) -> Column[MirrorRow]:
    def answer(row: MirrorRow) -> str:
        return _ANSWERS[judged(row).holds]

    return Column(name, lambda row: judged(row).holds, show=answer, priority=priority)


def _site(side: MirrorSide) -> str:
    return side.site or "elsewhere"


def _direction(row: MirrorRow) -> str:
    arrow = "→" if row.source.primary and not row.destination.primary else "|"
    return f"{_site(row.source)} {arrow} {_site(row.destination)}"


def _percent(row: MirrorRow) -> float | None:
    percent = row.progress.percent if row.progress else None
    return None if percent is None else round(percent, 2)


def _rate(row: MirrorRow) -> float | None:
    return row.progress.rate if row.progress else None


def _progress(row: MirrorRow) -> str:
    progress = row.progress
    if progress is None or progress.done is None:
        return "–"
    parts = [] if progress.percent is None else [f"{progress.percent:.0f}%"]
    total = f"/{format_bytes(progress.total)}" if progress.total else ""
    parts.append(f"{format_bytes(progress.done)}{total}")
    if progress.rate is not None:
        parts.append(format_rate(progress.rate))
    if progress.seconds_left is not None:
        parts.append(f"{format_duration(progress.seconds_left)} left")
    return " ".join(parts)


def _peer(row: PeerRow) -> str:
    if row.peer is None:
        return "– none"
    return row.peer_site or f"{row.peer.site_name or row.peer.uuid} (none of our sites)"


def _daemon_count(row: PeerRow) -> int | None:
    return None if row.pool.daemons is None else len(row.pool.daemons)


def _daemons(row: PeerRow) -> str:
    if row.pool.daemons is None:
        return f"– unknown: {row.pool.daemons_error}" if row.pool.daemons_error else "– unknown"
    problems = [problem for daemon in row.pool.daemons for problem in daemon.problems]
    words = count(len(row.pool.daemons), "daemon")
    return f"{words}, {'; '.join(problems)}" if problems else words
