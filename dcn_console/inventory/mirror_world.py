"""The clusters' lists of mirrored RBD images, laid side by side for each pool. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from dcn_console.inventory.mirror_evidence import REPORT_GRACE, Surroundings
from dcn_console.inventory.mirror_pairs import NOWHERE, Flows, Member
from dcn_console.model.inventory import (
    Inventory,
    MirroredPool,
    MirrorState,
    Noticed,
    Snapshot,
    Source,
)
from dcn_console.model.mirroring import MirrorImage, MirrorPool, PoolMode
from dcn_console.model.sites import Site
from dcn_console.model.tasks import Progress


class SiteView(msgspec.Struct, kw_only=True):
    """One site's part of a mirrored pool; ``images``, ``noticed``, ``progress`` by global id.

    ``mirrored`` is None where mirroring is off for the pool, or nothing is known.
    """

    site: str
    snapshot: Snapshot[MirrorState]
    mirrored: MirroredPool | None = None
    images: Mapping[str, MirrorImage] = {}
    noticed: Mapping[str, Noticed] = {}
    progress: Mapping[str, Progress] = {}
    daemons: bool | None = None

    @property
    def asked(self) -> bool:
        """Whether the cluster's mirroring was ever read."""
        return bool(self.snapshot.rows)

    @property
    def reachable(self) -> bool:
        """Whether the cluster answered last."""
        return self.snapshot.error is None

    @property
    def mirror_uuid(self) -> str:
        """How the pool is known to daemons elsewhere, "" when not known."""
        return self.mirrored.pool.mirror_uuid if self.mirrored is not None else ""

    @property
    def pool(self) -> MirrorPool | None:
        """The pool's settings, None while the site was never asked."""
        if self.mirrored is not None:
            return self.mirrored.pool
        return MirrorPool(name="", mode=PoolMode.DISABLED) if self.asked else None

    @property
    def frozen_at(self) -> datetime | None:
        """When the rows were read, if that was in an earlier run."""
        return self.snapshot.taken_at if self.snapshot.source is Source.CACHE else None


_NOWHERE = SiteView(site=NOWHERE, snapshot=Snapshot())


class PoolView:
    """One pool over all sites that have it, in the topology's order."""

    def __init__(self, name: str, sites: Iterable[SiteView]) -> None:
        self.name = name
        self.sites = {view.site: view for view in sites}
        self.flows = Flows([Member(view.site, view.pool) for view in self.sites.values()])
        self._surroundings: dict[tuple[str, str], tuple[Surroundings, Surroundings]] = {}

    @property
    def settings(self) -> tuple[MirrorPool | None, ...]:
        """The pool's settings at all sites, in order."""
        return tuple(view.pool for view in self.sites.values())

    def site(self, name: str) -> SiteView:
        """Return a site's part; that of NOWHERE knows nothing."""
        return self.sites.get(name, _NOWHERE)

    def places(self) -> Iterable[tuple[str, str, SiteView, SiteView]]:
        """Yield global id, name and two sites of each row, by name and id, sites in order."""
        holders: dict[str, dict[str, bool]] = {}
        names: dict[str, str] = {}
        for view in self.sites.values():
            for global_id, image in view.images.items():
                holders.setdefault(global_id, {})[view.site] = image.primary
                names.setdefault(global_id, image.name)
        pairs: dict[tuple[tuple[str, bool], ...], tuple[tuple[str, str], ...]] = {}
        for global_id in sorted(holders, key=lambda one: (names[one], one)):
            held = tuple(holders[global_id].items())
            if held not in pairs:
                pairs[held] = self.flows.pairs(holders[global_id])
            for first, second in pairs[held]:
                yield global_id, names[global_id], self.site(first), self.site(second)

    def mirror_uuid(self, site: str, known_to: str) -> str:
        """Return what a site's daemon signs its reports to another with, "" when not known."""
        own = self.site(site).mirror_uuid
        if own or NOWHERE in (site, known_to):
            return own
        peer = self.flows.peer(known_to, site)
        return peer.mirror_uuid if peer is not None else ""

    def surroundings(self, first: str, second: str) -> tuple[Surroundings, Surroundings]:
        """Return what the RBD images between two sites share, for each side."""
        found = self._surroundings.get((first, second))
        if found is None:
            found = (self._around(first, second), self._around(second, first))
            self._surroundings[first, second] = found
        return found

    def _around(self, name: str, other: str) -> Surroundings:
        if name == NOWHERE:
            receives = None if self.flows.sends_abroad(other) else False
            return Surroundings(site=NOWHERE, reachable=False, asked=False, receives=receives)
        view = self.site(name)
        return Surroundings(
            site=name,
            reachable=view.reachable,
            asked=view.asked,
            fault=view.snapshot.error or "",
            frozen_at=view.frozen_at,
            receives=self.flows.between(other, name),
            daemons=view.daemons,
            schedules=view.mirrored.schedules if view.mirrored is not None else None,
            silent=tuple(
                one.site
                for one in self.sites.values()
                if one.site not in (name, other) and not (one.reachable and one.asked)
            ),
        )


def pool_views(inventory: Inventory, now: datetime) -> tuple[PoolView, ...]:
    """Return the mirrored pools by name. A pool that two sites share counts for the first."""
    names = {
        mirrored.pool.name
        for snapshot in inventory.mirrors.values()
        for state in snapshot.rows
        for mirrored in state.pools
    }
    return tuple(PoolView(name, _views(inventory, name, now)) for name in sorted(names))


def _views(inventory: Inventory, pool: str, now: datetime) -> Iterable[SiteView]:
    seen: set[str] = set()
    for site in inventory.topology:
        snapshot = inventory.mirrors.get(site.name)
        if snapshot is None or not _has(site, pool):
            continue
        view = _view(site, snapshot, pool, now)
        if view.mirror_uuid and view.mirror_uuid in seen:
            continue
        seen.add(view.mirror_uuid)
        yield view


def _has(site: Site, pool: str) -> bool:
    access = site.cluster
    return access is not None and pool in (access.volumes_pool, access.images_pool)


def _view(site: Site, snapshot: Snapshot[MirrorState], pool: str, now: datetime) -> SiteView:
    state = snapshot.rows[0] if snapshot.rows else None
    mirrored = state.pool(pool) if state is not None else None
    if mirrored is None:
        return SiteView(site=site.name, snapshot=snapshot)
    return SiteView(
        site=site.name,
        snapshot=snapshot,
        mirrored=mirrored,
        images={image.global_id or image.name: image for image in mirrored.images},
        noticed=mirrored.noticed,
        progress=mirrored.progress,
        daemons=_works(mirrored, snapshot.taken_at if snapshot.source is Source.CACHE else now),
    )


def _works(mirrored: MirroredPool, now: datetime | None) -> bool | None:
    """Whether a daemon works at the pool: it reports an RBD image, or the manager lists it."""
    for image in mirrored.images:
        status = image.status
        if status is None or status.reported_at is None or not status.up or now is None:
            continue
        if now - status.reported_at <= REPORT_GRACE:
            return True
    if mirrored.daemons is None or mirrored.daemons_error:
        return None
    return bool(mirrored.daemons)
