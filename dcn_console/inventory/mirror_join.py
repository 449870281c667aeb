"""The mirroring page's part of the join: rows, pairs of sites, findings, and rows by volume."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from dcn_console.inventory.mirror_findings import pair_findings, single_findings
from dcn_console.inventory.mirror_pairs import NOWHERE
from dcn_console.inventory.mirror_rows import (
    VOLUME_PREFIX,
    Ours,
    PoolRows,
    by_volume,
    works_of,
)
from dcn_console.inventory.mirror_world import PoolView, SiteView, pool_views
from dcn_console.model.findings import Finding
from dcn_console.model.inventory import Inventory, Volume
from dcn_console.model.mirror_rows import MirrorPair, MirrorRow, PairSide
from dcn_console.model.mirroring import PoolMode
from dcn_console.model.tasks import Task


class Mirrored(msgspec.Struct, frozen=True, kw_only=True):
    """All rows of mirroring at one moment; ``by_volume`` are those of Cinder's volumes, by id."""

    rows: tuple[MirrorRow, ...] = ()
    pairs: tuple[MirrorPair, ...] = ()
    findings: tuple[Finding, ...] = ()
    by_volume: dict[str, tuple[MirrorRow, ...]] = {}


class MirrorJoiner:
    """Joins again and again; what did not change is the same object as the time before."""

    def __init__(self) -> None:
        self._pools: dict[str, PoolRows] = {}
        self._last = Mirrored()
        self._until: datetime | None = None
        self._basis: tuple[object, ...] = ()
        self._listed_then: tuple[Volume, ...] | None = None
        self._listed: tuple[Volume, ...] = ()
        self._named: dict[str, Volume] = {}

    def joined(self, inventory: Inventory, tasks: Sequence[Task], now: datetime) -> Mirrored:
        """Return the rows of this moment."""
        works = works_of(tasks)
        basis = (_substance(inventory), inventory.topology, works, now.date())
        if self._holds(inventory, basis, now):
            return self._last
        self._basis, self._listed_then = basis, inventory.volumes.rows
        if not any(state.pools for one in inventory.mirrors.values() for state in one.rows):
            self._pools, self._until = {}, None
            return self._kept((), ())
        ours = Ours(self._volumes(inventory), works)
        views = pool_views(inventory, now)
        self._pools = {view.name: self._pools.get(view.name, PoolRows()) for view in views}
        rows = {view.name: self._pools[view.name].joined(view, ours, now) for view in views}
        moments = (one.until for one in self._pools.values())
        self._until = min((one for one in moments if one is not None), default=None)
        pairs = [pair for view in views for pair in _pairs(view, rows[view.name])]
        return self._kept(tuple(row for few in rows.values() for row in few), pairs)

    def _holds(self, inventory: Inventory, basis: tuple[object, ...], now: datetime) -> bool:
        """Whether nothing has changed that any row is made of."""
        return (
            self._basis == basis
            and self._listed_then is inventory.volumes.rows
            and (self._until is None or now < self._until)
        )

    def _volumes(self, inventory: Inventory) -> Mapping[str, Volume]:
        """Return the volumes by the names of their RBD images."""
        listed = inventory.volumes.rows
        if listed is not self._listed:
            self._listed = listed
            self._named = {f"{VOLUME_PREFIX}{volume.id}": volume for volume in listed}
        return self._named

    def _kept(self, rows: tuple[MirrorRow, ...], pairs: Iterable[MirrorPair]) -> Mirrored:
        last = self._last
        if len(rows) == len(last.rows) and all(
            one is other for one, other in zip(rows, last.rows, strict=True)
        ):
            rows = last.rows
        known = {pair.key: pair for pair in last.pairs}
        kept = tuple(old if (old := known.get(one.key)) == one and old else one for one in pairs)
        if kept == last.pairs:
            kept = last.pairs
        if rows is last.rows and kept is last.pairs:
            return last
        self._last = Mirrored(
            rows=rows, pairs=kept, findings=_findings(kept, rows), by_volume=by_volume(rows)
        )
        return self._last


def _substance(inventory: Inventory) -> dict[str, object]:
    """Return what counts of the snapshots."""
    return {
        site: (one.rows, one.error, one.source, one.taken_at)
        for site, one in inventory.mirrors.items()
    }


def _findings(pairs: Sequence[MirrorPair], rows: Sequence[MirrorRow]) -> tuple[Finding, ...]:
    found = [finding for pair in pairs for finding in pair.findings]
    grouped = _grouped(rows)
    known = {_key(pair.pool, *(side.site for side in pair.sides)): pair for pair in pairs}
    for key, few in grouped.items():
        found.extend(single_findings(known.get(key), few))
    return tuple(found)


def _grouped(rows: Iterable[MirrorRow]) -> dict[tuple[str, ...], list[MirrorRow]]:
    """Return the rows that have findings, by their pair of sites."""
    found: dict[tuple[str, ...], list[MirrorRow]] = {}
    for row in rows:
        if row.findings:
            key = _key(row.pool, row.source.site, row.destination.site)
            found.setdefault(key, []).append(row)
    return found


def _pairs(view: PoolView, rows: Sequence[MirrorRow]) -> Iterable[MirrorPair]:
    order = {site: index for index, site in enumerate(view.flows.sites)}
    among: dict[tuple[str, str], list[MirrorRow]] = {pair: [] for pair in view.flows.linked()}
    for row in rows:
        first, second = row.source.site, row.destination.site
        if NOWHERE not in (first, second):
            if order[first] > order[second]:
                first, second = second, first
            among.setdefault((first, second), []).append(row)
    for first, second in sorted(among, key=lambda pair: (order[pair[0]], order[pair[1]])):
        yield _pair(view, first, second, among[first, second])


def _pair(view: PoolView, first: str, second: str, rows: Sequence[MirrorRow]) -> MirrorPair:
    forth, back = view.flows.between(first, second), view.flows.between(second, first)
    sides = (_side(view, first, second), _side(view, second, first))
    pair = MirrorPair(
        pool=view.name,
        sides=sides,
        ends=(second, first) if back and not forth else (first, second),
        sign="↔" if forth and back else "→" if forth or back else "–",
        counts=dict(Counter(row.condition for row in rows)),
    )
    used = {row.destination.site for row in rows}
    receiving = [side for side in sides if side.site in used]
    dead = {side.site for side in receiving if view.site(side.site).daemons is False}
    found = pair_findings(pair, rows, receiving, dead)
    return replace(pair, findings=found) if found else pair


def _side(view: PoolView, name: str, other: str) -> PairSide:
    site: SiteView = view.site(name)
    mirrored = site.mirrored
    if mirrored is None:
        mode = PoolMode.DISABLED if site.asked else None
        return PairSide(site=name, reachable=site.reachable, mode=mode)
    return PairSide(
        site=name,
        reachable=site.reachable,
        site_name=mirrored.pool.site_name,
        mode=mirrored.pool.mode,
        peer=view.flows.peer(name, other),
        daemons=mirrored.daemons,
        daemons_error=mirrored.daemons_error,
        schedules=mirrored.schedules or (),
    )


def _key(pool: str, *sites: str) -> tuple[str, ...]:
    """Return what tells the pair of sites from others, whichever comes first."""
    return (pool, *sorted(sites))
