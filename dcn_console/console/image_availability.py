"""Why an action on images cannot be run here and now: each returns the reason, or ""."""

from dcn_console.console.availability import sentence
from dcn_console.console.situation import IMAGE_PLACES, Situation
from dcn_console.model.rows import Placement

LISTED = frozenset({Placement.PRESENT, Placement.GONE})
"""The states of a cell with a copy that Glance lists, even one whose data is gone."""


def with_image_actions(situation: Situation) -> str:
    """Only among images."""
    return "" if situation.place in IMAGE_PLACES else "This works on images. Press 2 for them."


def with_hub_store(situation: Situation) -> str:
    """Only where changes are allowed and the hub has a store to import into."""
    reason = _reason(situation)
    if reason:
        return reason
    hub = situation.topology.hub
    return "" if hub is not None and hub.store else "There is no hub with a store to import into."


def with_chosen_images(situation: Situation) -> str:
    """Only on images, where changes are allowed."""
    reason = _reason(situation)
    if reason or situation.images:
        return reason
    return "Put the cursor on an image first, or mark some with space."


def with_copies(situation: Situation) -> str:
    """Only on images with a copy at some site."""
    reason = with_chosen_images(situation)
    if reason or sites_with_copies(situation):
        return reason
    return "No site has a copy of it."


def sites_with_copies(situation: Situation) -> tuple[str, ...]:
    """Return the sites where at least one of the images has a copy."""
    return tuple(
        site.name
        for site in situation.topology
        if any(
            (cell := row.cell(site.name)) is not None and cell.state in LISTED
            for row in situation.images
        )
    )


def _reason(situation: Situation) -> str:
    if situation.read_only_reason:
        return sentence(situation.read_only_reason)
    return with_image_actions(situation)
