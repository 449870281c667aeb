"""What a discovery works on and what it gives: clues, sites, and what was left over."""

from collections.abc import Mapping

import msgspec

from dcn_console.ceph.conf import FoundCluster
from dcn_console.model.inventory import CinderPool, Store
from dcn_console.model.sites import Site, Topology


class Clues(msgspec.Struct, frozen=True, kw_only=True):
    """What the services and the Ceph folder told.

    ``stores`` carry their fsid where it is known, ``evidence`` says from where, by store id.
    ``zone_of_host`` maps "host@backend" to the zone of its cinder-volume. ``problems`` are what
    could not be asked.
    """

    stores: tuple[Store, ...] = ()
    evidence: Mapping[str, str] = {}
    zones: tuple[str, ...] = ()
    pools: tuple[CinderPool, ...] = ()
    zone_of_host: Mapping[str, str] = {}
    clusters: tuple[FoundCluster, ...] = ()
    problems: tuple[str, ...] = ()


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """A site, and in words how its parts were found to belong together."""

    site: Site
    how: str


class Unjoined(msgspec.Struct, frozen=True, kw_only=True):
    """Something that belongs to no site; ``kind`` is store, availability zone or cluster."""

    kind: str
    name: str
    reason: str


class Discovery(msgspec.Struct, frozen=True, kw_only=True):
    """What was discovered. ``problems`` are what could not be asked or decided."""

    joined: tuple[Joined, ...] = ()
    unjoined: tuple[Unjoined, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def topology(self) -> Topology:
        """The joined sites, the hub first."""
        sites = tuple(one.site for one in self.joined)
        return Topology(tuple(sorted(sites, key=lambda site: not site.is_hub)))
