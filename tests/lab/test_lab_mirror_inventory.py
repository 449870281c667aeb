"""The mirroring page's rows on real rbd-mirror daemons, compared with what both clusters say."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from dcn_lab.errors import LabError
from dcn_lab.execution import wait_until
from dcn_lab.lab import Lab, LabSite
from lab_settings import lab_settings

from dcn_console.ceph.replay_text import replay_status
from dcn_console.inventory.join import Joiner
from dcn_console.inventory.refresh import Refresher
from dcn_console.model.mirror_rows import MirrorCondition, MirrorPair, MirrorRow
from dcn_console.model.mirroring import MirrorMode, ReplayStatus
from dcn_console.model.rows import Rows

DEADLINE = 600.0
SIZE_MIB = 16
JOURNAL, SNAPSHOT = MirrorMode.JOURNAL, MirrorMode.SNAPSHOT

Wanted = Callable[[MirrorRow], bool]


@dataclass
class Page:
    """The rows as a console keeps them; ``seen`` are all conditions a row went through."""

    lab: Lab
    refresher: Refresher
    changed: threading.Event
    joiner: Joiner = field(default_factory=Joiner)
    seen: dict[str, list[MirrorCondition]] = field(default_factory=dict)

    def rows(self) -> Rows:
        joined = self.joiner.rows(self.refresher.current(), (), datetime.now(UTC))
        for row in joined.mirrors:
            passed = self.seen.setdefault(f"{row.image}@{row.destination.site}", [])
            if not passed or passed[-1] is not row.condition:
                passed.append(row.condition)
        return joined

    def until(self, name: str, sites: set[str], holds: Wanted) -> MirrorRow:
        """Wait until the row of an RBD image between two sites is as wanted."""
        deadline = time.monotonic() + DEADLINE
        while True:
            self.changed.clear()
            found = [
                row
                for row in self.rows().mirrors
                if row.image == name and {row.source.site, row.destination.site} == sites
            ]
            if found and holds(found[0]):
                return found[0]
            left = deadline - time.monotonic()
            assert left > 0, f"still {found}, by way of {self.seen}"
            self.changed.wait(min(left, 1.0))

    def pair(self, first: LabSite, second: LabSite) -> MirrorPair:
        sites = {first.name, second.name}
        return next(
            pair for pair in self.rows().pairs if {side.site for side in pair.sides} == sites
        )


@pytest.fixture(scope="module")
def page(lab: Lab) -> Iterator[Page]:
    changed = threading.Event()
    refresher = Refresher(lab_settings(lab, refresh_seconds=5.0), changed.set)
    refresher.start()
    try:
        yield Page(lab, refresher, changed)
    finally:
        refresher.stop()


@pytest.fixture
def mirrored(lab: Lab) -> Iterator[dict[MirrorMode, str]]:
    """An RBD image with data for each mode, not mirrored yet; removed everywhere afterwards."""
    tag = uuid.uuid4().hex[:8]
    names = {mode: f"inventory-{mode}-{tag}" for mode in MirrorMode}
    pool = lab.topology.mirrored_pool
    for name in names.values():
        spec = f"{pool}/{name}"
        lab.hub.rbd("create", spec, "--size", f"{SIZE_MIB}M")
        write(lab.hub, spec, f"{SIZE_MIB}M")
    try:
        yield names
    finally:
        for name in names.values():
            remove(lab, pool, name)


def write(site: LabSite, spec: str, amount: str = "1M") -> None:
    site.rbd("bench", "--io-type", "write", "--io-size", "256K", "--io-total", amount, spec)


def remove(lab: Lab, pool: str, name: str) -> None:
    """Take an RBD image off all clusters, also where a daemon would still make it anew."""
    spec = f"{pool}/{name}"
    for site in lab.sites:
        with suppress(LabError):
            site.rbd("mirror", "image", "disable", "--force", spec)
    for site in lab.sites:
        gone = partial(is_gone, site, pool, name)
        wait_until(f"{name} to be gone at {site.name}", gone, seconds=DEADLINE)


def is_gone(site: LabSite, pool: str, name: str) -> bool:
    with suppress(LabError):
        site.rbd("rm", "--no-progress", f"{pool}/{name}")
    return name not in site.rbd("ls", pool, "--format", "json")


def said_by(site: LabSite, spec: str) -> ReplayStatus:
    """What ``rbd mirror image status`` of a cluster says of its own side."""
    said: dict[str, Any] = site.rbd("mirror", "image", "status", spec, "--format", "json")
    up, _, word = said.get("state", "down+unknown").partition("+")
    moment = said.get("last_update")
    return replay_status(
        word,
        up=up == "up",
        reported_at=datetime.fromisoformat(moment).replace(tzinfo=UTC) if moment else None,
        text=said.get("description", ""),
    )


def compared(page: Page, row: MirrorRow, pool: str) -> None:
    """Compare a row with what both clusters say, at a moment when all speak of the same report."""
    sites = {row.source.site, row.destination.site}
    deadline = time.monotonic() + DEADLINE
    while True:
        before = {name: said_by(page.lab.site(name), f"{pool}/{row.image}") for name in sites}
        now = page.until(row.image, sites, lambda _: True)
        shown = {side.site: side.status for side in (now.source, now.destination)}
        if shown == before:
            break
        assert time.monotonic() < deadline, f"{shown} is never {before}"
        page.changed.clear()
        page.changed.wait(1.0)
    destination = before[now.destination.site]
    assert now.reported_at == destination.reported_at
    if now.condition is MirrorCondition.IN_SYNC:
        newest = destination.local_snapshot_at or destination.reported_at
        assert now.consistent_at == newest
    for side in (now.source, now.destination):
        site = page.lab.site(side.site)
        info = site.rbd("info", f"{pool}/{row.image}", "--format", "json")
        assert side.primary is info["mirroring"]["primary"]
        assert side.image_id == info["id"]
        assert info["mirroring"]["mode"] == now.mode
        assert info["mirroring"]["global_id"] == now.global_id


def is_in_sync(row: MirrorRow) -> bool:
    return row.condition is MirrorCondition.IN_SYNC


def test_rows_from_enabling_to_in_sync_and_beyond(
    lab: Lab, page: Page, mirrored: dict[MirrorMode, str]
) -> None:
    hub, pool = lab.hub, lab.topology.mirrored_pool
    for mode, name in mirrored.items():
        hub.rbd("mirror", "image", "enable", f"{pool}/{name}", mode)
    for edge in lab.edges:
        for mode, name in mirrored.items():
            row = page.until(
                name,
                {hub.name, edge.name},
                lambda one: (
                    is_in_sync(one)
                    and one.protected.holds is not None
                    and one.peer_ready.holds is not None
                    and not one.findings
                ),
            )
            assert (row.source.site, row.mode) == (hub.name, mode)
            assert row.peer_ready.holds is True
            assert row.protected.holds is (mode is JOURNAL or bool(row.schedules))
            compared(page, row, pool)
            allowed = {
                MirrorCondition.UNKNOWN,  # until both sides were read after the enabling
                MirrorCondition.NO_PEER_COPY,
                MirrorCondition.STARTING,
                MirrorCondition.SYNCING,
                MirrorCondition.REPLAYING,
                MirrorCondition.IN_SYNC,
            }
            assert set(page.seen[f"{name}@{edge.name}"]) <= allowed
        pair = page.pair(hub, edge)
        assert pair.counts[MirrorCondition.IN_SYNC] >= len(mirrored)
        assert all(side.daemons for side in pair.sides)
    edge = lab.edges[0]
    sites = {hub.name, edge.name}
    written = {}
    for name in mirrored.values():
        write(hub, f"{pool}/{name}", "4M")
        written[name] = datetime.now(UTC)
    hub.rbd("mirror", "image", "snapshot", f"{pool}/{mirrored[SNAPSHOT]}")
    for name in mirrored.values():
        moment = written[name].replace(microsecond=0)
        row = page.until(
            name,
            sites,
            lambda one, since=moment: (  # type: ignore[misc]
                is_in_sync(one) and one.consistent_at is not None and one.consistent_at >= since
            ),
        )
        compared(page, row, pool)


def test_relocation_and_split_brain_are_told_from_both_sides(
    lab: Lab, page: Page, mirrored: dict[MirrorMode, str]
) -> None:
    hub, edge, pool = lab.hub, lab.edges[0], lab.topology.mirrored_pool
    sites = {hub.name, edge.name}
    for mode, name in mirrored.items():
        hub.rbd("mirror", "image", "enable", f"{pool}/{name}", mode)
    for name in mirrored.values():
        page.until(name, sites, is_in_sync)
    relocated = f"{pool}/{mirrored[SNAPSHOT]}"
    hub.rbd("mirror", "image", "demote", relocated)
    row = page.until(
        mirrored[SNAPSHOT], sites, lambda one: one.condition is MirrorCondition.DEMOTED
    )
    assert [finding.kind for finding in row.findings] == ["both-secondary"]
    assert row.protected.holds is False
    insist(page, lambda: edge.rbd("mirror", "image", "promote", relocated))
    torn = f"{pool}/{mirrored[JOURNAL]}"
    insist(page, lambda: edge.rbd("mirror", "image", "promote", "--force", torn))
    row = page.until(
        mirrored[JOURNAL], sites, lambda one: one.condition is MirrorCondition.BOTH_PRIMARY
    )
    assert row.protected.holds is False
    for site in (hub, edge):
        insist(page, partial(write, site, torn))
    insist(page, lambda: hub.rbd("mirror", "image", "demote", torn))
    row = page.until(
        mirrored[JOURNAL],
        sites,
        lambda one: (
            one.condition is MirrorCondition.SPLIT_BRAIN
            # until the demotion was read too, the hub is shown as the source
            and (one.source.site, one.destination.site) == (edge.name, hub.name)
        ),
    )
    assert (row.protected.holds, row.peer_ready.holds, row.consistent_at) == (False, False, None)
    assert "split-brain" in {finding.kind for finding in page.rows().findings}
    wait_until(
        "the edge's own report",
        lambda: said_by(edge, torn).description == "local image is primary",
        seconds=DEADLINE,
    )
    compared(page, row, pool)
    row = page.until(
        mirrored[SNAPSHOT], sites, lambda one: is_in_sync(one) and one.source.site == edge.name
    )
    assert row.destination.site == hub.name
    assert row.peer_ready.holds is True
    compared(page, row, pool)
    old_id = said_id(row_of(page, mirrored[JOURNAL], sites), hub.name)
    hub.rbd("mirror", "image", "resync", torn)
    row = page.until(
        mirrored[JOURNAL],
        sites,
        lambda one: is_in_sync(one) and said_id(one, hub.name) not in ("", old_id),
    )
    assert row.peer_ready.holds is True
    compared(page, row, pool)
    others = page.lab.edges[1:]
    for other in others:
        lost = page.until(mirrored[SNAPSHOT], {edge.name, other.name}, lambda _: True)
        assert lost.condition not in (MirrorCondition.IN_SYNC, MirrorCondition.REPLAYING)
        assert lost.protected.holds is False


def insist(page: Page, action: Callable[[], object]) -> None:
    """Do what is refused until a demotion has arrived, or a daemon lets go of the lock."""
    deadline = time.monotonic() + DEADLINE
    while True:
        try:
            action()
        except LabError:
            assert time.monotonic() < deadline
            page.changed.clear()
            page.changed.wait(1.0)
        else:
            return


def row_of(page: Page, name: str, sites: set[str]) -> MirrorRow:
    return page.until(name, sites, lambda _: True)


def said_id(row: MirrorRow, site: str) -> str:
    side = row.source if row.source.site == site else row.destination
    return side.image_id
