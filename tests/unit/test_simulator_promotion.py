"""Sides, pools and peers change in the simulator as on real clusters."""

import pytest
from mirror_stage import AgentRefused, Stage, split, synced

from dcn_console.simulator.records import RbdParent

MODES = ("journal", "snapshot")


@pytest.mark.parametrize("mode", MODES)
def test_a_promotion_before_the_demotion_arrived_is_busy(mode: str) -> None:
    stage = synced(mode)
    with pytest.raises(AgentRefused, match="busy"):
        stage.ask("north", "mirror_promote", name="disk", force=False)
    stage.ask("home", "mirror_demote", name="disk")
    with pytest.raises(AgentRefused, match="busy"):
        stage.ask("north", "mirror_promote", name="disk", force=False)
    stage.wait(20.0)
    for site in ("home", "north"):
        assert stage.status(site, "disk")["text"] == "remote image is not primary"
        assert stage.status(site, "disk")["state"] == "unknown"
        listed = stage.images(site)["disk"]["status"]
        assert listed == stage.status(site, "disk") | {"text": ""}
    stage.ask("north", "mirror_promote", name="disk", force=False)


@pytest.mark.parametrize("mode", MODES)
def test_a_relocation_there_and_back_keeps_everything(mode: str) -> None:
    stage = synced(mode)
    before = stage.content("home", "disk")
    stage.write("home", "disk", (9,))
    stage.ask("home", "mirror_demote", name="disk")
    stage.wait(20.0)
    stage.ask("north", "mirror_promote", name="disk", force=False)
    stage.write("north", "disk", (10,))
    if mode == "snapshot":
        stage.ask("north", "mirror_snapshot", name="disk")
    stage.wait(40.0)
    assert stage.status("home", "disk")["state"] == "replaying"
    assert stage.status("north", "disk")["text"] == "local image is primary"
    assert stage.content("home", "disk") == stage.content("north", "disk")
    assert set(stage.content("home", "disk")) == {*before, 9, 10}
    stage.ask("north", "mirror_demote", name="disk")
    stage.wait(20.0)
    stage.ask("home", "mirror_promote", name="disk", force=False)
    stage.wait(40.0)
    assert stage.images("home")["disk"]["primary"]
    assert stage.status("north", "disk")["state"] == "replaying"
    assert stage.content("home", "disk") == stage.content("north", "disk")


@pytest.mark.parametrize("mode", MODES)
def test_after_a_failover_both_are_primary_until_the_old_one_is_demoted(mode: str) -> None:
    stage = synced(mode)
    stage.ask("north", "mirror_promote", name="disk", force=True)
    stage.write("home", "disk", (1,))
    stage.write("north", "disk", (2,))
    stage.wait(40.0)
    for site in ("home", "north"):
        assert stage.images(site)["disk"]["primary"]
        assert stage.status(site, "disk")["text"] == "local image is primary"
    stage.ask("home", "mirror_demote", name="disk")
    stage.wait(20.0)
    assert stage.status("home", "disk")["state"] == "error"
    words = {"journal": "split-brain detected", "snapshot": "split-brain"}
    assert stage.status("home", "disk")["text"] == words[mode]
    assert stage.status("north", "disk")["text"] == "local image is primary"
    assert stage.status("south", "disk")["text"] == "remote image is not primary"
    assert stage.content("home", "disk") != stage.content("north", "disk")


@pytest.mark.parametrize("mode", MODES)
def test_a_resync_takes_the_rbd_image_away_and_brings_another(mode: str) -> None:
    stage = split(mode)
    old = stage.images("home")["disk"]["id"]
    with pytest.raises(AgentRefused, match="it is primary here"):
        stage.resync("north", "disk")
    if mode == "snapshot":
        stage.ask("north", "mirror_snapshot", name="disk")
    stage.resync("home", "disk")
    assert stage.exists("home", "disk"), "it only marks it"
    stage.wait(9.0)
    assert not stage.exists("home", "disk")
    with pytest.raises(AgentRefused, match="not-found"):
        stage.ask("home", "sync_progress", name="disk")
    stage.wait(60.0)
    assert stage.images("home")["disk"]["id"] != old
    with pytest.raises(AgentRefused, match="another RBD image has its name"):
        stage.ask("home", "mirror_resync", name="disk", id=old)
    assert stage.status("home", "disk")["state"] == "replaying"
    assert stage.content("home", "disk") == stage.content("north", "disk")


def test_a_resync_waits_for_a_daemon() -> None:
    stage = split("journal")
    stage.fault(mirror_down=("home",))
    stage.resync("home", "disk")
    stage.wait(600.0)
    assert stage.exists("home", "disk")
    stage.fault()
    stage.wait(60.0)
    assert stage.content("home", "disk") == stage.content("north", "disk")


@pytest.mark.parametrize("mode", MODES)
def test_disabling_deletes_the_copies_and_drops_what_it_brought(mode: str) -> None:
    stage = synced(mode)
    features = stage.ask("home", "rbd_detail", name="disk")["features"]
    assert features == (125 if mode == "journal" else 61)
    with pytest.raises(AgentRefused, match="it is not primary here"):
        stage.ask("north", "mirror_disable", name="disk", force=False)
    stage.ask("home", "mirror_disable", name="disk", force=False)
    stage.wait(20.0)
    detail = stage.ask("home", "rbd_detail", name="disk")
    assert (detail["features"], detail["mirroring"]) == (61, None)
    assert not stage.exists("north", "disk")
    assert not stage.exists("south", "disk")
    assert stage.images("home") == {}
    stage.ask("home", "mirror_disable", name="disk", force=False)


def test_what_cannot_be_mirrored_is_refused_in_librbds_words() -> None:
    stage = Stage()
    stage.add("clone", parent=RbdParent(pool="images", image="base", snapshot="snap"))
    for mode in MODES:
        with pytest.raises(AgentRefused, match="mirroring is not enabled for the parent") as got:
            stage.ask("home", "mirror_enable", name="clone", mode=mode)
        assert got.value.kind == "invalid"
        assert "error enabling mirroring for image b'clone'" in got.value.message
    stage.add("disk")
    stage.ask("home", "mirror_enable", name="disk", mode="journal")
    stage.ask("home", "mirror_enable", name="disk", mode="journal")
    with pytest.raises(AgentRefused, match="in the other mode"):
        stage.ask("home", "mirror_enable", name="disk", mode="snapshot")
    with pytest.raises(AgentRefused, match="in journal mode"):
        stage.ask("home", "mirror_snapshot", name="disk")
    with pytest.raises(AgentRefused, match="not-found"):
        stage.ask("home", "mirror_enable", name="nothing", mode="journal")
    with pytest.raises(AgentRefused, match="invalid"):
        stage.ask("home", "mirror_enable", name="disk", mode="both")
    stage.add("other")
    with pytest.raises(AgentRefused, match="not-found"):
        stage.ask("home", "mirror_promote", name="other", force=False)


def test_a_failover_in_the_middle_of_a_sync_goes_back_to_the_last_whole_point() -> None:
    stage = synced("snapshot", 8)
    whole = stage.content("north", "disk")
    stage.write("home", "disk", tuple(range(8)))
    stage.ask("home", "mirror_snapshot", name="disk")
    stage.wait(1.5)
    assert stage.content("north", "disk") != whole
    stage.fault(mon_down=("home",))
    stage.ask("north", "mirror_promote", name="disk", force=True)
    assert stage.content("north", "disk") == whole
    stage.add("fresh", 160)
    stage.fault()
    stage.ask("home", "mirror_enable", name="fresh", mode="snapshot")
    stage.wait(10.0)
    with pytest.raises(AgentRefused, match="no mirror snapshot has arrived whole"):
        stage.ask("north", "mirror_promote", name="fresh", force=True)


def test_pools_and_peers_are_set_up_with_a_token() -> None:
    stage = Stage()
    for site, direction in (("home", ["rx-tx", "tx-only"]), ("south", ["rx-only"])):
        pool = stage.ask(site, "mirror_pool")
        assert (pool["mode"], pool["site_name"]) == ("image", site)
        assert [peer["direction"] for peer in pool["peers"]] == direction
    for site in ("north", "south"):
        uuid = stage.ask(site, "mirror_pool")["peers"][0]["uuid"]
        stage.ask(site, "mirror_peer_remove", uuid=uuid)
        assert stage.ask(site, "mirror_pool")["peers"] == []
    stage.ask("north", "mirror_pool_mode", mode="disabled")
    stage.add("disk")
    stage.ask("home", "mirror_enable", name="disk", mode="journal")
    stage.wait(60.0)
    assert not stage.exists("north", "disk")
    token = stage.ask("home", "mirror_peer_token")["token"]
    with pytest.raises(AgentRefused, match="error importing"):
        stage.ask("north", "mirror_peer_import", token=token, direction="rx-tx")
    stage.ask("north", "mirror_pool_mode", mode="image")
    stage.ask("north", "mirror_site_name", name="nord")
    stage.ask("north", "mirror_peer_import", token=token, direction="rx-tx")
    assert stage.ask("north", "mirror_pool")["site_name"] == "nord"
    before = stage.ask("north", "mirror_pool")
    stage.ask("north", "mirror_peer_import", token=token, direction="rx-tx")
    assert stage.ask("north", "mirror_pool") == before
    for junk in ("x", "", "e30="):
        with pytest.raises(AgentRefused, match="invalid"):
            stage.ask("south", "mirror_peer_import", token=junk, direction="rx-only")
    stage.wait(60.0)
    assert stage.content("north", "disk") == stage.content("home", "disk")
    with pytest.raises(AgentRefused, match="busy"):
        stage.ask("home", "mirror_pool_mode", mode="disabled")


def test_a_pool_receives_from_one_peer_only() -> None:
    stage = Stage()
    token = stage.ask("south", "mirror_peer_token")["token"]
    with pytest.raises(AgentRefused, match="from one only"):
        stage.ask("north", "mirror_peer_import", token=token, direction="rx-only")


def test_a_new_name_reaches_only_sites_that_the_daemon_pings() -> None:
    stage = Stage()

    def names(site: str) -> list[str]:
        return [peer["site_name"] for peer in stage.ask(site, "mirror_pool")["peers"]]

    stage.ask("home", "mirror_site_name", name="hub")
    assert (names("north"), names("south")) == (["hub"], ["home"])
    uuid = stage.ask("south", "mirror_pool")["peers"][0]["uuid"]
    stage.ask("south", "mirror_peer_rename", uuid=uuid, name="hub")
    assert names("south") == ["hub"]
    with pytest.raises(AgentRefused, match="not-found"):
        stage.ask("south", "mirror_peer_rename", uuid="nothing", name="hub")


def test_one_way_becomes_both_ways_once_the_source_receives_too() -> None:
    stage = Stage()
    for site in ("home", "north"):
        for peer in stage.ask(site, "mirror_pool")["peers"]:
            stage.ask(site, "mirror_peer_remove", uuid=peer["uuid"])

    def directions(site: str) -> list[str]:
        return [peer["direction"] for peer in stage.ask(site, "mirror_pool")["peers"]]

    token = stage.ask("home", "mirror_peer_token")["token"]
    stage.ask("north", "mirror_peer_import", token=token, direction="rx-only")
    assert (directions("north"), directions("home")) == (["rx-only"], ["tx-only"])
    token = stage.ask("north", "mirror_peer_token")["token"]
    stage.ask("home", "mirror_peer_import", token=token, direction="rx-only")
    assert (directions("north"), directions("home")) == (["rx-tx"], ["rx-tx"])
