"""The join of mirroring: laws that hold whatever clusters say, findings, identity, cost."""

import sys
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from mirror_facts import (
    GLOBAL_ID,
    NOW,
    PEERS,
    SITES,
    ago,
    image,
    journal,
    pool,
    report,
    snapshot,
    state,
    told,
    unreachable,
    world,
)
from msgspec.structs import replace

from dcn_console.inventory.join import Joiner, rows
from dcn_console.inventory.mirror_findings import SHOWN_SINGLY
from dcn_console.model.inventory import (
    Inventory,
    MirrorState,
    Noticed,
    Snapshot,
    Source,
    Volume,
)
from dcn_console.model.mirror_rows import MirrorCondition, MirrorRow
from dcn_console.model.mirroring import (
    MirrorDaemon,
    MirrorImage,
    MirrorMode,
    ReplayState,
    ReplayStatus,
    SnapshotSchedule,
)
from dcn_console.model.rows import Rows
from dcn_console.model.tasks import Progress, ProgressSource

GOOD = frozenset({MirrorCondition.IN_SYNC, MirrorCondition.REPLAYING})
HOSTILE = "[red]x\x1b[31m\n\u202e"

TIMES = st.sampled_from([None, ago(1), ago(70), ago(119), ago(121), ago(4000), NOW + timedelta(9)])
REPORTS = st.builds(
    ReplayStatus,
    state=st.sampled_from(ReplayState),
    up=st.booleans(),
    description=st.sampled_from(["", "split-brain", "Split-Brain detected", "orphan", HOSTILE]),
    reported_at=TIMES,
    percent=st.sampled_from([None, 0.0, 42.0]),
    entries_behind=st.sampled_from([None, 0, 7]),
    replay=st.sampled_from(["", "idle", "syncing"]),
    local_snapshot_at=TIMES,
    remote_snapshot_at=TIMES,
)
NOTICED = st.builds(
    Noticed,
    id=st.sampled_from(["id-volume-v1", "other"]),
    primary=st.booleans(),
    since=TIMES,
    consistent_at=TIMES,
    behind_since=TIMES,
    gone_since=TIMES,
)
SCHEDULES = st.sampled_from(
    [None, (), (SnapshotSchedule(interval="15m"),), (SnapshotSchedule(interval="9" * 30),)]
)


@st.composite
def sides(draw: st.DrawFn, site: str) -> Snapshot[MirrorState]:
    there = draw(st.booleans())
    other = {"paris": "lyon", "lyon": "paris", "nice": "paris"}[site]
    held = image(
        draw(st.none() | REPORTS),
        primary=draw(st.booleans()),
        mode=draw(st.sampled_from([None, *MirrorMode])),
        enabled=draw(st.booleans()),
        remote=(told(other, draw(REPORTS)),),
    )
    mirrored = pool(
        site,
        *([held] if there else []),
        peers=draw(st.sampled_from([PEERS[site], ()])),
        schedules=draw(SCHEDULES),
        daemons=draw(st.sampled_from([None, (), (MirrorDaemon(name="d"),)])),
        noticed=draw(st.just({}) | NOTICED.map(lambda one: {GLOBAL_ID: one})),
        progress=draw(
            st.sampled_from(
                [{}, {GLOBAL_ID: Progress(source=ProgressSource.RBD_IMAGE, done=1, total=9)}]
            )
        ),
    )
    source = draw(st.sampled_from([Source.LIVE, Source.LIVE, Source.CACHE]))
    live = state(site, mirrored, source=source)
    return draw(st.sampled_from([live, live, unreachable(last=live), unreachable(), Snapshot()]))


@st.composite
def inventories(draw: st.DrawFn) -> Inventory:
    return world(*(draw(sides(site)) for site in ("paris", "lyon", "nice")))


def seen_at(inventory: Inventory, site: str) -> MirrorImage | None:
    for one in inventory.mirrors[site].rows:
        for mirrored in one.pools:
            for held in mirrored.images:
                return held
    return None


def truth(row: MirrorRow) -> tuple[Any, ...]:
    return (row.key, row.condition, row.protected, row.peer_ready, row.consistent_at)


@settings(max_examples=400)
@given(inventories())
def test_laws_of_the_judgement(inventory: Inventory) -> None:
    joined = rows(inventory, (), NOW)
    for row in joined.mirrors:
        words = []
        for side in (row.source, row.destination):
            snapshot_of = inventory.mirrors.get(side.site)
            if side.site and snapshot_of is not None and snapshot_of.error is not None:
                assert side.exists is None
                assert not side.reachable
                assert row.condition not in (
                    MirrorCondition.NO_PEER_COPY,
                    MirrorCondition.IN_SYNC,
                    MirrorCondition.ORPHAN,
                    MirrorCondition.DAEMON_DEAD,
                )
            if side.status is not None and side.status.reported_at is not None:
                words.append(side.status.description.lower())
        if any("split-brain" in word for word in words):
            assert row.condition is MirrorCondition.SPLIT_BRAIN
            assert row.protected.holds is False
            assert row.peer_ready.holds is not True
            assert row.consistent_at is None
            assert "split-brain" in {finding.kind for finding in joined.findings}
        status = row.destination.status
        if row.condition in GOOD:
            assert status is not None
            assert row.source.primary
            assert status.state is ReplayState.REPLAYING
            if inventory.mirrors[row.destination.site].source is Source.LIVE:
                assert status.reported_at is not None
                assert (NOW - status.reported_at).total_seconds() <= 120
        if row.protected.holds:
            assert row.condition in GOOD
        if row.peer_ready.holds:
            assert row.destination.reachable
            assert row.destination.exists
        assert all(finding.text.isprintable() for finding in row.findings)


@given(inventories())
def test_the_order_in_which_clusters_answered_does_not_matter(inventory: Inventory) -> None:
    turned = replace(inventory, mirrors=dict(reversed(inventory.mirrors.items())))
    assert rows(turned, (), NOW) == rows(inventory, (), NOW)


@given(inventories())
def test_the_order_of_the_sites_does_not_matter_to_the_truth(inventory: Inventory) -> None:
    """With two primaries or none it is a matter of order which side comes first."""
    turned = replace(inventory, topology=type(SITES)(tuple(reversed(SITES.sites))))
    ours = {row.key: row for row in rows(inventory, (), NOW).mirrors}
    theirs = {row.key: row for row in rows(turned, (), NOW).mirrors}
    for key in ours.keys() & theirs.keys():
        one, other = ours[key], theirs[key]
        if one.source.site == other.source.site:
            assert truth(one) == truth(other)
        else:
            assert one.source.primary == one.destination.primary


@given(st.lists(st.tuples(inventories(), st.integers(0, 200)), min_size=1, max_size=4))
def test_joining_step_by_step_equals_joining_anew(steps: list[tuple[Inventory, int]]) -> None:
    joiner = Joiner()
    now = NOW
    for inventory, seconds in steps:
        now += timedelta(seconds=seconds)
        assert joiner.rows(inventory, (), now) == rows(inventory, (), now)


def many(count: int, status: ReplayStatus) -> tuple[Any, Any]:
    def side(site: str, *, primary: bool) -> Any:
        held = (
            image(
                None if primary else status,
                primary=primary,
                name=f"volume-{number:06}",
                global_id=f"g{number}",
            )
            for number in range(count)
        )
        return pool(site, *held)

    return side("paris", primary=True), side("lyon", primary=False)


def of_lyon(joined: Rows) -> list[MirrorRow]:
    return [row for row in joined.mirrors if row.destination.site == "lyon"]


class TestFindings:
    """What reaches the home page."""

    def test_few_are_named_singly(self) -> None:
        paris, lyon = many(SHOWN_SINGLY, report("error", description="failed"))
        joined = rows(world(paris, lyon, state("nice"), topology=TWO), (), NOW)
        found = [one for one in joined.findings if one.kind == "mirror-error"]
        assert {one.key for one in found} == {row.key for row in joined.mirrors}

    def test_many_with_the_same_trouble_are_one_finding_of_their_pair(self) -> None:
        paris, lyon = many(SHOWN_SINGLY + 1, report("error", description="failed"))
        joined = rows(world(paris, lyon, state("nice"), topology=TWO), (), NOW)
        (found,) = (one for one in joined.findings if one.kind == "mirror-error")
        (pair,) = joined.pairs
        assert found.key == pair.key
        assert f"{SHOWN_SINGLY + 1} RBD images" in found.text
        assert len([row for row in joined.mirrors if row.findings]) == SHOWN_SINGLY + 1

    def test_a_site_without_a_daemon_is_one_finding(self) -> None:
        paris, lyon = many(3, journal(0, age=900))
        joined = rows(world(paris, replace(lyon, daemons=()), state("nice"), topology=TWO), (), NOW)
        (found,) = (one for one in joined.findings if one.kind == "mirror-daemon-dead")
        assert (found.site, found.key) == ("lyon", joined.pairs[0].key)

    def test_what_a_daemon_complains_of_is_said_in_its_words(self) -> None:
        paris, lyon = many(1, journal(0))
        daemon = MirrorDaemon(name="d", problems=(f"failed to connect {HOSTILE}",))
        joined = rows(
            world(paris, replace(lyon, daemons=(daemon,)), state("nice"), topology=TWO), (), NOW
        )
        (found,) = joined.findings
        assert (found.kind, found.site) == ("mirror-error", "lyon")
        assert "failed to connect" in found.text
        assert found.text.isprintable()

    def test_a_manager_that_is_down_disturbs_nothing(self) -> None:
        paris, lyon = many(1, journal(0))
        lyon = replace(lyon, daemons=None, daemons_error="no manager")
        joined = rows(world(paris, lyon, state("nice"), topology=TWO), (), NOW)
        assert joined.findings == ()
        assert joined.mirrors[0].condition is MirrorCondition.IN_SYNC
        assert joined.pairs[0].sides[1].daemons_error == "no manager"


TWO = type(SITES)(SITES.sites[:2])


class TestPairs:
    """One pool between two sites."""

    def test_pairs_have_direction_peers_and_counts(self) -> None:
        joined = rows(world(image(primary=True), image(journal(0)), image(journal(4))), (), NOW)
        lyon, nice = joined.pairs
        assert (lyon.direction, nice.direction) == ("paris ↔ lyon", "paris → nice")
        assert lyon.counts == {MirrorCondition.IN_SYNC: 1}
        assert nice.counts == {MirrorCondition.REPLAYING: 1}
        assert [side.peer.site_name for side in nice.sides if side.peer] == ["nice", "paris"]

    def test_a_pool_mirrored_without_any_rbd_image_is_a_pair(self) -> None:
        joined = rows(world(), (), NOW)
        assert [pair.counts for pair in joined.pairs] == [{}, {}]
        assert joined.mirrors == ()

    def test_a_cluster_without_mirroring_has_none(self) -> None:
        nothing = {site.name: state(site.name) for site in SITES}
        joined = rows(Inventory(topology=SITES, mirrors=nothing), (), NOW)
        assert (joined.mirrors, joined.pairs, joined.findings) == ((), (), ())

    def test_two_sites_of_the_same_cluster_are_no_pair(self) -> None:
        paris = pool("paris", image(primary=True))
        joined = rows(world(paris, paris, state("nice"), topology=TWO), (), NOW)
        assert {row.destination.site for row in joined.mirrors} == {""}


class TestVolumes:
    """Rows of Cinder's volumes carry those of their RBD image."""

    VOLUMES = Snapshot(rows=(Volume(id="v1", name="db", size=10), Volume(id="v2", name="web")))

    def test_a_volume_has_a_row_for_each_pair(self) -> None:
        inventory = world(
            image(primary=True), image(journal(0)), image(journal(0)), volumes=self.VOLUMES
        )
        joined = rows(inventory, (), NOW)
        mirrored, plain = joined.volumes
        assert mirrored.mirrors == joined.mirrors
        assert {row.volume_name for row in mirrored.mirrors} == {"db"}
        assert mirrored.mirrors[0].size == 10
        assert plain.mirrors == ()

    def test_only_what_changed_is_a_new_object(self) -> None:
        joiner = Joiner()
        inventory = world(
            image(primary=True), image(journal(0)), image(journal(0)), volumes=self.VOLUMES
        )
        first = joiner.rows(inventory, (), NOW)
        second = joiner.rows(replace(inventory), (), NOW)
        assert second is first
        lyon = {"lyon": state("lyon", pool("lyon", image(journal(2))))}
        third = joiner.rows(replace(inventory, mirrors=inventory.mirrors | lyon), (), NOW)
        assert [one is other for one, other in zip(first.mirrors, third.mirrors, strict=True)] == [
            False,
            True,
        ]
        assert [one is other for one, other in zip(first.volumes, third.volumes, strict=True)] == [
            False,
            True,
        ]
        nothing = joiner.rows(replace(inventory, mirrors={}), (), NOW)
        assert nothing.volumes[0].mirrors == ()
        assert nothing.mirrors == ()


def calls_of(joiner: Joiner, inventory: Inventory) -> int:
    """Return how many functions are called to join: its cost, whatever the machine is doing."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        joiner.rows(inventory, (), NOW)
    finally:
        sys.setprofile(None)
    return calls


def test_of_thousands_of_volumes_only_those_that_changed_are_joined_again() -> None:
    paris, lyon = many(2_000, snapshot())
    volumes = Snapshot(rows=tuple(Volume(id=f"{number:06}") for number in range(6_000)))
    inventory = world(paris, lyon, state("nice"), topology=TWO, volumes=volumes)
    joiner = Joiner()
    first = calls_of(joiner, inventory)
    assert first > 2_000
    assert calls_of(joiner, inventory) < 500, "nothing of it depends on the number of rows"
    changed = replace(lyon, images=(replace(lyon.images[0], status=journal(3)), *lyon.images[1:]))
    other = replace(inventory, mirrors=inventory.mirrors | {"lyon": state("lyon", changed)})
    assert calls_of(joiner, other) < first / 2
