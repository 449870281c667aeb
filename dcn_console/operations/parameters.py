"""Reading an operation's own parameters back from a plan that may be old or damaged."""

from typing import TypeVar

import msgspec

from dcn_console.model.errors import UsageError
from dcn_console.model.plans import Plan

T = TypeVar("T", bound=msgspec.Struct)


def parameters_of(plan: Plan, kind: type[T]) -> T:
    """Return the parameters of ``plan``; raises UsageError when they do not fit ``kind``."""
    try:
        return msgspec.convert(plan.parameters, type=kind)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"The plan “{plan.title}” cannot be read by this version: {error}.",
            way_out="Plan it again.",
        ) from error
