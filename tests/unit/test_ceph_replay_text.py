"""The daemons' texts are taken apart, whatever they hold."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcn_console.ceph.replay_text import replay_status
from dcn_console.model.mirroring import ReplayState, ReplayStatus

MOMENT = datetime(2026, 11, 21, 4, 54, tzinfo=UTC)
SECONDS = int(MOMENT.timestamp())


def said(words: str, **keys: Any) -> str:
    """Return a text as daemons since Octopus write it."""
    return f"{words}, {json.dumps(keys, separators=(',', ':'))}"


def test_journal_replay_tells_how_far_it_is_behind() -> None:
    text = said(
        "replaying",
        bytes_per_second=35.0,
        entries_behind_primary=6,
        entries_per_second=0.4,
        seconds_until_synced=15,
        non_primary_position={},
        primary_position={"entry_tid": 3, "object_number": 3, "tag_tid": 1},
    )
    assert replay_status("replaying", up=True, reported_at=MOMENT, text=text) == ReplayStatus(
        state=ReplayState.REPLAYING,
        up=True,
        description="replaying",
        reported_at=MOMENT,
        bytes_per_second=35.0,
        entries_behind=6,
        entries_per_second=0.4,
        seconds_until_synced=15.0,
    )


def test_a_first_copy_in_journal_mode_tells_percent() -> None:
    status = replay_status("syncing", text="bootstrapping, IMAGE_SYNC/COPY_IMAGE 95%")
    assert status.percent == 95.0
    assert status.description == "bootstrapping, IMAGE_SYNC/COPY_IMAGE 95%"
    assert replay_status("syncing", text="bootstrapping, OPEN_LOCAL_IMAGE").percent is None
    assert replay_status("error", text="failed: pool is 95% full").percent is None


def test_a_snapshot_on_its_way_tells_percent_and_times() -> None:
    text = said(
        "replaying",
        bytes_per_second=132540006.4,
        bytes_per_snapshot=0.0,
        last_snapshot_bytes=0,
        last_snapshot_sync_seconds=0,
        remote_snapshot_timestamp=SECONDS,
        replay_state="syncing",
        seconds_until_synced=0,
        syncing_percent=62,
        syncing_snapshot_timestamp=SECONDS,
    )
    status = replay_status("replaying", text=text)
    assert (status.replay, status.syncing_percent) == ("syncing", 62.0)
    assert (status.local_snapshot_at, status.remote_snapshot_at) == (None, MOMENT)
    assert status.seconds_until_synced == 0.0


def test_an_arrived_snapshot_has_both_times() -> None:
    text = said(
        "replaying",
        last_snapshot_bytes=4194304,
        local_snapshot_timestamp=SECONDS,
        remote_snapshot_timestamp=SECONDS,
        replay_state="idle",
    )
    status = replay_status("replaying", text=text)
    assert (status.local_snapshot_at, status.remote_snapshot_at) == (MOMENT, MOMENT)
    assert (status.replay, status.last_snapshot_bytes) == ("idle", 4194304)


@pytest.mark.parametrize(
    "text",
    [
        "replaying, master_position=[object_number=3, tag_tid=1, entry_tid=3],"
        " mirror_position=[object_number=1, tag_tid=1, entry_tid=1], entries_behind_master=12",
        "replaying, entries_behind_master=12, entries_per_second=.5",
    ],
)
def test_pairs_of_old_daemons_are_understood(text: str) -> None:
    status = replay_status("replaying", text=text)
    assert (status.entries_behind, status.description) == (12, "replaying")


@pytest.mark.parametrize(
    "text", ["local image is primary", "split-brain", "stopped", "remote image demoted", ""]
)
def test_words_alone_are_the_description(text: str) -> None:
    assert replay_status("stopped", text=text) == ReplayStatus(
        state=ReplayState.STOPPED, description=text
    )


@pytest.mark.parametrize("text", ["replaying, {", "replaying, {]}", "a } b { c", "x {1} y", "{}"])
def test_what_only_looks_like_json_stays_words(text: str) -> None:
    status = replay_status("replaying", text=text)
    assert status.entries_behind is None
    assert status.description == ("" if text == "{}" else text)


@pytest.mark.parametrize(
    "value", ["12", None, [], {}, True, -1, float("nan"), float("inf"), 1 << 200, "x"]
)
def test_a_value_that_cannot_be_is_left_out(value: object) -> None:
    names = (
        *("entries_behind_primary", "bytes_per_second", "seconds_until_synced", "replay_state"),
        *("local_snapshot_timestamp", "syncing_percent", "last_snapshot_bytes"),
    )
    text = said("replaying", **dict.fromkeys(names, value))
    assert replay_status("replaying", text=text) == ReplayStatus(
        state=ReplayState.REPLAYING, description="replaying"
    )


KEYS = st.sampled_from(
    [
        *("entries_behind_primary", "entries_behind_master", "entries_per_second"),
        *("bytes_per_second", "seconds_until_synced", "replay_state", "syncing_percent"),
        *("local_snapshot_timestamp", "remote_snapshot_timestamp", "last_snapshot_bytes"),
        *("unheard_of", "primary_position"),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
TEXTS = st.one_of(
    st.text(),
    st.builds(lambda words, keys: said(words, **keys), st.text(), st.dictionaries(KEYS, JSON)),
    st.builds(lambda key, value: f"replaying, {key}={value}", KEYS, JSON),
    st.builds(lambda depth: "[{" * depth + "}" * depth, st.integers(0, 5000)),
    st.builds("bootstrapping, IMAGE_SYNC/COPY_IMAGE {}%".format, st.integers()),
)


@given(state=st.text() | st.sampled_from([state.value for state in ReplayState]), text=TEXTS)
def test_no_text_ever_fails_or_makes_figures_that_cannot_be(state: str, text: str) -> None:
    status = replay_status(state, text=text)
    for figure in (
        *(status.bytes_per_second, status.seconds_until_synced, status.entries_behind),
        *(status.entries_per_second, status.last_snapshot_bytes),
    ):
        assert figure is None or 0 <= figure < float("inf")
    for percent in (status.percent, status.syncing_percent):
        assert percent is None or 0 <= percent <= 100
    assert status.replay in ("", "idle", "syncing")
    assert status.description in text


@given(keys=st.dictionaries(KEYS, JSON), extra=st.dictionaries(st.text().map("zz{}".format), JSON))
def test_unknown_keys_change_nothing(keys: dict[str, Any], extra: dict[str, Any]) -> None:
    plain = replay_status("replaying", text=said("replaying", **keys))
    assert replay_status("replaying", text=said("replaying", **keys, **extra)) == plain
