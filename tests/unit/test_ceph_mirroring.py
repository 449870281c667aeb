"""Mirroring and content through the facade, where clusters hang, refuse and lie."""

import asyncio
import base64
import hashlib
import json
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from made_up_site import MIB, Site, until

from dcn_console.model.errors import (
    AgentError,
    ClusterError,
    ClusterUnreachable,
    NoSpace,
    RbdImageBusy,
    RbdImageExists,
    RbdImageNotFound,
)
from dcn_console.model.mirroring import (
    MirrorDaemon,
    MirrorMode,
    PeerDirection,
    PoolMode,
    ReplayState,
    SnapshotSchedule,
)

KEY = "AQ" + "B" * 36 + "=="
DAEMONS = {
    "summary": "",
    "4164": {"metadata": {"id": "a", "hostname": "h1", "ceph_version_short": "16.2.15"}},
    "4199": {"metadata": {"id": "b", "hostname": "h2", "ceph_version_short": "16.2.15"}},
}
REPORTS = {
    "rbd-mirror": {
        "4164": {
            "status": {
                "json": '{"3": {"name": "volumes", "leader": true, "callouts":'
                ' {"0": {"level": "error", "text": "unable to connect"}}}}'
            }
        },
        "4199": {"status": {"json": '{"7": {"name": "other", "leader": true, "callouts": {}}}'}},
    }
}
STATUS = {
    "health": {"status": "HEALTH_OK", "checks": {}},
    "mgrmap": {"available": True},
    "servicemap": {"services": {"rbd-mirror": {"daemons": DAEMONS}}},
}


def prepared(folder: Path, name: str = "dcn0", **options: Any) -> Site:
    """Return a site with a mirrored pool that may be written to."""
    made = Site(folder, name, **options)
    made.change(writable=True, mirror_uuid="m-1", status=STATUS, **{"service status": REPORTS})
    made.state["pools"]["volumes"] = {"v1": {"size": 9 * MIB, "mirrored": True}}
    made.change()
    return made


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Return a made-up site that mirrors."""
    made = prepared(tmp_path)
    yield made
    await made.cluster.close()


async def test_a_pool_tells_mode_and_peers(site: Site) -> None:
    peer = {"uuid": "p", "direction": 1, "site_name": "dcn1", "mirror_uuid": "m", "client_name": ""}
    site.change(peers=[peer, peer | {"direction": 0, "site_name": "", "cluster_name": "old"}])
    pool = await site.cluster.mirroring.pool("volumes")
    assert (pool.mode, pool.mirror_uuid) == (PoolMode.IMAGE, "m-1")
    assert [(known.site_name, known.direction) for known in pool.peers] == [
        ("dcn1", PeerDirection.SEND),
        ("old", PeerDirection.RECEIVE),
    ]
    del site.state["mirror_uuid"]
    site.change(mirror_mode=0)
    assert (await site.cluster.mirroring.pool("volumes")).mode is PoolMode.DISABLED


async def test_mirrored_rbd_images_come_in_parts_with_both_lists_joined(site: Site) -> None:
    site.change(
        mirrored={
            f"v{number:03}": [number % 2, number % 3 == 0, "status not found" if number else "x"]
            for number in range(120)
        }
    )
    parts = [part async for part in site.cluster.mirroring.images("volumes")]
    assert [len(part) for part in parts] == [50, 50, 20]
    first, second = parts[0][:2]
    assert (first.name, first.mode, first.primary) == ("v000", MirrorMode.JOURNAL, True)
    assert first.status is not None
    assert (first.status.state, first.status.description) == (ReplayState.REPLAYING, "x")
    assert (second.mode, second.primary, second.status) == (MirrorMode.SNAPSHOT, False, None)


async def test_an_rbd_image_of_which_nothing_at_all_is_reported_has_no_status(site: Site) -> None:
    site.change(mirrored={"v1": [0, False, None]})
    ((image,),) = [part async for part in site.cluster.mirroring.images("volumes")]
    assert (image.global_id, image.status, image.remote) == ("g-v1", None, ())


async def test_daemons_are_those_of_the_pool_with_their_complaints(site: Site) -> None:
    assert await site.cluster.mirroring.daemons("volumes") == (
        MirrorDaemon(
            name="a",
            hostname="h1",
            version="16.2.15",
            leader=True,
            problems=("error: unable to connect",),
        ),
    )
    site.change(denied_commands=["service status"])
    known = await site.cluster.mirroring.daemons("volumes")
    assert [(daemon.name, daemon.leader) for daemon in known] == [("a", False), ("b", False)]
    site.change(**{"denied_commands": [], "service status": {"rbd-mirror": {"4164": 5}}})
    assert await site.cluster.mirroring.daemons("volumes") == ()


async def test_without_an_active_manager_nothing_waits_for_one(site: Site) -> None:
    site.change(status=STATUS | {"mgrmap": {"available": False}})
    mirroring = site.cluster.mirroring
    for ask in (
        lambda: mirroring.daemons("volumes"),
        lambda: mirroring.schedules("volumes"),
        lambda: mirroring.add_schedule("volumes", None, "1h"),
    ):
        with pytest.raises(ClusterUnreachable, match="no active manager"):
            await ask()
    assert site.calls() == []


async def test_a_manager_that_hangs_takes_nobody_along(tmp_path: Path) -> None:
    site = prepared(tmp_path, deadline=5.0)
    await site.cluster.pools()
    shared = site.cluster.agent_pid
    site.change(faults={"service status": "hang"})
    with pytest.raises(ClusterUnreachable, match="Site dcn0: the cluster does not answer"):
        await site.cluster.mirroring.daemons("volumes")
    assert (await site.cluster.mirroring.pool("volumes")).mode is PoolMode.IMAGE
    assert site.cluster.agent_pid == shared
    await site.cluster.close()


async def test_schedules_are_of_pools_and_rbd_images(site: Site) -> None:
    site.change(
        **{
            "rbd mirror snapshot schedule list": {
                "3": {"name": "volumes/", "schedule": [{"interval": "1d", "start_time": "14:00"}]},
                "3//1": {
                    "name": "volumes/v1",
                    "schedule": [{"interval": "1h", "start_time": None}, {"interval": "5m"}],
                },
            }
        }
    )
    assert await site.cluster.mirroring.schedules("volumes") == (
        SnapshotSchedule(interval="1d", start_time="14:00"),
        SnapshotSchedule(interval="1h", image="v1"),
        SnapshotSchedule(interval="5m", image="v1"),
    )
    await site.cluster.mirroring.add_schedule("volumes", "v1", "1h")
    await site.cluster.mirroring.remove_schedule("volumes", None, "1d")
    prefix = "rbd mirror snapshot schedule"
    assert site.calls()[1:] == [
        [f"{prefix} add", {"level_spec": "volumes/v1", "interval": "1h"}],
        [f"{prefix} remove", {"level_spec": "volumes/", "interval": "1d"}],
    ]


@pytest.mark.parametrize(
    ("errno", "error", "words"),
    [
        (16, RbdImageBusy, "volumes/v1 is not promoted: it is primary at a peer"),
        (30, RbdImageBusy, "volumes/v1 is not promoted: a daemon here still replays it"),
        (28, NoSpace, "volumes/v1 is not promoted: .* No space is left"),
        (122, NoSpace, "No space is left"),
        (17, RbdImageExists, "is not promoted"),
        (13, ClusterError, r"permission denied to client\.openstack"),
        (110, ClusterUnreachable, "does not answer"),
        (22, ClusterError, "volumes/v1 is not promoted"),
        (2, RbdImageNotFound, "no RBD image volumes/v1"),
        (5, AgentError, "the agent failed"),
    ],
)
async def test_a_refusal_names_object_cause_and_way_out(
    site: Site, errno: int, error: type[ClusterError], words: str
) -> None:
    site.change(faults={"promote": errno})
    with pytest.raises(error, match=f"Site dcn0: .*{words}"):
        await site.cluster.mirroring.promote("volumes", "v1")
    assert site.calls() == [["promote", False]]


async def test_a_clone_is_refused_with_its_parent(site: Site) -> None:
    site.state["pools"]["volumes"]["v1"] = {"size": 1, "clone": True}
    site.change(faults={"enable": 22})
    with pytest.raises(ClusterError, match=r"not enabled for the parent.*images/parent@snap"):
        await site.cluster.mirroring.enable("volumes", "v1", MirrorMode.SNAPSHOT)
    assert site.calls() == [["enable", 1]]


async def test_a_promotion_that_hangs_is_killed_at_its_deadline(site: Site) -> None:
    await site.cluster.pools()
    shared = site.cluster.agent_pid
    site.change(faults={"promote": "hang"})
    with pytest.raises(ClusterUnreachable, match=r"No answer within 3 s"):
        await site.cluster.mirroring.promote("volumes", "v1", force=True, seconds=3.0)
    await until(lambda: site.agents() == 1)
    assert site.cluster.agent_pid == shared
    assert site.calls() == [["promote", True]]


async def test_a_change_whose_agent_was_lost_is_not_asked_again(site: Site) -> None:
    site.change(faults={"demote": "crash"})
    with pytest.raises(AgentError, match="ended with signal 6"):
        await site.cluster.mirroring.demote("volumes", "v1")
    assert site.calls() == [["demote"]]


async def test_cancelling_a_change_kills_its_process(site: Site) -> None:
    await site.cluster.pools()
    site.change(faults={"flatten": "hang"})
    task = asyncio.create_task(site.cluster.content.flatten("volumes", "v1"))
    await until(lambda: bool(site.calls()))
    assert site.agents() == 2
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: site.agents() == 1)


async def test_features_are_touched_only_where_they_differ_and_in_order(site: Site) -> None:
    content = site.cluster.content
    site.state["pools"]["volumes"]["v1"]["features"] = 1
    site.change()
    await content.set_features("volumes", "v1", enable=4 | 8 | 16 | 64)
    site.state["pools"]["volumes"]["v1"]["features"] = 1 | 4 | 64
    site.change()
    await content.set_features("volumes", "v1", enable=4, disable=8 | 16 | 64)
    assert site.calls() == [
        ["features", 4, True],
        ["features", 24, True],
        ["features", 64, True],
        ["features", 64, False],
    ]
    for masks in ({"enable": 32}, {"disable": 1}, {"enable": 4, "disable": 4}):
        with pytest.raises(ClusterError, match=r"v1 keeps its features: .*cannot all be changed"):
            await content.set_features("volumes", "v1", **masks)


async def test_used_objects_and_hashes_are_those_of_the_data(site: Site) -> None:
    content, seen = site.cluster.content, list[tuple[int, int]]()
    used = await content.used_objects("images", "sparse")
    assert (used.numbers, used.object_size, used.size) == ((0, 1, 10), 4 * MIB, 41 * MIB)
    data = bytearray(41 * MIB)
    data[:5], data[5 * MIB : 5 * MIB + 6], data[-3:] = b"start", b"middle", b"end"
    hashes = await content.hash_objects(
        "images", "sparse", range(11), on_progress=lambda *now: seen.append(now)
    )
    assert hashes == {
        number: hashlib.sha256(data[number * 4 * MIB : (number + 1) * 4 * MIB]).hexdigest()
        for number in range(11)
    }
    assert seen == [(11, 11)]
    assert await content.hash_objects("images", "sparse", ()) == {}
    with pytest.raises(ClusterError, match="sparse is not hashed: there is no object 11"):
        await content.hash_objects("images", "sparse", (11,))
    assert await content.read("images", "sparse", 41 * MIB - 3, 4 * MIB) == b"end"
    assert len(await content.read("images", "sparse", 0, 4 * MIB)) == 4 * MIB


@pytest.mark.parametrize("name", ["base", "x.dcn-console.y", "dcn-console"])
async def test_only_snapshots_of_our_own_are_removed(site: Site, name: str) -> None:
    with pytest.raises(ClusterError, match=r"volumes/v1 keeps its snapshot: .*not ours"):
        await site.cluster.content.remove_snapshot("volumes", "v1", name)


def a_pair(folder: Path) -> tuple[Site, Site]:
    """Return two sites, the first of which makes a token that leads to it."""
    source, receiver = (prepared(folder, name) for name in ("central", "dcn0"))
    content = {"fsid": "f-1", "client_id": "peer", "key": KEY, "mon_host": str(source.conf)}
    source.change(token=base64.b64encode(json.dumps(content).encode()).decode())
    receiver.change(fsid="f-2", mirror_uuid="m-2")
    return source, receiver


async def close(*sites: Site) -> None:
    for site in sites:
        await site.cluster.close()


@pytest.mark.parametrize(
    ("direction", "code"), [(PeerDirection.RECEIVE, 0), (PeerDirection.BOTH, 2)]
)
async def test_a_token_goes_from_agent_to_agent(
    tmp_path: Path, direction: PeerDirection, code: int
) -> None:
    source, receiver = a_pair(tmp_path)
    await receiver.cluster.mirroring.receive_from("volumes", source.cluster.mirroring, direction)
    assert source.calls() == [["token"]]
    assert receiver.calls() == [
        ["peer add", "f-1", "client.peer", code],
        ["peer attributes", "new-peer", ["key", "mon_host"]],
    ]
    await close(source, receiver)


@pytest.mark.parametrize(
    ("known", "changes"),
    [
        ({"direction": 0, "mirror_uuid": "", "client_name": "client.peer"}, []),
        ({"direction": 2, "client_name": "client.peer", "site_name": "old"}, ["peer name"]),
        ({"direction": 1, "client_name": ""}, ["peer client", "mirror_peer_set_direction"]),
    ],
)
async def test_a_peer_that_is_known_is_kept_and_only_widened(
    tmp_path: Path, known: dict[str, Any], changes: list[str]
) -> None:
    source, receiver = a_pair(tmp_path)
    other = {"uuid": "q", "direction": 1, "site_name": "x", "mirror_uuid": "x", "client_name": ""}
    same = {"uuid": "p", "site_name": "f-1", "mirror_uuid": "m-1"} | known
    receiver.change(peers=[other, same])
    await receiver.cluster.mirroring.receive_from(
        "volumes", source.cluster.mirroring, PeerDirection.RECEIVE
    )
    assert [call[0] for call in receiver.calls()] == ["peer attributes", *changes]
    assert all(call[1] in ("p", "rbd_mirroring") for call in receiver.calls())
    if "mirror_peer_set_direction" in changes:
        assert receiver.calls()[-1][2] == "01000000" + b"p".hex() + "02"
    await close(source, receiver)


async def test_what_makes_no_peer_changes_nothing(tmp_path: Path) -> None:
    source, receiver = a_pair(tmp_path)
    elsewhere = {
        "uuid": "q",
        "direction": 0,
        "site_name": "x",
        "mirror_uuid": "",
        "client_name": "",
    }
    cases: tuple[tuple[dict[str, Any], dict[str, Any], str], ...] = (
        ({}, {"peers": [elsewhere]}, "can from one only"),
        ({}, {"peers": [], "fsid": "f-1"}, "of this cluster itself"),
        ({"mirror_mode": 0}, {"fsid": "f-2"}, "switched off"),
        ({"mirror_mode": 1, "token": "eyJ9"}, {}, "no bootstrap token"),
    )
    for there, here, words in cases:
        source.change(**there)
        receiver.change(**here)
        with pytest.raises(ClusterError, match=f"volumes gets no new peer: .*{words}"):
            await receiver.cluster.mirroring.receive_from(
                "volumes", source.cluster.mirroring, PeerDirection.RECEIVE
            )
    assert receiver.calls() == []
    await close(source, receiver)


async def test_a_peer_whose_key_cannot_be_kept_is_taken_away_again(tmp_path: Path) -> None:
    source, receiver = a_pair(tmp_path)
    receiver.change(faults={"peer attributes": 13})
    with pytest.raises(ClusterError, match="permission denied"):
        await receiver.cluster.mirroring.receive_from(
            "volumes", source.cluster.mirroring, PeerDirection.RECEIVE
        )
    assert receiver.calls()[-1] == ["peer remove", "new-peer"]
    await close(source, receiver)


async def test_peers_are_renamed_and_removed(site: Site) -> None:
    await site.cluster.mirroring.rename_peer("volumes", "p", "hub")
    await site.cluster.mirroring.remove_peer("volumes", "p")
    assert site.calls() == [["peer name", "p", "hub"], ["peer remove", "p"]]


@pytest.mark.parametrize("fault", [13, 22, 110, 5, "hang", "crash"])
async def test_a_token_is_in_no_error_and_no_log(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    fault: object,
) -> None:
    monkeypatch.setattr("dcn_console.ceph.mirroring._PEER_SECONDS", 2.0)
    caplog.set_level(logging.DEBUG)
    source, receiver = a_pair(tmp_path)
    receiver.change(faults={"peer attributes": fault})
    with pytest.raises(ClusterError) as caught:
        await receiver.cluster.mirroring.receive_from(
            "volumes", source.cluster.mirroring, PeerDirection.BOTH
        )
    assert "Site dcn0" in caught.value.message
    if fault in (110, "hang"):
        assert "connecting to the cluster of site central" in caught.value.message
    chain: list[BaseException] = [caught.value]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(cause)
    for text in (caplog.text, *map(str, chain), *map(repr, chain)):
        assert source.state["token"][:20] not in text
        assert KEY not in text
    await close(source, receiver)


async def test_malformed_answers_are_the_agents_fault(site: Site) -> None:
    asks: tuple[Callable[[], Any], ...] = (
        lambda: site.cluster.mirroring.pool("volumes"),
        lambda: site.cluster.mirroring.daemons("volumes"),
    )
    site.change(peers=[{"uuid": "p", "direction": 9}])
    with pytest.raises(AgentError, match="malformed"):
        await asks[0]()
    site.change(status=STATUS | {"mgrmap": 5})
    with pytest.raises(AgentError, match="Site dcn0"):
        await asks[1]()
