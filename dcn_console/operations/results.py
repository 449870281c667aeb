"""What a step of an operation comes to."""

from typing import Any

import msgspec


class StepResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a step came to: a word the operation decides by, a sentence, and plain JSON data.

    ``moved`` are the bytes it moved, where that is to be told of it later. It is written down
    when the step ends; a restarted task gets it back instead of taking the step again.
    """

    outcome: str
    text: str = ""
    moved: int | None = None
    data: dict[str, Any] = {}
