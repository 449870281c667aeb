"""What is looked at and said before a side's data is given up: shared by resync and fail back."""

import asyncio
import shlex
from collections.abc import Sequence
from datetime import datetime

from dcn_console.model.errors import ClusterError
from dcn_console.model.mirroring import MirrorMode
from dcn_console.model.plans import Check, Outcome, PlannedStep
from dcn_console.model.text import count, format_age, printable
from dcn_console.operations.mirror_room import daemon_check, room_checks
from dcn_console.operations.mirror_sides import Side
from dcn_console.operations.mirror_steps import renewal
from dcn_console.operations.mirror_steps.passage import is_split, status_of
from dcn_console.operations.mirror_steps.renewal import Renewal
from dcn_console.operations.mirror_steps.safety_copy import PREFIX
from dcn_console.operations.mirror_steps.scene import Scene, names_of
from dcn_console.operations.mirror_steps.usage import server_checks
from dcn_console.operations.mirror_subject import (
    fine,
    image_specification,
    refused,
    tool,
    warned,
)


def last_written(scene: Scene) -> dict[str, str | None]:
    """Return by site when each mirrored side was last written to, as ISO 8601 text."""
    return {
        side.name: side.detail.modified_at.isoformat()
        if side.detail is not None and side.detail.modified_at is not None
        else None
        for side in scene.mirrored
    }


def written_checks(scene: Scene, now: datetime) -> list[Check]:
    """Say when each side was last written to, and which of them says split-brain."""
    checks = []
    for side in scene.mirrored:
        part = "primary" if side.is_primary else "secondary"
        split = ", says split-brain" if is_split(status_of(side)) and not side.is_primary else ""
        text = f"{side.name} ({part}{split}) was last written {moment_of(side, now)}."
        checks.append(fine(text, side.name))
    return checks


def moment_of(side: Side, now: datetime) -> str:
    """Say when a side was last written to; Ceph notes that about once a minute."""
    at = side.detail.modified_at if side.detail is not None else None
    if at is None:
        return "at a time that Ceph does not tell"
    return f"at {at:%Y-%m-%d %H:%M:%S} UTC, {format_age(at, now)} ago"


async def renewal_checks(
    scene: Scene, victim: Side, primary: Side, *, safety_copy: bool, may_stop: bool = False
) -> tuple[list[Check], int | None]:
    """Check use, clones, peers, daemon and room at the victim; also return the bytes to arrive."""
    pool, image = scene.subject.pool, scene.subject.image
    daemon, here, there = await asyncio.gather(
        _daemon_check(scene, victim), _used(victim, pool, image), _used(primary, pool, image)
    )
    room = await _room_checks(victim, pool, here, there, safety_copy=safety_copy)
    checks = [
        *_use_checks(scene, victim, may_stop=may_stop),
        *_clone_checks(victim),
        *_peer_checks(scene, victim, primary),
        *_laggard_checks(scene, victim, primary),
        daemon,
        *room,
        _copy_check(victim, safety_copy=safety_copy),
    ]
    return checks, there


def _use_checks(scene: Scene, victim: Side, *, may_stop: bool) -> list[Check]:
    """Nobody may use the RBD image at the victim: what is open cannot be removed."""
    usage, checks = scene.usage, []
    if usage.error:
        text = f"Whether a server uses it cannot be told: {usage.error}"
        checks.append(warned(text, usage.way_out or "See that no server uses it."))
    elif usage.home is None or usage.home.name == victim.name:
        checks += server_checks(usage, may_stop=may_stop)
    detail = victim.detail
    if detail is not None and detail.watchers and is_split(status_of(victim)):
        text = f"{victim.name}: {count(len(detail.watchers), 'client')} may have it open."
        way_out = "What is open cannot be removed; see rbd status. A killed client goes after 30 s."
        checks.append(warned(text, way_out, victim.name))
    return checks


def _clone_checks(victim: Side) -> list[Check]:
    detail = victim.detail
    if detail is None or not detail.children:
        return []
    text = f"{count(detail.children, 'clone')} at {victim.name} are made from it: it cannot vanish."
    return [refused(text, "Flatten or remove them first; see: rbd children")]


def _peer_checks(scene: Scene, victim: Side, primary: Side) -> list[Check]:
    if scene.receives(victim, primary):
        return []
    pool = printable(scene.subject.pool, 60)
    return [
        refused(
            f"Pool {pool} at {victim.name} does not receive from {primary.name}: nothing would "
            "come back.",
            f"Make them peers first: dcn-console mirror peer connect {pool} {primary.name} "
            f"{victim.name}",
        )
    ]


def _laggard_checks(scene: Scene, victim: Side, primary: Side) -> list[Check]:
    """Warn of a third site that stands in the primary's journal before the sides parted.

    A copy made anew begins to replay where the slowest of all receivers stands (cls_journal,
    ``find_min_commit_position``), and is told to have split there as well (seen on 16.2.15).
    """
    mirroring = primary.mirroring
    if mirroring is None or mirroring.mode is MirrorMode.SNAPSHOT:
        return []
    return [
        warned(
            f"{side.name} says split-brain too: what is copied anew to {victim.name} may then be "
            f"said to be split as well, for it begins where {side.name} stands in the journal.",
            f"Resync {side.name} first: dcn-console mirror resync --victim {side.name}",
            side.name,
        )
        for side in third_copies(scene, victim, primary)
        if is_split(status_of(side)) and scene.receives(side, primary)
    ]


async def _daemon_check(scene: Scene, victim: Side) -> Check:
    """Refuse where certainly no daemon would do it; warn where nobody can tell."""
    found = await daemon_check(victim.cluster, victim.site, scene.subject.pool)
    status = status_of(victim)
    if found.outcome is Outcome.WARNING and (status is None or not status.up):
        way_out = f"Start rbd-mirror at {victim.name}, and see that it reports: mirror status"
        return refused(found.text, found.way_out or way_out)
    return found


async def _used(side: Side, pool: str, image: str) -> int | None:
    try:
        return await side.cluster.used_bytes(pool, image)
    except ClusterError:
        return None


async def _room_checks(
    victim: Side, pool: str, here: int | None, there: int | None, *, safety_copy: bool
) -> list[Check]:
    """Compare with the free space what comes on top: the safety copy, and what was written since.

    What the victim holds is removed before the primary's data comes.
    """
    size = victim.detail.size if victim.detail is not None else 0
    kept = (size if here is None else here) if safety_copy else 0
    more = max(0, (there or 0) - (here or 0))
    return await room_checks(victim.cluster, victim.site, pool, kept + more)


def _copy_check(victim: Side, *, safety_copy: bool) -> Check:
    if safety_copy:
        text = f"What {victim.name} holds is kept there in an RBD image {PREFIX}…, until removed."
        return fine(text, victim.name)
    text = f"No safety copy: what only {victim.name} holds is lost for good."
    return warned(text, "Leave the safety copy on unless you are sure.", victim.name)


def loss(scene: Scene, victim: Side, primary: Side, now: datetime, *, safety_copy: bool) -> str:
    """Say what giving up the victim's data means."""
    kept = " It is kept in a safety copy, which is no volume." if safety_copy else ""
    return (
        f"All that {victim.name} holds of {scene.label}, last written {moment_of(victim, now)}, is "
        f"given up for what {primary.name} holds, last written {moment_of(primary, now)}.{kept}"
    )


def third_copies(scene: Scene, victim: Side, primary: Side) -> Sequence[Side]:
    """Return the mirrored sides besides these two."""
    return [side for side in scene.mirrored if side.name not in (victim.name, primary.name)]


def renewal_steps(wanted: Renewal) -> list[PlannedStep | None]:
    """Return the steps of ``renew`` in words."""
    victim, primary = wanted.passage.source, wanted.passage.destination
    nothing = "cancelling ends it, nothing is given up"
    demoted = f"; {victim} stays secondary, with its own data" if wanted.demote else ""
    late = "cancelling only ends the waiting: Ceph goes on"

    def step(name: str, text: str, undo: str) -> PlannedStep:
        return PlannedStep(name=name, text=text, site=victim, undo=undo)

    return [
        step(renewal.NOTE, f"note which RBD image {victim} holds", nothing),
        step(renewal.DEMOTE, f"make {victim} a secondary: it is primary as well", nothing + demoted)
        if wanted.demote
        else None,
        step(
            renewal.SAFETY_COPY,
            f"copy what {victim} holds to an RBD image beside it, and compare their hashes",
            nothing + demoted,
        )
        if wanted.safety_copy
        else None,
        PlannedStep(
            name=renewal.SNAPSHOT,
            text=f"take a mirror snapshot at {primary}, so that all it holds now is copied",
            site=primary,
            undo=nothing + demoted,
        )
        if wanted.passage.is_snapshot_mode
        else None,
        step(
            renewal.LAST_LOOK,
            f"see once more that {primary} is primary and {victim} is not",
            f"the last moment to cancel{demoted}",
        ),
        step(renewal.RESYNC, f"ask the rbd-mirror daemon of {victim} to begin anew, once", late),
        step(renewal.VANISH, f"wait until the RBD image vanishes from {victim}", late),
        step(
            renewal.RETURN,
            f"wait until it is back at {victim}, with all that {primary} has",
            late,
        ),
    ]


def renewal_commands(wanted: Renewal, victim: Side, primary: Side) -> list[str]:
    """Return the commands for the same effect."""
    subject = wanted.passage.subject
    image = image_specification(subject)
    here = tool("rbd", victim.site)
    typed = [f"{here} mirror image demote {image}"] if wanted.demote else []
    if wanted.safety_copy:
        copy = shlex.quote(f"{subject.pool}/{PREFIX}{subject.image}")
        typed.append(f"{here} cp {image} {copy}")
    if wanted.passage.is_snapshot_mode:
        typed.append(f"{tool('rbd', primary.site)} mirror image snapshot {image}")
    typed.append(f"{here} mirror image resync {image}")
    typed.append(f"{here} mirror image status {image}")
    return typed


def sites_to_follow(sides: Sequence[Side], primary: str) -> list[Check]:
    """Warn of further copies, which follow nobody once another history is the true one."""
    if not sides:
        return []
    text = f"{names_of(sides)} also holds a copy, which may not follow {primary} afterwards."
    way_out = "Where it says split-brain then, resync it: dcn-console mirror resync --victim SITE"
    return [warned(text, way_out)]
