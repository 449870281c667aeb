"""The operation's name, its steps, and what a plan of it carries."""

import msgspec

NAME = "mirror-peer-remove"

REMOVE = "remove"


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """The operation's own part of a plan; ``other`` is what people call the peer."""

    site: str
    pool: str
    uuid: str
    other: str = ""
