"""Measuring at the receiving side what arrives there: daemons report only every 10 to 30 s."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from dcn_console.inventory.mirror_evidence import is_behind, mode_of
from dcn_console.model.inventory import MirroredPool, MirrorState, Noticed, Snapshot
from dcn_console.model.mirroring import MirrorImage, MirrorMode, ReplayState, SyncProgress
from dcn_console.model.rate import RateMeter
from dcn_console.model.tasks import Progress, ProgressSource

UNREPORTED = timedelta(minutes=5)
"""How long a new RBD image that no daemon reports is looked at: a short first copy in journal mode
is over before the first report."""


def is_arriving(image: MirrorImage, noticed: Noticed | None, now: datetime) -> bool:
    """Whether data may be arriving in an RBD image, worth measuring."""
    if image.primary:
        return False
    status = image.status
    if status is None or status.reported_at is None or status.state is ReplayState.UNKNOWN:
        since = noticed.since if noticed is not None else None
        return since is not None and now - since < UNREPORTED
    if not status.up:
        return False
    if status.state is ReplayState.REPLAYING:
        unsynced = status.local_snapshot_at is None or status.replay == "syncing"
        return unsynced and mode_of(image.mode, status) is MirrorMode.SNAPSHOT
    return status.state in (ReplayState.SYNCING, ReplayState.STARTING_REPLAY)


def is_moving(pool: MirroredPool, now: datetime) -> bool:
    """Whether some RBD image of the pool arrives, is behind, or changed a short while ago."""
    for image in pool.images:
        noticed = pool.noticed.get(image.global_id)
        since = noticed.since if noticed is not None else None
        if since is not None and now - since < UNREPORTED:
            return True
        if is_arriving(image, noticed, now) or (
            not image.primary and is_behind(image.status, image.mode)
        ):
            return True
    return any(
        one.gone_since and now - one.gone_since < UNREPORTED for one in pool.noticed.values()
    )


def measured(
    image: MirrorImage, seen: SyncProgress, source_bytes: int | None, meter: RateMeter, at: float
) -> Progress | None:
    """Return the figures of what arrives, None when the RBD image does not tell.

    In snapshot mode they are a position in the RBD image, in journal mode bytes written, of the
    ``source_bytes`` that the primary holds (its size where that is not known). ``at`` is the
    moment in seconds of a steady clock.
    """
    if seen.done is None:
        return None
    snapshots = image.mode is MirrorMode.SNAPSHOT
    total = seen.total if snapshots or source_bytes is None else source_bytes
    done = min(seen.done, total)
    meter.add(at, done)
    return Progress(
        source=ProgressSource.MIRROR_SNAPSHOT if snapshots else ProgressSource.RBD_IMAGE,
        done=done,
        total=total,
        rate=meter.rate(),
        seconds_left=meter.seconds_left(total),
        measured_at=datetime.now(UTC),
    )


def primary_site(mirrors: Mapping[str, Snapshot[MirrorState]], pool: str, global_id: str) -> str:
    """Return the site where an RBD image is primary, "" when no cluster says so."""
    for site, snapshot in mirrors.items():
        for state in snapshot.rows:
            mirrored = state.pool(pool)
            for image in mirrored.images if mirrored is not None else ():
                if image.global_id == global_id and image.primary:
                    return site
    return ""
