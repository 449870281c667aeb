"""Who was primary before the failover, and who is: both sides of a fail back."""

from dataclasses import dataclass
from datetime import datetime

from dcn_console.model.mirroring import MirrorMode, ReplayState
from dcn_console.model.plans import Check
from dcn_console.operations.mirror_sides import Side
from dcn_console.operations.mirror_steps.checks import follows_well
from dcn_console.operations.mirror_steps.passage import Passage, is_split, status_of
from dcn_console.operations.mirror_steps.renewal_plan import moment_of
from dcn_console.operations.mirror_steps.scene import Scene, names_of, silence
from dcn_console.operations.mirror_subject import refused

RELOCATE = "dcn-console mirror relocate --to"


@dataclass(frozen=True)
class Chosen:
    """``victim`` is to give up what it holds and be primary again, ``primary`` has the data.

    ``passage`` goes from the victim to the primary.
    """

    victim: Side
    primary: Side
    passage: Passage


def choose(scene: Scene, wanted: str | None, now: datetime) -> Chosen | Check:
    """Return both sides, or why there is nothing to fail back."""
    if not scene.primaries:
        silent = " ".join(map(silence, scene.silent))
        text = f"No site that answers is primary. {silent}".strip()
        way_out = "Wait until it answers; if it is lost: dcn-console mirror failover"
        if not scene.silent:
            way_out = f"Make one of them primary: {RELOCATE} SITE"
        return refused(text, way_out)
    victim = _victim(scene, wanted)
    if isinstance(victim, Check):
        return victim
    if victim.mirroring is None:
        return _without_mirroring(victim)
    others = [side for side in scene.primaries if side.name != victim.name]
    if not others:
        return refused(f"{victim.name} is the only primary already: there is nothing to do.")
    received = [side for side in others if scene.receives(victim, side)]
    if len(others) > 1 and len(received) != 1:
        return refused(f"{names_of(others)} are primary: which of them is right is not known.")
    primary = (received or others)[0]
    hindrance = _no_failover(victim, primary, now)
    if wanted is None and hindrance is None:
        hindrance = _in_doubt(victim, primary, now)
    return hindrance or _chosen(scene, victim, primary)


def _victim(scene: Scene, wanted: str | None) -> Side | Check:
    """Find the old primary: what was asked for, else Cinder's site, else the one that is left."""
    home = scene.usage.home
    name = wanted or (home.name if home is not None else None)
    if name is not None:
        side = scene.side(name)
        if side is None:
            return refused(f"No Ceph access is configured for {name}.", "See: dcn-console doctor")
        if side.error is not None:
            text = f"{silence(side)} It cannot be primary again before it answers."
            return refused(text, side.error.way_out)
        return side
    split = [side for side in scene.mirrored if is_split(status_of(side)) and not side.is_primary]
    if len(scene.primaries) == 1 and len(split) == 1:
        return split[0]
    others = [side for side in scene.mirrored if side not in scene.primaries]
    if len(scene.primaries) == 1 and len(others) == 1:
        return others[0]
    candidates = scene.primaries if len(scene.primaries) > 1 else others
    text = f"Which of {names_of(candidates)} was primary before the failover is not known."
    return refused(text, "Choose which shall be primary again.", option="--to SITE")


def _without_mirroring(victim: Side) -> Check:
    if victim.detail is None:
        text = f"{victim.name} does not hold it."
        way_out = f"Where it is received, wait until it is in sync; then: {RELOCATE} {victim.name}"
        return refused(text, way_out)
    text = f"{victim.name} holds an RBD image of that name which is not mirrored."
    return refused(text, "Rename it or remove it there; its copy then arrives by itself.")


def _no_failover(victim: Side, primary: Side, now: datetime) -> Check | None:
    """Refuse where the victim has no history of its own to give up."""
    if victim.is_primary:
        return None
    relocate = f"{RELOCATE} {victim.name}"
    if follows_well(victim, now):
        text = f"{victim.name} follows {primary.name}: it has nothing to give up."
        return refused(text, f"Relocate it: {relocate}")
    status = status_of(victim)
    if status is not None and status.state is ReplayState.SYNCING:
        text = f"{victim.name} is being copied anew already."
        return refused(text, f"Wait until it is in sync, then: {relocate}")
    return None


def _in_doubt(victim: Side, primary: Side, now: datetime) -> Check | None:
    """Refuse to guess where both are primary and the victim's data is the newer.

    A volume that was relocated and then failed over to the site that Cinder has it at is such a
    one: its newest data is there.
    """
    here, there = victim.detail, primary.detail
    if not victim.is_primary or here is None or there is None:
        return None
    if here.modified_at is None or there.modified_at is None:
        return None
    if here.modified_at <= there.modified_at:
        return None
    return refused(
        f"{victim.name} and {primary.name} are both primary, and {victim.name} was written last, "
        f"{moment_of(victim, now)} ({primary.name} {moment_of(primary, now)}): which of them was "
        "primary before the failover is not known.",
        "Choose which gives up its own changes and is primary again.",
        option="--to SITE",
    )


def _chosen(scene: Scene, victim: Side, primary: Side) -> Chosen | Check:
    here, there = victim.mirroring, primary.mirroring
    if here is None or there is None or here.global_id != there.global_id:
        text = f"{victim.name} and {primary.name} hold different mirrored RBD images of that name."
        return refused(text, "Remove the one that is not needed.")
    passage = Passage(
        subject=scene.subject,
        source=victim.name,
        destination=primary.name,
        global_id=there.global_id,
        mode=there.mode or here.mode or MirrorMode.JOURNAL,
    )
    return Chosen(victim, primary, passage)
