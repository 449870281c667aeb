# ruff: noqa: UP006, UP035, UP045 - the file must load in Python 3.6: no list[str], no str | None
"""The parameters of a request, checked. Every function raises Failure for what does not fit."""

from typing import Any, Callable, Dict, List, Optional

from .failures import Failure

Parameters = Dict[str, Any]
Send = Callable[[Dict[str, Any]], None]
"""Sends a message about the request: progress or a part."""


def text(parameters: Parameters, name: str, default: Optional[str] = None) -> str:
    """Return the string parameter ``name``, not empty unless it has a default."""
    value = parameters.get(name, default)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or (default is None and not value):
        raise Failure("invalid", f"the parameter {name} must be a string")
    return value


def choice(parameters: Parameters, name: str, values: Dict[str, int]) -> int:
    """Return what the parameter ``name`` stands for in ``values``."""
    value = text(parameters, name)
    if value not in values:
        known = ", ".join(sorted(values))
        raise Failure("invalid", f"the parameter {name} must be one of {known}")
    return values[value]


def flag(parameters: Parameters, name: str) -> bool:
    """Return the boolean parameter ``name``, false when it is missing."""
    value = parameters.get(name, False)
    if not isinstance(value, bool):
        raise Failure("invalid", f"the parameter {name} must be a boolean")
    return value


def number(parameters: Parameters, name: str, default: Optional[int] = None) -> int:
    """Return the parameter ``name``, a whole number from 0 on."""
    value = parameters.get(name, default)
    if not is_number(value):
        raise Failure("invalid", f"the parameter {name} must be a number from 0 on")
    return int(value or 0)


def optional_number(parameters: Parameters, name: str) -> Optional[int]:
    """Return the parameter ``name``, None when it is null or missing."""
    return None if parameters.get(name) is None else number(parameters, name)


def numbers(parameters: Parameters, name: str, maximum: int) -> List[int]:
    """Return the parameter ``name``, a list of at most ``maximum`` whole numbers."""
    values = parameters.get(name)
    if not isinstance(values, list) or len(values) > maximum or not all(map(is_number, values)):
        raise Failure("invalid", f"the parameter {name} must hold at most {maximum} numbers")
    return values


def is_number(value: Any) -> bool:
    """Whether a decoded value is a whole number from 0 on."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
