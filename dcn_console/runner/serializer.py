"""JSON for what the durable-execution library writes down: never pickle."""

import json
from typing import Any

from dbos import Serializer

_ERROR = "__error__"


class RecordedError(Exception):
    """An error as it was written down: only its class's name and its words survive."""


class JsonSerializer(Serializer):
    """Plain JSON; tuples become lists, and an exception its class's name and text."""

    def serialize(self, data: Any) -> str:
        """Return ``data`` as JSON; raises TypeError for what JSON cannot hold."""
        return json.dumps(data, default=_encode, ensure_ascii=False)

    def deserialize(cls, serialized_data: str) -> Any:  # noqa: N805 - the library's signature
        """Return what ``serialize`` was given."""
        return json.loads(serialized_data, object_hook=_decode)

    def name(self) -> str:
        """Return the name the library keeps beside each value."""
        return "dcn_console_json"


def _encode(value: object) -> object:
    if isinstance(value, BaseException):
        return {_ERROR: [type(value).__name__, str(value)]}
    raise TypeError(f"{type(value).__name__} cannot be written down")


def _decode(value: dict[str, Any]) -> object:
    if set(value) == {_ERROR}:
        return RecordedError(": ".join(value[_ERROR]))
    return value
