"""What is said of a mirrored RBD image, staged from both sides: a wrong word can cost data."""

from datetime import timedelta
from typing import Any

import pytest
from mirror_facts import (
    GLOBAL_ID,
    NOW,
    SITES,
    ago,
    image,
    journal,
    peer,
    pool,
    report,
    snapshot,
    state,
    told,
    unreachable,
    world,
)

from dcn_console.inventory.findings import clock
from dcn_console.inventory.join import Joiner, rows
from dcn_console.model.findings import Severity
from dcn_console.model.inventory import Inventory, Noticed, Source, Volume
from dcn_console.model.inventory import Snapshot as Listed
from dcn_console.model.mirror_rows import MirrorCondition, MirrorRow
from dcn_console.model.mirroring import MirrorMode, PeerDirection, SnapshotSchedule
from dcn_console.model.plans import ObjectReference, Plan
from dcn_console.model.sites import Topology
from dcn_console.model.tasks import Task, TaskState

SNAPSHOT = MirrorMode.SNAPSHOT
EVERY_15_MINUTES = (SnapshotSchedule(interval="15m"),)


def judged(inventory: Inventory, tasks: tuple[Task, ...] = (), pair: str = "lyon") -> MirrorRow:
    """Return the row between paris and another site."""
    found = [
        row
        for row in rows(inventory, tasks, NOW).mirrors
        if {row.source.site, row.destination.site} == {"paris", pair}
    ]
    assert len(found) == 1
    return found[0]


def kinds(row: MirrorRow) -> list[str]:
    return [finding.kind for finding in row.findings]


def a_task(operation: str, kind: str = "volume", identity: str = "v1") -> Task:
    plan = Plan(
        operation=operation,
        title=operation,
        objects=(ObjectReference(kind=kind, id=identity, name="db"),),
        targets=("lyon",),
        made_at=NOW,
        reads_only=operation == "mirror-verify",
    )
    return Task(number=7, id="7", plan=plan, state=TaskState.RUNNING, submitted_at=NOW)


def scheduled(**fields: Any) -> Any:
    primary = image(primary=True, mode=SNAPSHOT)
    return pool("paris", primary, schedules=EVERY_15_MINUTES, **fields)


class TestFollowing:
    """Conditions in which changes arrive."""

    def test_a_journal_replayed_to_its_end_is_in_sync(self) -> None:
        row = judged(world(image(primary=True), image(journal(0))))
        assert row.condition is MirrorCondition.IN_SYNC
        assert (row.source.site, row.destination.site) == ("paris", "lyon")
        assert row.protected.holds is True
        assert row.peer_ready.holds is True
        assert row.consistent_at == ago(5)
        assert row.lag_seconds(NOW) == 5
        assert row.findings == ()

    def test_a_journal_with_entries_left_is_behind_and_of_unknown_age(self) -> None:
        row = judged(world(image(primary=True), image(journal(12))))
        assert row.condition is MirrorCondition.REPLAYING
        assert row.behind == "12 entries"
        assert row.consistent_at is None
        assert row.protected.holds is True
        assert row.peer_ready.why.startswith(f"all but 12 journal entries at {clock(ago(5), NOW)}")

    def test_a_journal_row_keeps_when_it_was_last_seen_caught_up(self) -> None:
        lyon = pool(
            "lyon",
            image(journal(12)),
            noticed={
                GLOBAL_ID: Noticed(id="id-volume-v1", consistent_at=ago(50), behind_since=ago(20))
            },
        )
        row = judged(world(image(primary=True), lyon))
        assert row.consistent_at == ago(50)
        assert row.peer_ready.holds is True
        assert kinds(row) == []

    @pytest.mark.parametrize(("since", "lagging"), [(59, False), (60, True), (600, True)])
    def test_a_journal_row_that_stays_behind_lags(self, since: float, lagging: bool) -> None:
        known = Noticed(id="id-volume-v1", consistent_at=ago(since + 9), behind_since=ago(since))
        lyon = pool("lyon", image(journal(12)), noticed={GLOBAL_ID: known})
        row = judged(world(image(primary=True), lyon))
        assert ("mirror-lag" in kinds(row)) is lagging

    def test_looked_at_once_a_journal_row_that_is_behind_lags(self) -> None:
        assert kinds(judged(world(image(primary=True), image(journal(3))))) == ["mirror-lag"]

    def test_an_arrived_snapshot_is_in_sync_and_its_age_is_the_lag(self) -> None:
        row = judged(world(scheduled(), image(snapshot(60, 60), mode=SNAPSHOT)))
        assert row.condition is MirrorCondition.IN_SYNC
        assert row.lag_seconds(NOW) == 60
        assert row.protected.holds is True
        assert row.schedules == EVERY_15_MINUTES

    def test_idle_with_only_a_remote_snapshot_is_not_synced(self) -> None:
        fresh = snapshot(local=None, remote=3)
        row = judged(world(scheduled(), image(fresh, mode=SNAPSHOT)))
        assert row.condition is MirrorCondition.SYNCING
        assert row.protected.holds is False
        assert row.peer_ready.holds is False
        assert row.consistent_at is None

    def test_a_delta_on_its_way_is_replaying_and_still_ready_as_of_before(self) -> None:
        delta = snapshot(600, 5, replay="syncing", syncing_percent=62.0)
        row = judged(world(scheduled(), image(delta, mode=SNAPSHOT)))
        assert row.condition is MirrorCondition.REPLAYING
        assert row.peer_ready.holds is True
        assert row.consistent_at == ago(600)

    def test_an_overdue_snapshot_is_lag_and_no_protection(self) -> None:
        late = image(snapshot(1801, 1801), mode=SNAPSHOT)
        row = judged(world(scheduled(), late))
        assert row.condition is MirrorCondition.IN_SYNC
        assert kinds(row) == ["mirror-lag"]
        assert row.protected.holds is False
        assert "15m" in row.protected.why
        early = judged(world(scheduled(), image(snapshot(1799, 1799), mode=SNAPSHOT)))
        assert (kinds(early), early.protected.holds) == ([], True)

    def test_the_schedule_of_the_rbd_image_itself_counts_too(self) -> None:
        own = SnapshotSchedule(interval="1m", image="volume-v1")
        other = SnapshotSchedule(interval="1m", image="volume-v2")
        late = image(snapshot(121, 121), mode=SNAPSHOT)
        for schedule, lagging in ((own, True), (other, False)):
            paris = pool(
                "paris",
                image(primary=True, mode=SNAPSHOT),
                schedules=(*EVERY_15_MINUTES, schedule),
            )
            assert (kinds(judged(world(paris, late))) == ["mirror-lag"]) is lagging

    def test_without_a_schedule_only_what_was_there_is_protected(self) -> None:
        row = judged(world(image(primary=True, mode=SNAPSHOT), image(snapshot(), mode=SNAPSHOT)))
        assert row.protected.holds is False
        assert row.protected.why == "no schedule: only what was there at 11:59 UTC"
        assert row.peer_ready.holds is True
        assert row.findings == ()

    def test_a_manager_that_tells_no_schedules_leaves_protection_open(self) -> None:
        paris = pool("paris", image(primary=True, mode=SNAPSHOT), schedules=None)
        row = judged(world(paris, image(snapshot(), mode=SNAPSHOT)))
        assert (row.condition, row.protected.holds) == (MirrorCondition.IN_SYNC, None)

    def test_a_mode_that_is_not_told_shows_in_the_report(self) -> None:
        row = judged(world(image(primary=True, mode=None), image(journal(0), mode=None)))
        assert (row.mode, row.condition) == (MirrorMode.JOURNAL, MirrorCondition.IN_SYNC)

    def test_a_first_copy_shows_the_daemons_figure_until_one_is_measured(self) -> None:
        volume = Volume(id="v1", name="db", size=1000)
        lyon = image(report("syncing", percent=42.0))
        inventory = world(image(primary=True), lyon, volumes=Listed(rows=(volume,)))
        row = judged(inventory)
        assert row.condition is MirrorCondition.SYNCING
        assert row.progress is not None
        assert (row.progress.done, row.progress.total) == (420, 1000)
        assert row.peer_ready.holds is False
        assert row.label == "db"


class TestSplitBrain:
    """Told by the demoted side only."""

    DEMOTED = report("error", description="split-brain detected")

    def test_it_shows_although_the_primary_looks_healthy(self) -> None:
        row = judged(world(image(self.DEMOTED), image(primary=True)))
        assert row.condition is MirrorCondition.SPLIT_BRAIN
        assert row.source.site == "lyon"
        assert row.protected.holds is False
        assert row.peer_ready.holds is False
        assert row.consistent_at is None
        assert kinds(row) == ["split-brain"]

    def test_the_primary_of_a_side_that_cannot_be_asked_was_told_of_it(self) -> None:
        lyon = image(primary=True, remote=(told("paris", self.DEMOTED),))
        row = judged(world(unreachable(), lyon))
        assert row.condition is MirrorCondition.SPLIT_BRAIN

    def test_an_old_word_of_it_at_the_primary_gives_way_to_a_newer_report(self) -> None:
        old = report("error", age=90, description="split-brain")
        row = judged(world(image(primary=True, remote=(told("lyon", old),)), image(journal(0))))
        assert row.condition is MirrorCondition.IN_SYNC

    def test_it_stays_shown_when_the_side_cannot_be_asked_any_more(self) -> None:
        last = state("paris", pool("paris", image(self.DEMOTED)))
        row = judged(world(unreachable(last=last), image(primary=True)))
        assert row.condition is MirrorCondition.SPLIT_BRAIN
        assert "last asked" in row.text

    def test_it_stays_shown_while_a_task_of_ours_is_at_work(self) -> None:
        row = judged(world(image(self.DEMOTED), image(primary=True)), (a_task("mirror-resync"),))
        assert (row.condition, row.task) == (MirrorCondition.SPLIT_BRAIN, 7)


class TestDaemons:
    """A report is only as good as the daemon behind it."""

    @pytest.mark.parametrize(
        "status",
        [
            journal(0, age=121),
            journal(0, up=False),
            snapshot(60, 60, age=3600),
            report("syncing", age=200),
        ],
    )
    def test_old_and_down_reports_are_those_of_a_dead_daemon(self, status: Any) -> None:
        mode = SNAPSHOT if status.replay else MirrorMode.JOURNAL
        row = judged(world(image(primary=True, mode=mode), image(status, mode=mode)))
        assert row.condition is MirrorCondition.DAEMON_DEAD
        assert row.protected.holds is False
        assert kinds(row) == ["mirror-daemon-dead"]

    def test_with_a_dead_daemon_the_peer_is_ready_as_of_the_last_report(self) -> None:
        row = judged(world(image(primary=True), image(journal(0, age=600))))
        assert row.consistent_at == ago(600)
        assert row.peer_ready.holds is True
        assert "11:50 UTC" in row.peer_ready.why
        assert "dead" in row.peer_ready.why

    def test_a_daemon_that_died_in_the_first_copy_leaves_nothing_ready(self) -> None:
        row = judged(world(image(primary=True), image(report("syncing", age=600))))
        assert row.peer_ready.holds is False

    def test_a_daemon_that_cannot_replay_says_so_once_only(self) -> None:
        failing = report("error", age=7200, description="error bootstrapping replay")
        row = judged(world(image(primary=True), image(failing)))
        assert row.condition is MirrorCondition.ERROR
        assert "error bootstrapping replay" in row.text
        assert kinds(row) == ["mirror-error"]
        assert row.peer_ready.holds is None

    @pytest.mark.parametrize(
        ("since", "condition"),
        [(10, MirrorCondition.STARTING), (91, MirrorCondition.DAEMON_DEAD)],
    )
    def test_an_rbd_image_without_a_report_may_only_just_have_been_enabled(
        self, since: float, condition: MirrorCondition
    ) -> None:
        lyon = pool(
            "lyon", image(None), noticed={GLOBAL_ID: Noticed(id="id-volume-v1", since=ago(since))}
        )
        row = judged(world(image(primary=True), lyon))
        assert row.condition is condition
        assert row.protected.holds is False
        assert "first copy is not complete" not in row.protected.why

    def test_looked_at_once_a_daemon_that_reports_others_has_not_begun(self) -> None:
        lyon = pool("lyon", image(None), image(journal(0), name="other", global_id="g2"))
        paris = pool(
            "paris", image(primary=True), image(primary=True, name="other", global_id="g2")
        )
        found = {
            row.image: row.condition
            for row in rows(world(paris, lyon), (), NOW).mirrors
            if row.destination.site == "lyon"
        }
        assert found["volume-v1"] is MirrorCondition.STARTING

    def test_looked_at_once_nobody_reporting_anything_is_a_dead_daemon(self) -> None:
        lyon = pool("lyon", image(None), daemons=())
        row = judged(world(image(primary=True), lyon))
        assert row.condition is MirrorCondition.DAEMON_DEAD

    def test_looked_at_once_without_a_manager_no_daemon_is_called_dead(self) -> None:
        late = pool("lyon", image(None), daemons=(), daemons_error="no active manager")
        for lyon in (pool("lyon", image(None)), late):
            row = judged(world(image(primary=True), lyon))
            assert row.condition is MirrorCondition.UNKNOWN
            assert "its manager does not tell" in row.text
            assert row.protected.holds is None
            assert row.findings == ()

    def test_what_was_reported_before_a_promotion_is_not_about_the_new_primary(self) -> None:
        promoted = {GLOBAL_ID: Noticed(id="id-volume-v1", primary=True, since=ago(3))}
        lyon = pool("lyon", image(primary=True), noticed=promoted)
        row = judged(world(image(journal(0, age=10)), lyon))
        assert row.condition is MirrorCondition.STARTING
        assert row.protected.holds is False


class TestMissing:
    """One side does not have it, or has no primary."""

    def test_while_a_site_is_silent_nothing_is_said_to_be_without_a_primary(self) -> None:
        waiting = image(report("unknown"))
        for paris, lyon in ((waiting, waiting), (None, waiting), (waiting, None)):
            row = judged(world(paris, lyon, unreachable()))
            assert row.condition is MirrorCondition.UNKNOWN
            assert "nice cannot be asked" in row.text
            assert row.findings == ()

    def test_mirroring_that_arrives_nowhere_is_an_alarm(self) -> None:
        row = judged(world(image(primary=True)))
        assert row.condition is MirrorCondition.NO_PEER_COPY
        assert row.destination.exists is False
        assert (row.protected.holds, row.peer_ready.holds) == (False, False)
        assert kinds(row) == ["no-peer-copy"]

    def test_what_was_enabled_just_now_is_starting(self) -> None:
        known = Noticed(id="id-volume-v1", primary=True, since=ago(20))
        paris = pool("paris", image(primary=True), noticed={GLOBAL_ID: known})
        row = judged(world(paris))
        assert (row.condition, kinds(row)) == (MirrorCondition.STARTING, [])

    @pytest.mark.parametrize(
        ("since", "condition"),
        [(30, MirrorCondition.RESYNCING), (181, MirrorCondition.NO_PEER_COPY)],
    )
    def test_a_secondary_that_vanished_comes_back_in_a_resync(
        self, since: float, condition: MirrorCondition
    ) -> None:
        lyon = pool("lyon", noticed={GLOBAL_ID: Noticed(id="id", gone_since=ago(since))})
        row = judged(world(image(primary=True), lyon))
        assert row.condition is condition
        assert row.peer_ready.holds is False

    def test_our_own_resync_explains_a_missing_secondary(self) -> None:
        row = judged(world(image(primary=True)), (a_task("mirror-resync"),))
        assert (row.condition, kinds(row)) == (MirrorCondition.RESYNCING, [])

    def test_no_daemon_at_all_is_why_it_is_missing(self) -> None:
        row = judged(world(image(primary=True), pool("lyon", daemons=())))
        assert row.condition is MirrorCondition.DAEMON_DEAD

    def test_a_secondary_without_any_primary_is_an_orphan(self) -> None:
        row = judged(world(None, image(journal(0, age=3000))))
        assert row.condition is MirrorCondition.ORPHAN
        assert (row.source.site, row.source.exists) == ("paris", False)
        assert kinds(row) == ["mirror-orphan"]

    def test_a_secondary_whose_primary_vanished_just_now_is_no_alarm_yet(self) -> None:
        gone = {GLOBAL_ID: Noticed(id="x", primary=True, gone_since=ago(20))}
        row = judged(world(pool("paris", noticed=gone), image(journal(0))))
        assert (row.condition, kinds(row)) == (MirrorCondition.ORPHAN, [])

    def test_a_pool_that_nobody_receives(self) -> None:
        topology = Topology(sites=SITES.sites[:1])
        inventory = world(pool("paris", image(primary=True), peers=()), topology=topology)
        (row,) = rows(inventory, (), NOW).mirrors
        assert row.condition is MirrorCondition.NO_PEER_COPY
        assert row.destination.site == ""

    def test_a_receiver_that_is_none_of_our_sites_is_unknown(self) -> None:
        topology = Topology(sites=SITES.sites[:1])
        (row,) = rows(world(image(primary=True), topology=topology), (), NOW).mirrors
        assert row.condition is MirrorCondition.UNKNOWN
        assert row.destination.exists is None


class TestUnreachable:
    """A cluster that does not answer is unknown, never missing."""

    def test_a_destination_that_cannot_be_asked(self) -> None:
        row = judged(world(image(primary=True), unreachable()))
        assert row.condition is MirrorCondition.UNKNOWN
        assert (row.destination.reachable, row.destination.exists) == (False, None)
        assert (row.protected.holds, row.peer_ready.holds) == (None, None)
        assert row.findings == ()

    def test_what_its_daemon_told_the_primary_is_said(self) -> None:
        paris = image(primary=True, remote=(told("lyon", journal(0)),))
        last = state("lyon", pool("lyon", image(journal(0, age=300))))
        row = judged(world(paris, unreachable(last=last)))
        assert row.condition is MirrorCondition.UNKNOWN
        assert "told paris at 11:59 UTC" in row.text

    def test_a_lost_primary_leaves_the_peer_ready_as_of_its_last_point(self) -> None:
        last = state("paris", pool("paris", image(primary=True)))
        primary = report("stopped", description="local image is primary", age=300)
        lyon = image(journal(0, age=30), remote=(told("paris", primary),))
        row = judged(world(unreachable(last=last), lyon))
        assert row.condition is MirrorCondition.UNKNOWN
        assert row.source.site == "paris"
        assert row.protected.holds is None
        assert row.peer_ready.holds is True
        assert row.consistent_at == ago(300)

    def test_a_daemon_alone_does_not_tell_how_much_of_a_lost_primary_is_there(self) -> None:
        last = state("paris", pool("paris", image(primary=True)))
        row = judged(world(unreachable(last=last), image(journal(0, age=30))))
        assert row.consistent_at is None
        assert "to a point that is not known" in row.peer_ready.why

    def test_a_primary_never_asked_comes_first_as_it_must_be_that(self) -> None:
        row = judged(world(unreachable(), image(journal(0))))
        assert (row.source.site, row.source.primary) == ("paris", None)
        assert row.peer_ready.holds is True

    def test_after_a_failover_the_lost_primary_is_the_second(self) -> None:
        last = state("paris", pool("paris", image(primary=True)))
        row = judged(world(unreachable(last=last), image(primary=True)))
        assert row.condition is MirrorCondition.UNKNOWN
        assert row.source.site == "lyon"
        assert row.peer_ready.holds is None

    def test_rows_of_an_earlier_run_are_judged_as_of_then_and_promise_nothing(self) -> None:
        old = {"source": Source.CACHE, "taken_at": NOW - timedelta(days=2)}
        status = journal(0, age=2 * 86400 + 10)
        row = judged(
            world(
                state("paris", pool("paris", image(primary=True)), **old),
                state("lyon", pool("lyon", image(status)), **old),
            )
        )
        assert row.condition is MirrorCondition.IN_SYNC
        assert (row.protected.holds, row.peer_ready.holds) == (None, None)
        assert row.findings == ()


class TestDirections:
    """Who is primary, and who receives from whom."""

    def test_two_primaries(self) -> None:
        row = judged(world(image(primary=True), image(primary=True)))
        assert row.condition is MirrorCondition.BOTH_PRIMARY
        assert (row.protected.holds, row.peer_ready.holds) == (False, False)
        assert kinds(row) == ["both-primary"]

    def test_two_secondaries_are_an_alarm_unless_a_task_of_ours_is_at_work(self) -> None:
        waiting = report("unknown", description="remote image is not primary")
        inventory = world(image(waiting), image(waiting))
        row = judged(inventory)
        assert (row.condition, kinds(row)) == (MirrorCondition.DEMOTED, ["both-secondary"])
        assert row.protected.holds is False
        busy = judged(inventory, (a_task("mirror-relocate"),))
        assert (busy.condition, busy.task, kinds(busy)) == (MirrorCondition.DEMOTED, 7, [])
        watching = judged(inventory, (a_task("mirror-verify"),))
        assert (watching.task, kinds(watching)) == (7, ["both-secondary"])

    @pytest.mark.parametrize(
        ("paris_primary", "lyon_primary", "condition"),
        [
            (True, True, MirrorCondition.BOTH_PRIMARY),
            (False, False, MirrorCondition.DEMOTED),
            (None, False, MirrorCondition.ORPHAN),
            (True, None, MirrorCondition.NO_PEER_COPY),
        ],
    )
    def test_a_side_read_before_the_other_changed_is_no_witness(
        self,
        paris_primary: bool | None,
        lyon_primary: bool | None,
        condition: MirrorCondition,
    ) -> None:
        """In a relocation the clusters are read one after the other."""
        known = {GLOBAL_ID: Noticed(id="id-volume-v1", since=ago(100))}

        def side(site: str, primary: bool | None) -> Any:
            held = () if primary is None else (image(journal(0), primary=primary),)
            return pool(site, *held, noticed=known if held else {})

        for seconds, expected in ((101, MirrorCondition.UNKNOWN), (99, condition)):
            paris = state("paris", side("paris", paris_primary), taken_at=ago(seconds))
            lyon = state("lyon", side("lyon", lyon_primary), taken_at=ago(seconds))
            row = judged(world(paris, lyon))
            assert row.condition is expected
            assert (row.findings == ()) is (expected is MirrorCondition.UNKNOWN)

    def test_a_task_names_a_bare_rbd_image_with_its_pool(self) -> None:
        waiting = report("unknown", description="remote image is not primary")
        sides = [image(waiting, name="disk") for _ in range(2)]
        row = judged(world(*sides), (a_task("mirror-relocate", "RBD image", "volumes/disk"),))
        assert row.task == 7

    def test_a_site_that_receives_from_elsewhere_is_not_protected_by_an_old_report(self) -> None:
        lyon, nice = image(primary=True), image(journal(0))
        found = [
            row
            for row in rows(world(image(journal(0)), lyon, nice), (), NOW).mirrors
            if row.destination.site == "nice"
        ]
        (row,) = found
        assert row.source.site == "lyon"
        assert row.condition is MirrorCondition.ORPHAN
        assert "does not receive from lyon" in row.text
        (finding,) = row.findings
        assert (finding.kind, finding.severity, finding.site) == (
            "mirror-orphan",
            Severity.WARNING,
            "nice",
        )
        assert "rbd mirror image disable --force at nice, then rbd rm" in finding.way_out
        assert row.consistent_at is None
        assert row.peer_ready.holds is False

    def test_an_orphan_by_its_daemons_word(self) -> None:
        said = report("stopped", description="orphan (force promoting)")
        row = judged(world(image(primary=True), image(said)))
        assert row.condition is MirrorCondition.ORPHAN

    def test_a_secondary_with_a_receiving_peer_that_nobody_knows(self) -> None:
        nice = pool(
            "nice",
            image(journal(0)),
            peers=(peer("marseille", PeerDirection.RECEIVE, met=False),),
        )
        row = judged(world(image(primary=True), None, nice), pair="nice")
        assert row.condition is MirrorCondition.IN_SYNC


def test_time_alone_turns_a_silent_daemon_into_a_dead_one() -> None:
    joiner = Joiner()
    inventory = world(image(primary=True), image(journal(0)))
    first = joiner.rows(inventory, (), NOW)
    same = joiner.rows(inventory, (), NOW + timedelta(seconds=100))
    assert same is first
    later = joiner.rows(inventory, (), NOW + timedelta(seconds=116))
    conditions = [row.condition for row in later.mirrors if row.destination.site == "lyon"]
    assert conditions == [MirrorCondition.DAEMON_DEAD]
