"""The operation's name, its steps, and what a plan of it carries."""

import msgspec

from dcn_console.model.mirroring import PoolMode

NAME = "mirror-pool-mode"

CHANGE = "mode"


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """The operation's own part of a plan."""

    site: str
    pool: str
    mode: PoolMode
