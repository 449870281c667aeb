"""What may be submitted at all: enforced here, where tasks are submitted, for every face."""

from collections.abc import Sequence

from dcn_console.model.errors import RefusedError
from dcn_console.model.plans import Plan
from dcn_console.model.sites import Topology


def check_policy(plans: Sequence[Plan], topology: Topology, read_only_reason: str) -> None:
    """Raise RefusedError unless all of ``plans`` may be submitted.

    Refuses everything when read-only, and any plan that acts on a site marked read-only,
    that a precondition forbids, or that has nothing to do.
    """
    if read_only_reason:
        raise RefusedError(f"Nothing may be changed: {read_only_reason}.")
    for plan in plans:
        if plan.is_refused:
            first = plan.refusals[0]
            raise RefusedError(f"Refused: {plan.title}. {first.text}", way_out=first.way_out)
        if not plan.targets:
            raise RefusedError(f"Nothing to do: {plan.title}.")
        for name in plan.targets:
            if topology.site(name).read_only:
                raise RefusedError(
                    f"Refused: {plan.title}. Site {name} is read-only in the configuration.",
                    way_out="Set read_only = false there, if that is meant.",
                )
