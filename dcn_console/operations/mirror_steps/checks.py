"""Whether the receiving side is able to take over: checks of a plan."""

from datetime import datetime

from dcn_console.model.mirroring import MirrorMode, ReplayState
from dcn_console.model.plans import Check
from dcn_console.model.text import count, format_age, printable
from dcn_console.operations.mirror_sides import Side
from dcn_console.operations.mirror_steps.passage import is_fresh, is_split, status_of
from dcn_console.operations.mirror_steps.scene import Scene
from dcn_console.operations.mirror_subject import fine, refused, to_give_up, warned

MANY_ENTRIES = 100_000


def split_check(*sides: Side) -> list[Check]:
    """Refuse when a daemon says split-brain."""
    return [
        refused(
            f"{side.name} says split-brain: both sides were written to.",
            f"To give up what it holds: dcn-console mirror resync --victim {side.name}",
        )
        for side in sides
        if is_split(status_of(side)) and not side.is_primary
    ]


def has_whole_copy(side: Side) -> bool:
    """Whether the side holds a consistent state of the data, however old."""
    if side.detail is None or side.mirroring is None:
        return False
    if side.mirroring.mode is MirrorMode.SNAPSHOT:
        return side.is_primary or any(one.complete for one in side.detail.mirror_snapshots)
    status = status_of(side)
    return status is not None and not (
        status.state is ReplayState.SYNCING
        or (status.state is ReplayState.STARTING_REPLAY and "bootstrapping" in status.description)
    )


def follows_well(side: Side, now: datetime) -> bool:
    """Whether a daemon says of late that it follows the primary, without an error."""
    status = status_of(side)
    return (
        status is not None
        and is_fresh(status, now)
        and status.state is ReplayState.REPLAYING
        and has_whole_copy(side)
    )


def ready_checks(destination: Side, now: datetime) -> list[Check]:
    """Check that a final sync can arrive: first copy whole, a daemon that reports, no error."""
    name = destination.name
    status = status_of(destination)
    if not has_whole_copy(destination):
        return [
            refused(f"{name} does not have the first copy whole yet.", "Wait until it is in sync.")
        ]
    if status is None or not is_fresh(status, now):
        age = format_age(status.reported_at, now) if status is not None else ""
        last = f", the last report is {age} old" if age and age != "–" else ""
        return [
            refused(
                f"{name}: no rbd-mirror daemon reports on it{last}; a final sync would not arrive.",
                f"Start rbd-mirror at {name}; see `rbd mirror pool status`.",
            )
        ]
    if status.state is ReplayState.ERROR and not is_split(status):
        said = printable(status.description, 200)
        return [refused(f"{name}: its rbd-mirror daemon reports an error: {said}.")]
    behind = status.entries_behind
    if behind is not None and behind > MANY_ENTRIES:
        text = f"{name} is {count(behind, 'entry', 'entries')} behind: the final sync takes long."
        return [warned(text, site=name)]
    lag = "" if not behind else f", {count(behind, 'entry', 'entries')} behind"
    return [fine(f"{name} follows{lag}, as of {format_age(status.reported_at, now)} ago.", name)]


def reversal_checks(scene: Scene, source: Side, destination: Side) -> list[Check]:
    """Warn where mirroring will not go on the other way, or not to a third site."""
    checks = []
    pool = printable(scene.subject.pool, 60)
    if scene.receives(source, destination):
        checks.append(
            fine(f"Afterwards {source.name} receives from {destination.name}.", source.name)
        )
    else:
        checks.append(
            warned(
                f"Pool {pool} at {source.name} does not receive from {destination.name}: "
                "afterwards nothing is mirrored, and relocating back is not possible.",
                "Make them peers both ways first: dcn-console mirror peer connect --both-ways "
                f"{pool} {source.name} {destination.name}",
                source.name,
            )
        )
    others = [
        side
        for side in scene.mirrored
        if side.name not in (source.name, destination.name)
        and not scene.receives(side, destination)
    ]
    checks += [
        warned(
            f"{side.name} also has a copy, and does not receive from {destination.name}: it gets "
            f"nothing new while {destination.name} is primary, and Ceph never removes it there.",
            f"{_after_return(side, source)}, or give that copy up: "
            f"{to_give_up(scene.subject, side.site)}",
            side.name,
        )
        for side in others
    ]
    return checks


def _after_return(side: Side, source: Side) -> str:
    """Say what a copy left behind needs: in journal mode it finds split-brain (16.2.15)."""
    back = f"Relocate back to {source.name} later"
    journal = side.mirroring is not None and side.mirroring.mode is MirrorMode.JOURNAL
    return f"{back} and resync {side.name}" if journal else back
