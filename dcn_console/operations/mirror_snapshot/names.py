"""The operation's name, its steps, and what a plan of it carries."""

import msgspec

from dcn_console.model.requests import RbdSubject

NAME = "mirror-snapshot"

SNAPSHOT = "snapshot"
ARRIVE = "arrive"
VERIFY = "verify"


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """The operation's own part of a plan.

    ``destinations`` are the sites it has to arrive at, ``newest`` the primary's newest mirror
    snapshot when it was planned.
    """

    subject: RbdSubject
    source: str
    destinations: tuple[str, ...]
    newest: int | None = None
