"""Joining what was found into a topology: stores, availability zones and clusters, by fsid.

Pure. What has no fsid is joined by equal names where that is unambiguous, and every join says
how it was made; what could not be joined says why.
"""

from collections.abc import Iterable

import msgspec

from dcn_console.ceph.conf import FoundCluster
from dcn_console.inventory.discovered import Clues, Discovery, Joined, Unjoined
from dcn_console.model.inventory import CinderPool, Store
from dcn_console.model.sites import ClusterAccess, Role, Site
from dcn_console.model.text import printable

RESERVED_NAMES = frozenset({"edges"})
"""Words that mean several sites on the command line."""

_CENTRAL_NAMES = ("central", "hub", "core", "main")


class _Group(msgspec.Struct, kw_only=True):
    """The parts of one site while they are being collected."""

    fsid: str | None = None
    store: Store | None = None
    zone: str | None = None
    cluster: FoundCluster | None = None
    pool: CinderPool | None = None
    reasons: list[str] = []

    @property
    def names(self) -> set[str]:
        """All names by which a part without fsid could be recognised."""
        found = {self.zone, self.store.id if self.store else None}
        found.add(self.cluster.name if self.cluster else None)
        return {name.casefold() for name in found if name}


def join(clues: Clues) -> Discovery:
    """Return the sites that the clues make, and what is left over."""
    joiner = _Join(clues)
    joiner.add_stores_with_fsid()
    joiner.add_zones_with_fsid()
    joiner.add_clusters()
    joiner.add_the_rest_by_name()
    return joiner.result()


class _Join:
    """One run of joining."""

    def __init__(self, clues: Clues) -> None:
        self._clues = clues
        self._groups: list[_Group] = []
        self._unjoined: list[Unjoined] = []
        self._problems = list(clues.problems)

    def add_stores_with_fsid(self) -> None:
        """Begin a site with every store whose cluster is known."""
        for store in self._clues.stores:
            if store.fsid is None or store.read_only:
                continue
            group = self._group(store.fsid)
            if group.store is not None:
                self._leave("store", store.id, f"its cluster is that of store “{group.store.id}”")
                continue
            group.store = store
            group.reasons.append(
                f"store {store.id}: fsid from {self._clues.evidence.get(store.id, 'Glance')}"
            )

    def add_zones_with_fsid(self) -> None:
        """Give sites the zone whose cinder-volume has a backend on their cluster."""
        for pool in self._clues.pools:
            host = pool.name.partition("#")[0]
            zone = self._clues.zone_of_host.get(host)
            if pool.fsid is None or zone is None:
                continue
            group = self._group(pool.fsid)
            if group.pool is None:
                group.pool = pool
            if group.zone is None:
                group.zone = zone
                group.reasons.append(f"availability zone {zone}: fsid of Cinder's backend {host}")
            elif group.zone != zone:
                self._leave(
                    "availability zone",
                    zone,
                    f"its backend {host} is on the cluster of zone “{group.zone}”",
                )

    def add_clusters(self) -> None:
        """Give sites the cluster of their fsid; a cluster that nobody uses is kept for names."""
        for cluster in self._clues.clusters:
            if cluster.problem:
                self._leave("cluster", cluster.name, cluster.problem)
                continue
            if cluster.fsid is None:
                self._leave(
                    "cluster", cluster.name, f"{cluster.conf} and its monitors gave no fsid"
                )
                continue
            group = self._group(cluster.fsid)
            if group.cluster is not None:
                self._leave(
                    "cluster",
                    cluster.name,
                    f"it is the same cluster as “{group.cluster.name}”: both have its fsid",
                )
                continue
            group.cluster = cluster
            group.reasons.append(f"cluster {cluster.name}: fsid of {cluster.conf}")

    def add_the_rest_by_name(self) -> None:
        """Join zones and stores without fsid by equal names, or leave them."""
        for zone in self._clues.zones:
            if not self._knows_zone(zone):
                self._add_zone_by_name(zone)
        for store in self._clues.stores:
            if store.fsid is None or store.read_only:
                self._add_store_by_name(store)

    def result(self) -> Discovery:
        """Return sites and leftovers."""
        sites = [group for group in self._groups if group.store is not None or group.zone]
        for group in self._groups:
            if group not in sites and group.cluster is not None:
                self._leave(
                    "cluster", group.cluster.name, "no store and no availability zone is on it"
                )
        hub = _hub(sites)
        if hub is None and sites:
            self._problems.append(
                "No site could be told to be the hub: write role = “hub” for the central one."
            )
        names: set[str] = set()
        joined = [
            Joined(site=_site(group, names, is_hub=group is hub), how="; ".join(group.reasons))
            for group in sorted(sites, key=lambda group: self._place(group, hub))
        ]
        return Discovery(
            joined=tuple(joined),
            unjoined=tuple(self._unjoined),
            problems=tuple(self._problems),
        )

    def _place(self, group: _Group, hub: _Group | None) -> tuple[bool, int, str]:
        """Return where the site stands: the hub first, then in the order of Glance's stores."""
        ids = [store.id for store in self._clues.stores]
        place = ids.index(group.store.id) if group.store else len(ids)
        return group is not hub, place, group.zone or ""

    def _add_zone_by_name(self, zone: str) -> None:
        matching = [
            group for group in self._groups if group.zone is None and zone.casefold() in group.names
        ]
        if len(matching) == 1:
            matching[0].zone = zone
            matching[0].reasons.append(f"availability zone {zone}: by its name")
        elif any(store.id.casefold() == zone.casefold() for store in self._loose_stores()):
            reasons = [f"availability zone {zone}: by its name"]
            self._groups.append(_Group(zone=zone, reasons=reasons))
        else:
            self._leave(
                "availability zone",
                zone,
                "no backend that these credentials may see ties it to a cluster, "
                "and no store or cluster has its name",
            )

    def _add_store_by_name(self, store: Store) -> None:
        if store.read_only:
            self._leave("store", store.id, "it is read-only: nothing can be copied to it")
            return
        if store.type not in (None, "rbd"):
            self._leave("store", store.id, f"it is of type {store.type}, not on a Ceph cluster")
            return
        name = store.id.casefold()
        matching = [group for group in self._groups if group.store is None and name in group.names]
        if len(matching) == 1:
            matching[0].store = store
            matching[0].reasons.append(f"store {store.id}: by its name")
            return
        reason = f"store {store.id}: neither Glance nor its images tell its cluster"
        self._groups.append(_Group(store=store, reasons=[reason]))

    def _loose_stores(self) -> Iterable[Store]:
        return (store for store in self._clues.stores if store.fsid is None and not store.read_only)

    def _knows_zone(self, zone: str) -> bool:
        return any(group.zone == zone for group in self._groups) or any(
            one.kind == "availability zone" and one.name == zone for one in self._unjoined
        )

    def _group(self, fsid: str) -> _Group:
        for group in self._groups:
            if group.fsid == fsid:
                return group
        group = _Group(fsid=fsid, reasons=[])
        self._groups.append(group)
        return group

    def _leave(self, kind: str, name: str, reason: str) -> None:
        entry = Unjoined(kind=kind, name=name, reason=reason)
        if entry not in self._unjoined:
            self._unjoined.append(entry)


def _hub(groups: list[_Group]) -> _Group | None:
    """Return the site of Glance's default store, else the one with a central name, if single."""
    by_default = [group for group in groups if group.store is not None and group.store.default]
    if by_default:
        return by_default[0]
    for name in _CENTRAL_NAMES:
        named = [group for group in groups if name in group.names]
        if len(named) == 1:
            return named[0]
    return groups[0] if len(groups) == 1 else None


def _site(group: _Group, taken: set[str], *, is_hub: bool) -> Site:
    return Site(
        name=_name(group, taken),
        role=Role.HUB if is_hub else Role.EDGE,
        store=group.store.id if group.store else None,
        availability_zone=group.zone,
        cluster=_access(group),
    )


def _name(group: _Group, taken: set[str]) -> str:
    """Return the zone's name, else the store's, else the cluster's, made fit for a site."""
    candidates = (
        group.zone,
        group.store.id if group.store else None,
        group.cluster.name if group.cluster else None,
    )
    for candidate in candidates:
        if candidate is None:
            continue
        name = printable(candidate).replace(",", " ").strip()
        if name and name not in RESERVED_NAMES and name not in taken:
            taken.add(name)
            return name
    number = 1
    while (name := f"site-{number}") in taken:
        number += 1
    taken.add(name)
    return name


def _access(group: _Group) -> ClusterAccess | None:
    cluster = group.cluster
    if cluster is None or not cluster.keyrings:
        return None
    keyring = cluster.keyrings[0]
    access = ClusterAccess(
        conf=cluster.conf,
        user=keyring.user,
        keyring="" if keyring.is_default else keyring.path,
        fsid=group.fsid or "",
    )
    pools = {
        "images_pool": group.store.pool if group.store else None,
        "volumes_pool": group.pool.pool if group.pool else None,
    }
    return msgspec.structs.replace(access, **{key: pool for key, pool in pools.items() if pool})
