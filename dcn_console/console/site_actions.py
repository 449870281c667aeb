"""What can be done with a site as a whole: part of the one table of actions."""

from dcn_console.console.action import CHANGING, Action
from dcn_console.console.availability import sentence
from dcn_console.console.situation import SITE_PLACES, Situation
from dcn_console.model.server_requests import ValidateSite


def with_edge(situation: Situation) -> str:
    """Only on an edge."""
    if situation.read_only_reason:
        return sentence(situation.read_only_reason)
    if situation.place not in SITE_PLACES or not situation.site:
        return "Put the cursor on a site first. Press 1 for the sites."
    hub = situation.topology.hub
    if hub is not None and hub.name == situation.site:
        return "It is the hub; put the cursor on an edge."
    return ""


SITE_ACTIONS: tuple[Action, ...] = (
    Action(
        id="validate_site",
        keys=("P",),
        title="validate",
        description="Try all that the edge must be able to do, and remove what was made for it.",
        group=CHANGING,
        places=SITE_PLACES,
        changes=True,
        available=with_edge,
        requests=(ValidateSite,),
        footer=2,
    ),
)
