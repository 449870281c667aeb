"""What looking again and again tells: since when, last caught up, and gone since."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from mirror_facts import GLOBAL_ID, NOW, image, journal, report, snapshot, state

from dcn_console.inventory.mirror_memory import is_continued, noticed
from dcn_console.model.inventory import Noticed, Snapshot, Source
from dcn_console.model.mirroring import MirrorImage, MirrorMode

LATER = NOW + timedelta(seconds=10)


def seen(
    *images: MirrorImage, before: dict[str, Noticed] | None = None, continued: bool = True
) -> Noticed:
    return noticed(before or {}, images, LATER, continued=continued)[GLOBAL_ID]


def test_what_is_new_since_the_last_look_began_now_and_else_nobody_knows_when() -> None:
    assert seen(image(None)).since == LATER
    assert seen(image(None), continued=False).since is None


def test_a_promotion_and_a_new_id_begin_anew() -> None:
    before = {GLOBAL_ID: Noticed(id="id-volume-v1", since=NOW, consistent_at=NOW)}
    assert seen(image(None), before=before) == before[GLOBAL_ID]
    assert seen(image(primary=True), before=before).since == LATER
    resynced = seen(image(None, id="new"), before=before)
    assert (resynced.since, resynced.consistent_at) == (LATER, None)


def test_the_last_whole_point_is_kept_while_a_journal_is_behind() -> None:
    caught_up = seen(image(journal(0, age=40)))
    behind = seen(image(journal(3)), before={GLOBAL_ID: caught_up})
    assert behind.consistent_at == caught_up.consistent_at is not None
    assert behind.behind_since == LATER
    later = LATER + timedelta(seconds=5)
    still = noticed({GLOBAL_ID: behind}, [image(journal(9))], later, continued=True)
    assert still[GLOBAL_ID] is behind
    over = seen(image(journal(0)), before={GLOBAL_ID: behind})
    assert over.behind_since is None


def test_a_side_that_was_primary_holds_nothing_whole_until_its_daemon_says_so() -> None:
    before = {GLOBAL_ID: seen(image(primary=True))}
    waiting = report("unknown", description="remote image is not primary")
    assert seen(image(waiting), before=before).consistent_at is None
    assert seen(image(journal(0)), before=before).consistent_at is not None


def test_an_arrived_snapshot_is_the_last_whole_point_also_in_mid_delta() -> None:
    delta = image(snapshot(600, 5, replay="syncing"), mode=MirrorMode.SNAPSHOT)
    assert seen(delta).consistent_at == NOW - timedelta(seconds=600)


def test_what_vanished_is_remembered_for_a_while() -> None:
    before = {GLOBAL_ID: Noticed(id="x", since=NOW)}
    gone = seen(before=before)
    assert gone.gone_since == LATER
    again = noticed({GLOBAL_ID: gone}, [], LATER + timedelta(minutes=9), continued=True)
    assert again[GLOBAL_ID] is gone
    assert noticed({GLOBAL_ID: gone}, [], LATER + timedelta(minutes=11), continued=True) == {}
    assert noticed(before, [], LATER, continued=False) == {}


def test_only_a_live_look_a_short_while_ago_is_continued() -> None:
    assert is_continued(state("paris"), LATER)
    assert not is_continued(state("paris"), NOW + timedelta(seconds=61))
    assert not is_continued(state("paris", source=Source.CACHE), LATER)
    assert not is_continued(Snapshot(), LATER)


STATUS = st.sampled_from(
    [None, journal(0), journal(3), snapshot(), snapshot(local=None), report("error")]
)
IMAGES = st.lists(
    st.builds(
        image,
        STATUS,
        primary=st.booleans(),
        global_id=st.sampled_from(["g1", "g2"]),
        id=st.sampled_from(["a", "b"]),
        mode=st.sampled_from([None, MirrorMode.JOURNAL, MirrorMode.SNAPSHOT]),
    ),
    max_size=2,
    unique_by=lambda one: one.global_id,
)


@given(st.lists(st.tuples(IMAGES, st.booleans()), min_size=1, max_size=5))
def test_looking_again_at_the_same_changes_nothing_and_a_primary_is_never_behind(
    looks: list[tuple[list[MirrorImage], bool]],
) -> None:
    known: dict[str, Noticed] = {}
    moment = NOW
    for images, continued in looks:
        moment += timedelta(seconds=5)
        known = noticed(known, images, moment, continued=continued)
        again = noticed(known, images, moment + timedelta(seconds=1), continued=True)
        assert all(again[key] is known[key] for key in again)
        for one in images:
            if one.primary:
                assert known[one.global_id].consistent_at is None
                assert known[one.global_id].behind_since is None
