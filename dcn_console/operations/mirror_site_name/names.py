"""The operation's name, its steps, and what a plan of it carries."""

import msgspec

NAME = "mirror-site-name"

GIVE = "name"
PEERS = "peers at {}"
"""One step a site whose peers are renamed."""
VERIFY = "verify"


class StalePeer(msgspec.Struct, frozen=True, kw_only=True):
    """A peer at another site that has the cluster under another name."""

    site: str
    pool: str
    uuid: str


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """The operation's own part of a plan; ``pool`` is any pool that the cluster has."""

    site: str
    pool: str
    site_name: str
    stale: tuple[StalePeer, ...] = ()

    @property
    def sites(self) -> tuple[str, ...]:
        """The other sites where peers are renamed."""
        return tuple(dict.fromkeys(peer.site for peer in self.stale))
