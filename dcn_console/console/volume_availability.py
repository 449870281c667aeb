"""Why an action on volumes cannot be run here and now: each returns the reason, or ""."""

from dcn_console.console.availability import sentence
from dcn_console.console.situation import (
    IMAGE_PLACES,
    SNAPSHOT_PLACES,
    VOLUME_PLACES,
    Situation,
)

_HERE = VOLUME_PLACES | IMAGE_PLACES | SNAPSHOT_PLACES


def with_volume_actions(situation: Situation) -> str:
    """Only on volumes, and on images and snapshots that volumes can be made of."""
    if situation.place in _HERE:
        return ""
    return "This works on volumes (press 3), and on images for a volume of one (press 2)."


def with_volume_sites(situation: Situation) -> str:
    """Only where a new volume makes sense: one image, or the volumes, and a site that has any."""
    reason = _reason(situation)
    if reason:
        return reason
    if situation.place in IMAGE_PLACES and len(situation.images) != 1:
        return "A volume is made of one image: put the cursor on it, and mark none."
    if situation.place in SNAPSHOT_PLACES and len(situation.snapshots) != 1:
        return "A volume is made of one snapshot: put the cursor on it, and mark none."
    if not any(site.availability_zone for site in situation.topology):
        return "No site has an availability zone, so there are no volumes."
    return ""


def with_volumes(situation: Situation) -> str:
    """Only on volumes, where changes are allowed."""
    reason = _reason(situation)
    if reason:
        return reason
    if situation.place not in VOLUME_PLACES:
        return "This works on volumes. Press 3 to go to them."
    if not situation.volumes:
        return "Put the cursor on a volume first, or mark some with space."
    return ""


def with_snapshots(situation: Situation) -> str:
    """Only on snapshots, where changes are allowed."""
    reason = _reason(situation)
    if reason:
        return reason
    if situation.place not in SNAPSHOT_PLACES:
        return "This works on snapshots. Press v to go to them."
    if not situation.snapshots:
        return "Put the cursor on a snapshot first, or mark some with space."
    return ""


def _reason(situation: Situation) -> str:
    if situation.read_only_reason:
        return sentence(situation.read_only_reason)
    return with_volume_actions(situation)
