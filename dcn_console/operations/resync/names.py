"""What a resync is told, and what its own step is called."""

import msgspec

from dcn_console.operations.mirror_steps.renewal import Renewal

NAME = "mirror-resync"

VERIFY = "verify"
SAMPLE_PERCENT = 5.0
"""Share of the objects in use that are compared in the end."""


class Resyncing(msgspec.Struct, frozen=True, kw_only=True):
    """A resync as planned; ``written`` as in ``Renewal``, for screens."""

    renewal: Renewal
    written: dict[str, str | None] = {}
