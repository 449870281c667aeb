"""What a failover is told, and what its steps are called."""

import msgspec

from dcn_console.operations.mirror_steps.passage import Passage

NAME = "mirror-failover"

PROMOTE = "force promote"
VERIFY = "verify"
SCHEDULES = "add schedules"


class Failover(msgspec.Struct, frozen=True, kw_only=True):
    """A failover as planned; ``schedules`` are the intervals to have at the destination."""

    passage: Passage
    schedules: tuple[str, ...] = ()
    deadline_seconds: float = 120.0
