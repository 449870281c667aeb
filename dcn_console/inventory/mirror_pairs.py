"""Which sites a mirrored pool and its RBD images go between. Pure.

A secondary that only receives is not listed at its primary by ``rbd mirror image status``, and
its own peer carries no ``mirror_uuid``; the primary's pool does get a tx-only peer with the
secondary's once their daemons have met (librbd, ``Mirror::peer_ping``). So sites are paired over
all clusters: by mirror_uuid where there is one, else by the name the peer was given.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from dcn_console.model.mirroring import MirrorPeer, MirrorPool, PeerDirection

NOWHERE = ""
"""Stands for a site that is none of ours."""


class Member(msgspec.Struct, frozen=True):
    """A site that has a pool of that name; ``pool`` is None while the site was never asked."""

    site: str
    pool: MirrorPool | None = None


class Flows:
    """From which site to which other the RBD images of one pool go. Sites keep their order."""

    def __init__(self, members: Sequence[Member]) -> None:
        members = _introduced(members)
        self._members = {member.site: member for member in members}
        self._flows = {
            (source.site, destination.site): _flows(source, destination, members)
            for source in members
            for destination in members
            if source.site != destination.site
        }

    @property
    def sites(self) -> tuple[str, ...]:
        """The sites, in order."""
        return tuple(self._members)

    def between(self, source: str, destination: str) -> bool | None:
        """Whether ``destination`` receives from ``source``, None when that cannot be told."""
        if NOWHERE in (source, destination):
            return None
        return self._flows[source, destination]

    def linked(self) -> tuple[tuple[str, str], ...]:
        """Return the pairs of sites, in order, with a known flow in any direction."""
        sites = self.sites
        return tuple(
            (first, second)
            for index, first in enumerate(sites)
            for second in sites[index + 1 :]
            if self._flows[first, second] or self._flows[second, first]
        )

    def peer(self, site: str, other: str) -> MirrorPeer | None:
        """Return the peer by which ``site`` knows ``other``."""
        pool = self._members[site].pool
        if pool is None or other not in self._members:
            return None
        there = self._members[other]
        named = next((peer for peer in pool.peers if _stands_for(peer, there)), None)
        if named is not None or not self._flows[other, site]:
            return named
        strangers = _strangers(self._members[site], tuple(self._members.values()))
        return strangers[0] if len(strangers) == 1 else None

    def sites_by_peer(self, site: str) -> dict[str, str]:
        """Return which of the sites the peers of ``site`` are, by the peers' uuids."""
        found: dict[str, str] = {}
        for other, there in self._members.items():
            if other == site:
                continue
            likely = self.peer(site, other)
            mine = [peer for peer in _peers(self._members[site]) if _stands_for(peer, there)]
            for peer in mine if likely is None else (likely, *mine):
                found.setdefault(peer.uuid, other)
        return found

    def sends_abroad(self, site: str) -> bool:
        """Whether some peer that is none of our sites receives from ``site``."""
        return any(
            peer.direction is not PeerDirection.RECEIVE
            and not any(_stands_for(peer, member) for member in self._members.values())
            for peer in _peers(self._members[site])
        )

    def pairs(self, holders: Mapping[str, bool]) -> tuple[tuple[str, str], ...]:
        """Return the pairs of sites that an RBD image goes between, each once.

        ``holders`` maps the sites that have it to whether they are primary. A side may be NOWHERE.
        """
        primaries = [site for site in self.sites if holders.get(site)]
        found = self._from_primaries(primaries, holders) if primaries else self._without(holders)
        rank = {site: index for index, site in enumerate(self.sites)}
        last = len(rank)
        ordered = (sorted(pair, key=lambda site: rank.get(site, last)) for pair in found)
        return tuple(dict.fromkeys((first, second) for first, second in ordered))

    def _from_primaries(
        self, primaries: Sequence[str], holders: Mapping[str, bool]
    ) -> Iterable[tuple[str, str]]:
        found = [(one, other) for one in primaries for other in primaries if one < other]
        for site in self.sites:
            if site in holders and site not in primaries:
                found.append((self._best(primaries, site), site))
        for primary in primaries:
            for site in self.sites:
                if site not in holders and self._flows[primary, site]:
                    found.append((primary, site))
            if not any(primary in pair for pair in found):
                found.extend(self._perhaps(primary, holders))
        return found

    def _perhaps(self, primary: str, holders: Mapping[str, bool]) -> Iterable[tuple[str, str]]:
        """Pair a primary that no known site receives from with those that perhaps do."""
        perhaps = [
            site
            for site in self.sites
            if site != primary and site not in holders and self._flows[primary, site] is None
        ]
        return [(primary, site) for site in perhaps] or [(primary, NOWHERE)]

    def _without(self, holders: Mapping[str, bool]) -> Iterable[tuple[str, str]]:
        """Pair the holders of an RBD image that no known site is primary of."""
        held = [site for site in self.sites if site in holders]
        found = [pair for pair in self.linked() if pair[0] in holders and pair[1] in holders]
        for site in held:
            if not any(site in pair for pair in found):
                found.append((self._origin(site, held), site))
        return found

    def _origin(self, site: str, held: Sequence[str]) -> str:
        """Return where a secondary most likely comes from, when no holder is linked to it."""
        others = [other for other in self.sites if other != site]
        for wanted in (True, None):
            likely = [other for other in others if self._flows[other, site] is wanted]
            among = [other for other in likely if other in held]
            if among or likely:
                return (among or likely)[0]
        return next((other for other in held if other != site), NOWHERE)

    def _best(self, primaries: Sequence[str], site: str) -> str:
        for wanted in (True, None):
            for primary in primaries:
                if self._flows[primary, site] is wanted:
                    return primary
        return primaries[0]


def _flows(source: Member, destination: Member, members: Sequence[Member]) -> bool | None:
    receiving = [peer for peer in _peers(destination) if peer.direction.receives]
    mine = [peer for peer in receiving if _stands_for(peer, source)]
    if any(_is_unmistakable(peer, members) for peer in mine):
        return True
    sends = any(
        peer.direction is not PeerDirection.RECEIVE and _is_known_as(peer, destination)
        for peer in _peers(source)
    )
    if destination.pool is None:
        return True if sends else None
    strangers = _strangers(destination, members)
    if sends and (strangers or mine):
        return True
    if mine or any(not peer.mirror_uuid or source.pool is None for peer in strangers):
        return None
    return False


def _introduced(members: Sequence[Member]) -> tuple[Member, ...]:
    """Give peers that were never met the mirror_uuid that another site knows by their name.

    Only where the name means one of the members beyond doubt. A site that only receives learns no
    mirror_uuid, and the name it was given for its peer need not be what that cluster tells us.
    """
    own = {member.pool.mirror_uuid: member for member in members if member.pool is not None}
    told: dict[str, set[str]] = {}
    for member in members:
        for peer in _peers(member):
            if peer.mirror_uuid:
                told.setdefault(peer.site_name, set()).add(peer.mirror_uuid)

    def introduced(peer: MirrorPeer, at: Member) -> MirrorPeer:
        uuids = told.get(peer.site_name, set()) if peer.site_name else set()
        if peer.mirror_uuid or len(uuids) != 1:
            return peer
        (uuid,) = uuids
        meant = own.get(uuid)
        if meant is None or meant is at:
            return peer
        if any(_is_named(peer, member) for member in members if member is not meant):
            return peer
        return msgspec.structs.replace(peer, mirror_uuid=uuid)

    return tuple(
        member
        if member.pool is None
        else Member(
            member.site,
            msgspec.structs.replace(
                member.pool, peers=tuple(introduced(peer, member) for peer in member.pool.peers)
            ),
        )
        for member in members
    )


def _strangers(member: Member, members: Sequence[Member]) -> tuple[MirrorPeer, ...]:
    """Return the peers that a pool receives from and that stand for no site."""
    return tuple(
        peer
        for peer in _peers(member)
        if peer.direction.receives and not any(_stands_for(peer, other) for other in members)
    )


def _stands_for(peer: MirrorPeer, member: Member) -> bool:
    pool = member.pool
    if pool is not None and peer.mirror_uuid and pool.mirror_uuid:
        return peer.mirror_uuid == pool.mirror_uuid
    return _is_named(peer, member)


def _is_unmistakable(peer: MirrorPeer, members: Sequence[Member]) -> bool:
    """Whether no two of the sites are such a peer: clusters may have been given the same name."""
    return sum(_stands_for(peer, member) for member in members) == 1


def _is_known_as(peer: MirrorPeer, member: Member) -> bool:
    """Whether a peer is that member by its mirror_uuid; by name where the member is not known."""
    if member.pool is None:
        return _is_named(peer, member)
    return bool(peer.mirror_uuid) and peer.mirror_uuid == member.pool.mirror_uuid


def _is_named(peer: MirrorPeer, member: Member) -> bool:
    """Whether a peer has a member's name for mirroring, or ours for the site.

    A user that may not read the cluster's configuration keys is told the fsid for the former.
    """
    names = {member.site, member.pool.site_name if member.pool is not None else ""}
    return bool(peer.site_name) and peer.site_name in names


def _peers(member: Member) -> tuple[MirrorPeer, ...]:
    return member.pool.peers if member.pool is not None else ()
