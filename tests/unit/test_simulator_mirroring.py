"""Mirroring in the simulator behaves as rbd-mirror does, on a clock that the test moves."""

import pytest
from mirror_stage import AgentRefused, Stage, synced, tail

from dcn_console.simulator.building import build_scenario
from dcn_console.simulator.mirror_reports import report_of
from dcn_console.simulator.rbd_data import OBJECT
from dcn_console.simulator.world import World

MODES = ("journal", "snapshot")


@pytest.mark.parametrize("mode", MODES)
def test_what_is_enabled_arrives_at_every_site_that_receives(mode: str) -> None:
    stage = synced(mode)
    wanted = stage.content("home", "disk")
    assert len(wanted) == 8
    assert len(set(wanted.values())) == 8
    home = stage.images("home")["disk"]
    assert (home["primary"], home["status"]["text"]) == (True, "local image is primary")
    assert len(home["remote"]) == 2
    for site in ("north", "south"):
        image = stage.images(site)["disk"]
        assert (image["mode"], image["primary"]) == (mode, False)
        assert image["global_id"] == home["global_id"]
        assert image["id"] != home["id"]
        assert (image["status"]["state"], image["status"]["up"]) == ("replaying", True)
        assert stage.content(site, "disk") == wanted
    assert stage.images("south")["disk"]["remote"] == []
    assert [item["status"]["state"] for item in stage.images("north")["disk"]["remote"]] == [
        "stopped"
    ]


def test_the_first_copy_of_journal_mode_shows_bytes_at_once_and_percent_now_and_then() -> None:
    stage = Stage()
    stage.add("disk", 160)
    stage.ask("home", "mirror_enable", name="disk", mode="journal")
    seen, texts = [], set()
    for _ in range(60):
        stage.wait(1.0)
        if not stage.exists("north", "disk"):
            continue
        progress = stage.ask("north", "sync_progress", name="disk")
        assert progress["total"] == 160 * OBJECT
        seen.append(progress["done"])
        texts.add(stage.status("north", "disk").get("text"))
    assert seen == sorted(seen)
    assert len({done for done in seen if 0 < done < 160 * OBJECT}) > 20
    assert seen[-1] == 160 * OBJECT
    reports = {text for text in texts if text and "COPY_IMAGE" in text}
    assert all(text.startswith("bootstrapping, IMAGE_SYNC/COPY_IMAGE ") for text in reports)
    assert 1 <= len(reports) <= 5, "the daemon writes only now and then"
    assert None in texts, "and nothing at first"


def test_the_first_copy_of_snapshot_mode_is_counted_in_objects() -> None:
    stage = Stage()
    stage.add("disk", 160)
    stage.ask("home", "mirror_enable", name="disk", mode="snapshot")
    stage.wait(25.0)
    detail = stage.ask("north", "rbd_detail", name="disk")
    mark = detail["mirror_snapshots"][-1]
    assert (mark["state"], mark["complete"]) == ("non-primary", False)
    assert 0 < mark["copied_objects"] < 160
    assert detail["features"] & 1024
    progress = stage.ask("north", "sync_progress", name="disk")
    assert progress["done"] == mark["copied_objects"] * OBJECT
    status = stage.status("north", "disk")
    assert status["state"] == "replaying"
    said = tail(status["text"])
    assert said["replay_state"] == "syncing"
    assert "local_snapshot_timestamp" not in said
    percent = said["syncing_percent"]
    assert isinstance(percent, int)
    assert 0 <= percent <= 100
    stage.wait(60.0)
    said = tail(stage.status("north", "disk")["text"])
    assert said["replay_state"] == "idle"
    assert said["local_snapshot_timestamp"] == said["remote_snapshot_timestamp"]
    assert said["last_snapshot_bytes"] == 160 * OBJECT


def test_a_complete_mirror_snapshot_is_all_there_is_holes_too() -> None:
    stage = Stage()
    stage.add("disk", 4)
    stage.ask("home", "mirror_enable", name="disk", mode="snapshot")
    stage.wait(90.0)
    progress = stage.ask("north", "sync_progress", name="disk")
    assert progress["done"] == progress["total"] == 16 * OBJECT


def test_a_journal_lags_and_catches_up() -> None:
    stage = synced("journal")
    stage.write("home", "disk", (3, 12), entries=1200)
    stage.wait(16.0)
    said = tail(stage.status("north", "disk")["text"])
    behind = said["entries_behind_primary"]
    assert isinstance(behind, int)
    assert 400 < behind < 1200
    assert stage.content("north", "disk") != stage.content("home", "disk")
    stage.wait(60.0)
    assert tail(stage.status("north", "disk")["text"])["entries_behind_primary"] == 0
    assert stage.content("north", "disk") == stage.content("home", "disk")


def test_snapshot_mode_brings_what_was_written_with_the_next_snapshot_only() -> None:
    stage = synced("snapshot")
    before = stage.content("home", "disk")
    stage.write("home", "disk", (3, 12))
    stage.wait(60.0)
    assert stage.content("north", "disk") == before
    number = stage.ask("home", "mirror_snapshot", name="disk")["id"]
    stage.wait(30.0)
    assert stage.content("north", "disk") == stage.content("home", "disk")
    mark = stage.ask("north", "rbd_detail", name="disk")["mirror_snapshots"][-1]
    assert (mark["primary_snapshot_id"], mark["complete"]) == (number, True)
    assert stage.content("home", "disk", number) == stage.content("north", "disk")
    old = stage.content("north", "disk", mark["id"])
    assert old == before, "the secondary's own snapshot holds what was there before the sync"


def test_a_schedule_takes_snapshots_while_the_mgr_lives() -> None:
    stage = synced("snapshot")
    stage.ask("home", "mirror_schedule_add", name="disk", interval="1m")
    stage.ask("home", "mirror_schedule_add", name=None, interval="2h")
    wanted = [
        {"image": "disk", "interval": "1m", "start_time": ""},
        {"image": None, "interval": "2h", "start_time": ""},
    ]
    assert stage.ask("home", "mirror_schedules") == wanted
    stage.write("home", "disk", (5,))
    stage.wait(80.0)
    assert stage.content("north", "disk") == stage.content("home", "disk")
    stage.fault(mgr_down=("home",))
    stage.write("home", "disk", (6,))
    stage.wait(200.0)
    assert stage.content("north", "disk") != stage.content("home", "disk")
    for operation in ("mirror_schedules", "mirror_daemons"):
        with pytest.raises(AgentRefused, match="unreachable"):
            stage.ask("home", operation)
    assert stage.images("home"), "everything else needs no mgr"
    stage.fault()
    stage.ask("home", "mirror_schedule_remove", name="disk", interval="1m")
    assert stage.ask("home", "mirror_schedules") == wanted[1:]
    with pytest.raises(AgentRefused, match="interval"):
        stage.ask("home", "mirror_schedule_add", name="disk", interval="often")


def test_a_dead_daemon_leaves_its_last_word_and_stops_a_copy() -> None:
    stage = Stage()
    stage.add("disk", 160)
    stage.ask("home", "mirror_enable", name="disk", mode="journal")
    stage.wait(25.0)
    stage.fault(mirror_down=("north",))
    done = stage.ask("north", "sync_progress", name="disk")["done"]
    word = stage.status("north", "disk")
    assert 0 < done < 160 * OBJECT
    assert word["up"]
    stage.wait(20.0)
    assert stage.status("north", "disk") == word
    assert stage.ask("north", "mirror_daemons")
    stage.wait(100.0)
    assert stage.status("north", "disk") == word | {"up": False}
    assert stage.ask("north", "mirror_daemons") == []
    assert stage.ask("north", "sync_progress", name="disk")["done"] == done
    stage.fault()
    stage.wait(5.0)
    assert stage.ask("north", "sync_progress", name="disk")["done"] > done
    stage.wait(60.0)
    assert stage.status("north", "disk")["up"]
    assert stage.content("north", "disk") == stage.content("home", "disk")


@pytest.mark.parametrize("faults", [{"mon_down": ("home",)}, {"full": ("north",)}])
def test_a_dead_primary_and_a_full_peer_stop_a_copy(faults: dict[str, tuple[str, ...]]) -> None:
    stage = Stage()
    stage.add("disk", 160)
    stage.ask("home", "mirror_enable", name="disk", mode="snapshot")
    stage.wait(25.0)
    stage.fault(**faults)
    done = stage.ask("north", "sync_progress", name="disk")["done"]
    stage.wait(300.0)
    assert stage.ask("north", "sync_progress", name="disk")["done"] == done
    stage.fault()
    stage.wait(90.0)
    assert stage.content("north", "disk") == stage.content("home", "disk")


def test_the_demo_has_every_state_that_is_to_be_seen() -> None:
    contents = build_scenario("demo", now=1_795_000_000.0)
    world = World(contents)
    names = {f"volume-{volume.id}": volume.name for volume in contents.volumes}
    found = {
        (replay.site, names[replay.name]): (replay.phase.value, report_of(world, replay, world.now))
        for replay in world.mirrors.replays()
    }
    assert found["leeds", "price-list"][0] == "syncing"
    assert found["central", "stock-2024"][0] == "split-brain"
    assert found["leeds", "stock-2024"][0] == "primary"
    for name in ("ledger-db", "ledger-archive", "shop-media", "till-journal"):
        assert found["leeds", name][0] == "replaying"
    assert found["central", "label-templates"][0] == "replaying"
    behind = found["leeds", "till-journal"][1]
    assert behind is not None
    entries = tail(behind.text)["entries_behind_primary"]
    assert isinstance(entries, int)
    assert entries > 0
    assert "handover-notes" not in {name for _, name in found}
