"""The operation's name, its steps, and what a plan of it carries."""

import msgspec

from dcn_console.model.requests import RbdSubject

NAME = "mirror-disable"

SCHEDULES = "schedules"
DISABLE = "disable"
GONE = "gone"
FEATURES = "features"
VERIFY = "verify"


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """The operation's own part of a plan.

    ``site`` is where it is switched off, ``copies`` are the sites whose copies Ceph then
    removes. ``features`` is the mask to come back to, None when nobody noted it. ``force`` is
    for a copy without a primary anywhere.
    """

    subject: RbdSubject
    site: str
    copies: tuple[str, ...] = ()
    global_id: str = ""
    schedules: tuple[str, ...] = ()
    features: int | None = None
    force: bool = False
