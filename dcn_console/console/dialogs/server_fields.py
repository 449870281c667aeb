"""What a new server is put on: fields that are picked from what the cloud has, else typed."""

from collections.abc import Callable
from dataclasses import replace

from dcn_console.console.dialogs.forms import Answers, Facts, Field, Option
from dcn_console.console.spans import Line, Tone, line
from dcn_console.model.plans import Plan
from dcn_console.model.requests import Request

_KINDS = {"flavor": "flavors", "network": "networks", "key": "keys", "group": "groups"}
"""Which of what is on offer each field is picked from."""


def _flavor(text: str) -> str:
    return "" if text else "A server needs a flavor."


_FIELDS = (
    Field(id="flavor", label="flavor", hint="The server's flavor.", complaint=_flavor),
    Field(id="network", label="network", hint="The network it is put on, or none."),
    Field(id="key", label="key", hint="Your key pair that it gets, or none."),
    Field(id="group", label="group", hint="Its security group; without, the default one."),
)


def server_fields(shown: Callable[[Answers], bool] | None = None) -> tuple[Field, ...]:
    """Return the fields of flavor, network, key pair and security group, for use if ``shown``."""
    if shown is None:
        return _FIELDS
    return tuple(replace(field, shown=shown) for field in _FIELDS)


def put_on(answers: Answers) -> dict[str, str]:
    """Return what was picked, by the names that requests have for it."""
    return {
        "flavor": answers["flavor"],
        "network": answers["network"],
        "key": answers["key"],
        "security_group": answers["group"],
    }


def server_facts(
    request: Request,
    shown: Callable[[Answers], bool] | None = None,
    fields: tuple[str, ...] = tuple(_KINDS),
) -> Facts:
    """Return how it is looked up what there is for ``fields``, by their ids.

    ``request`` is one whose plan tells what a server can be put on.
    """
    facts = Facts(
        request=request,
        lines=lambda plans: _missing(plans, fields),
        picks=_offers,
        waiting="looking what there is to pick from…",
    )
    return facts if shown is None else replace(facts, shown=shown)


def are_offered(plans: tuple[Plan, ...]) -> bool:
    """Return whether a plan tells what a server can be put on, be it nothing."""
    return any(isinstance(plan.parameters.get("offers"), dict) for plan in plans)


def _offers(plans: tuple[Plan, ...]) -> dict[str, tuple[Option, ...]]:
    """Return what there is to pick from, by the field's id."""
    offered = plans[0].parameters.get("offers") if plans else None
    if not isinstance(offered, dict):
        return {}
    alike = offered.get("alike")
    names = alike if isinstance(alike, dict) else {}
    found = {field: offered.get(kind) for field, kind in _KINDS.items()}
    return {
        field: tuple(_option(str(value), names.get(value)) for value in values)
        for field, values in found.items()
        if isinstance(values, list | tuple)
    }


def _option(value: str, name: object) -> Option:
    """Return the option of a name, or of the id of one of several things of that ``name``."""
    if name is None:
        return Option(value=value, words=value)
    return Option(
        value=value, words=f"{name or 'unnamed'} {value[:8]}", hint=f"{name}, the one of id {value}"
    )


def _missing(plans: tuple[Plan, ...], fields: tuple[str, ...]) -> tuple[Line, ...]:
    """Say where nothing can be picked, so that it has to be typed."""
    offers = _offers(plans)
    unknown = [_KINDS[field] for field in fields if not offers.get(field)]
    if not unknown:
        return ()
    return (line(f"No {', '.join(unknown)} to pick from: type one if you know it.", Tone.DIM),)
