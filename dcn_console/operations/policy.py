"""What may be submitted at all: enforced here, where tasks are submitted, for every face."""

from collections.abc import Collection, Sequence

from dcn_console.model.errors import RefusedError
from dcn_console.model.plans import Plan
from dcn_console.model.sites import Topology


def check_policy(
    plans: Sequence[Plan],
    topology: Topology,
    read_only_reason: str,
    typed_names: Collection[str] = (),
) -> None:
    """Raise RefusedError unless all of ``plans`` may be submitted.

    Refuses everything when read-only, and any plan that acts on a site marked read-only,
    that a precondition forbids, that has nothing to do, or that cannot be undone and whose
    name nobody typed.
    """
    if read_only_reason:
        raise RefusedError(f"Nothing may be changed: {read_only_reason}.")
    for plan in plans:
        if plan.is_refused:
            first = plan.refusals[0]
            raise RefusedError(
                f"Refused: {plan.title}. {first.text}", way_out=first.way_out, option=first.option
            )
        if not plan.targets:
            raise RefusedError(f"Nothing to do: {plan.title}.")
        if plan.typed_name and plan.typed_name not in typed_names:
            raise RefusedError(
                f"Refused: {plan.title}. It cannot be undone, and nobody confirmed it by name.",
                way_out=f"Confirm it by typing: {plan.typed_name}",
            )
        sites = set() if plan.reads_only else {*plan.targets, *acted_on(plan)}
        for name in sorted(sites):
            if topology.site(name).read_only:
                raise RefusedError(
                    f"Refused: {plan.title}. Site {name} is read-only in the configuration.",
                    way_out="Set read_only = false there, if that is meant.",
                )


def acted_on(plan: Plan) -> set[str]:
    """Return the sites where a step of ``plan`` acts, besides its targets."""
    return {step.site for step in plan.steps if step.site is not None}
