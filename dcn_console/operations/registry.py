"""All operations, by name. A new one is one module and one line here."""

from collections.abc import Mapping
from types import MappingProxyType

from dcn_console.model.errors import UsageError
from dcn_console.operations.base import Operation
from dcn_console.operations.copy_image import CopyImage

OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {operation.name: operation for operation in (CopyImage(),)}
)


def operation(name: str) -> Operation:
    """Return the operation of that name; raises UsageError for one this version lacks."""
    try:
        return OPERATIONS[name]
    except KeyError:
        raise UsageError(
            f"This version knows no operation “{name}”.",
            way_out="The task was submitted by another version; use that one.",
        ) from None
