"""The operations' names, their steps, and what a plan of them carries."""

import msgspec

ADD = "mirror-schedule-add"
REMOVE = "mirror-schedule-remove"

CHANGE = "schedule"


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """The operations' own part of a plan; ``image`` is None for a whole pool's schedule."""

    site: str
    pool: str
    interval: str
    image: str | None = None
