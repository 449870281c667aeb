"""The operation's name, its steps, and what a plan of it carries."""

import msgspec

from dcn_console.model.mirroring import PoolMode

NAME = "mirror-peer-connect"

NAME_SITE = "name {}"
"""One step a site; the others below likewise."""
ENABLE = "enable at {}"
CONNECT = "connect {}"
VERIFY = "verify"


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """The operation's own part of a plan.

    ``both`` lets ``source`` receive as well. ``site_names`` are the names to give, by site;
    ``enable`` the sites where the pool's mirroring is switched on in ``mode``.
    """

    pool: str
    source: str
    destination: str
    both: bool
    mode: PoolMode
    site_names: dict[str, str] = {}
    enable: tuple[str, ...] = ()

    @property
    def routes(self) -> tuple[tuple[str, str], ...]:
        """Who receives from whom: receiver and source."""
        there = ((self.destination, self.source),)
        return (*there, (self.source, self.destination)) if self.both else there
