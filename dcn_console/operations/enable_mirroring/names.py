"""The operation's name, its steps, and what a plan of it carries."""

import msgspec

from dcn_console.model.mirroring import MirrorMode
from dcn_console.model.requests import RbdSubject

NAME = "mirror-enable"

FLATTEN = "flatten"
FEATURES = "features"
ENABLE = "enable"
SCHEDULE = "schedule"
FIRST_SYNC = "first sync"
VERIFY = "verify"
BACK = "features back"
"""Taken only when the task is cancelled before mirroring was switched on."""


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """The operation's own part of a plan. ``used`` are the bytes that will travel."""

    subject: RbdSubject
    source: str
    destination: str
    mode: MirrorMode
    schedule: str = ""
    flatten: bool = False
    used: int | None = None
