"""Why a mirroring action cannot be run here and now: each returns the reason, or ""."""

from dcn_console.console.availability import sentence
from dcn_console.console.situation import MIRROR_PLACES, VOLUME_PLACES, Place, Situation
from dcn_console.model.mirroring import MirrorMode
from dcn_console.model.text import printable

_NAME = 60


def with_mirroring(situation: Situation) -> str:
    """Only where there are volumes, mirrored RBD images or pairs of sites."""
    if situation.place in MIRROR_PLACES:
        return ""
    return "Mirroring works on volumes (press 3) and on the mirroring page (press m)."


def with_unmirrored(situation: Situation) -> str:
    """Only on volumes that are not mirrored yet, where changes are allowed."""
    reason = _reason(situation)
    if reason:
        return reason
    if situation.place not in VOLUME_PLACES:
        return "Everything here is mirrored already. Press 3 for the volumes."
    if not situation.volumes:
        return "Put the cursor on a volume first, or mark some with space."
    if all(row.mirrors for row in situation.volumes):
        if len(situation.volumes) == 1:
            name = printable(situation.volumes[0].volume.label, _NAME)
            return f"{name} is mirrored already."
        return "All of these volumes are mirrored already."
    return ""


def with_mirrored(situation: Situation) -> str:
    """Only on mirrored volumes and RBD images, where changes are allowed."""
    reason = _reason(situation)
    if reason:
        return reason
    if situation.mirrors:
        return ""
    if situation.place in VOLUME_PLACES:
        if len(situation.volumes) == 1:
            return f"{printable(situation.volumes[0].volume.label, _NAME)} is not mirrored."
        return "None of these volumes is mirrored." if situation.volumes else "There is no volume."
    if situation.place in (Place.PAIRS, Place.PAIR):
        return "This works on mirrored RBD images. Press tab to go to them."
    return "Put the cursor on a mirrored RBD image first, or mark some with space."


def with_snapshot_mode(situation: Situation) -> str:
    """Only on what is mirrored by snapshots."""
    reason = with_mirrored(situation)
    if reason:
        return reason
    if any(row.mode is not MirrorMode.JOURNAL for row in situation.mirrors):
        return ""
    return "It is mirrored by its journal: there are no mirror snapshots to take."


def with_schedules(situation: Situation) -> str:
    """Only on a pair of sites, or on what is mirrored by snapshots."""
    if situation.place in (Place.PAIRS, Place.PAIR):
        return with_pair(situation)
    return with_snapshot_mode(situation)


def with_pair(situation: Situation) -> str:
    """Only with a pair of sites in sight, where changes are allowed."""
    reason = _reason(situation)
    if reason:
        return reason
    return "" if situation.pair is not None else "There is no pair of sites here: press m."


def with_peers(situation: Situation) -> str:
    """Only on a pair of sites of which one lists the other."""
    reason = with_pair(situation)
    if reason or situation.pair is None:
        return reason
    if any(side.peer is not None for side in situation.pair.sides):
        return ""
    return "Neither site lists the other as a peer."


def with_clusters(situation: Situation) -> str:
    """Only with two sites whose clusters can be reached, where changes are allowed."""
    reason = _reason(situation)
    if reason:
        return reason
    if sum(site.cluster is not None for site in situation.topology) < 2:
        return "Mirroring needs two sites with Ceph access."
    return ""


def _reason(situation: Situation) -> str:
    if situation.read_only_reason:
        return sentence(situation.read_only_reason)
    return with_mirroring(situation)
