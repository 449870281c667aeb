"""What a relocation is told, and what its steps are called."""

import msgspec

from dcn_console.model.requests import ContentCheck
from dcn_console.operations.mirror_steps.passage import Passage

NAME = "mirror-relocate"

STOP_SERVER = "stop server"
TAKE_SNAPSHOT = "mirror snapshot"
FINAL_SYNC = "final sync"
DEMOTE = "demote"
WAIT = "wait for both sides"
PROMOTE = "promote"
FOLLOW = "reverse mirroring"
VERIFY = "verify"
SCHEDULES = "move schedules"
START_SERVER = "start server"
UNDO = "undo"


class Relocation(msgspec.Struct, frozen=True, kw_only=True):
    """A relocation as planned; its own part of a plan.

    ``demoted`` is whether neither side is primary when it begins. ``schedules`` are the intervals
    to move. ``stop_servers`` run and are to be stopped; ``start_servers`` can run once the
    destination is primary, ``restart_servers`` when all is undone. ``reverses`` is whether the
    source receives from the destination afterwards.
    """

    passage: Passage
    demoted: bool = False
    schedules: tuple[str, ...] = ()
    stop_servers: tuple[str, ...] = ()
    start_servers: tuple[str, ...] = ()
    restart_servers: tuple[str, ...] = ()
    reverses: bool = True
    may_stop_servers: bool = False
    check: ContentCheck = ContentCheck.SAMPLED
    sample_percent: float = 5.0
