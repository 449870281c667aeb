"""Connecting sites, removing peers, modes of pools and names, against clusters in memory."""

import pytest
from fake_mirror_services import FakeServices, Killed, MirrorContext
from fake_mirroring import IMAGE, POOL

from dcn_console.model.errors import UsageError
from dcn_console.model.mirroring import MirrorMode, PeerDirection, PoolMode
from dcn_console.model.plans import Plan
from dcn_console.model.requests import (
    ChangePoolMode,
    ConnectPeers,
    NameMirrorSite,
    RemovePeer,
    Request,
)
from dcn_console.model.tasks import Target, TargetState, Task, TaskState
from dcn_console.operations.policy import check_policy
from dcn_console.operations.registry import OPERATIONS, operation_for
from dcn_console.operations.results import StepResult

BOTH = PeerDirection.BOTH
RECEIVE = PeerDirection.RECEIVE


def strangers() -> FakeServices:
    """Return central, dcn0 and dcn1, of which none mirrors to another."""
    services = FakeServices("dcn0", "dcn1")
    for plant in services.world.plants.values():
        plant.receives_from, plant.sends_to = [], []
        plant.pool_mode = PoolMode.DISABLED
        plant.site_name = f"ceph-{plant.site}"
    return services


def connecting(direction: PeerDirection = RECEIVE, **changes: str) -> ConnectPeers:
    ends = {"pool": POOL, "source": "central", "destination": "dcn0"} | changes
    return ConnectPeers(
        pool=ends["pool"],
        source=ends["source"],
        destination=ends["destination"],
        direction=direction,
    )


async def plan(services: FakeServices, request: Request, *tasks: Task) -> Plan:
    operation = operation_for(request)
    context = services.plan_context(*tasks)
    (made,) = await operation.plan(services.as_services(), request, context)
    return made


async def run(
    services: FakeServices, made: Plan, results: dict[str, StepResult] | None = None
) -> Target:
    context = MirrorContext(services, made, results=results)
    return await OPERATIONS[made.operation].run_target(context)


async def done(services: FakeServices, request: Request) -> Target:
    made = await plan(services, request)
    check_policy([made], services.topology, "", [made.typed_name])
    ended = await run(services, made)
    assert ended.state is TargetState.DONE, ended.text
    return ended


def texts(made: Plan) -> str:
    return " ".join(f"{check.text} {check.way_out}" for check in made.checks)


def connected(services: FakeServices) -> dict[str, list[str]]:
    return {site: plant.receives_from for site, plant in services.world.plants.items()}


@pytest.mark.parametrize(
    ("direction", "receives"),
    [
        (RECEIVE, {"central": [], "dcn0": ["central"], "dcn1": []}),
        (BOTH, {"central": ["dcn0"], "dcn0": ["central"], "dcn1": []}),
    ],
)
async def test_two_sites_are_connected_and_mirroring_switched_on(
    direction: PeerDirection, receives: dict[str, list[str]]
) -> None:
    services = strangers()
    ended = await done(services, connecting(direction))
    assert connected(services) == receives
    assert "dcn0 receives from central" in ended.verified
    assert services.world.plants["central"].pool_mode is PoolMode.IMAGE
    assert services.world.plants["dcn0"].pool_mode is PoolMode.IMAGE
    assert services.world.plants["dcn1"].pool_mode is PoolMode.DISABLED
    again = await plan(services, connecting(direction))
    assert not again.targets
    assert again.skipped["dcn0"].endswith("already")


async def test_a_cluster_without_a_name_gets_its_sites() -> None:
    services = strangers()
    for site in ("central", "dcn0"):
        services.world.plants[site].site_name = f"fsid-{site}"
    made = await plan(services, connecting())
    assert not made.parameters["site_names"]
    for site in ("central", "dcn0"):
        services.world.plants[site].site_name = ""
    made = await plan(services, connecting())
    assert made.parameters["site_names"] == {"central": "central", "dcn0": "dcn0"}
    assert (await run(services, made)).state is TargetState.DONE


async def test_one_way_becomes_both_ways() -> None:
    services = strangers()
    await done(services, connecting(RECEIVE))
    await done(services, connecting(BOTH))
    assert connected(services) == {"central": ["dcn0"], "dcn0": ["central"], "dcn1": []}
    assert (await plan(services, connecting(RECEIVE))).skipped


async def test_sending_is_receiving_seen_from_the_other_side() -> None:
    services = strangers()
    await done(services, connecting(PeerDirection.SEND))
    assert connected(services) == {"central": ["dcn0"], "dcn0": [], "dcn1": []}


async def test_several_sites_may_receive_from_one() -> None:
    services = strangers()
    await done(services, connecting())
    await done(services, connecting(destination="dcn1"))
    assert connected(services) == {"central": [], "dcn0": ["central"], "dcn1": ["central"]}


async def test_no_pool_receives_from_two() -> None:
    services = strangers()
    await done(services, connecting(BOTH))
    made = await plan(services, connecting(BOTH, destination="dcn1"))
    assert made.is_refused
    assert "central receives pool volumes from dcn0 already" in texts(made)
    assert "mirror peer remove central volumes peer-dcn0" in texts(made)
    assert "or connect one way" in texts(made)
    made = await plan(services, connecting(source="dcn1", destination="dcn0"))
    assert "dcn0 receives pool volumes from central already" in texts(made)


@pytest.mark.parametrize("site", ["central", "dcn0"])
async def test_too_small_permissions_are_refused_with_the_way_out(site: str) -> None:
    services = strangers()
    services.world.plants[site].administrator = False
    for request in (connecting(), connecting(BOTH)):
        made = await plan(services, request)
        assert made.is_refused
        assert f'user = "admin" under [site.{site}.cluster]' in texts(made)
    assert services.world.writes == []


async def test_what_cannot_be_is_refused_before_anything_is_changed() -> None:
    services = strangers()
    made = await plan(services, connecting(pool="nothing"))
    assert "has no pool nothing" in texts(made)
    assert "osd pool create" in texts(made)
    services.world.plants["dcn0"].reachable = False
    made = await plan(services, connecting())
    assert made.is_refused
    assert "does not answer" in texts(made)
    services.world.plants["dcn0"].reachable = True
    for site in ("central", "dcn0"):
        services.world.plants[site].site_name = "ceph"
    made = await plan(services, connecting())
    assert "both call themselves ceph" in texts(made)
    assert "mirror site-name dcn0 NAME" in texts(made)
    with pytest.raises(UsageError, match="its own peer"):
        await plan(services, connecting(destination="central"))
    assert services.world.writes == []


async def test_a_mode_that_others_chose_stays_and_is_told() -> None:
    services = strangers()
    services.world.plants["central"].pool_mode = PoolMode.POOL
    made = await plan(services, connecting())
    assert "mirrored in mode pool at central, and stays so" in texts(made)
    await run(services, made)
    assert services.world.plants["central"].pool_mode is PoolMode.POOL


async def test_a_daemon_that_never_comes_is_told() -> None:
    services = strangers()
    services.world.plants["dcn0"].daemon = False
    ended = await run(services, await plan(services, connecting()))
    assert ended.state is TargetState.FAILED
    assert "still waiting for the rbd-mirror daemon of dcn0 to reach central" in ended.text
    assert "No rbd-mirror daemon serves the pool at dcn0" in ended.text
    services.world.plants["dcn0"].daemon = True
    assert (await plan(services, connecting())).skipped


async def test_what_the_daemon_complains_of_is_told() -> None:
    services = strangers()
    services.world.plants["dcn0"].daemon_problems = ("error: unable to connect",)
    ended = await run(services, await plan(services, connecting()))
    assert ended.state is TargetState.FAILED
    assert "rbd-mirror says: error: unable to connect" in ended.text
    services.world.plants["dcn0"].manager = False
    ended = await run(services, await plan(services, connecting(BOTH)))
    assert ended.state is TargetState.DONE, ended.text


async def test_without_a_manager_sites_are_connected() -> None:
    services = strangers()
    for plant in services.world.plants.values():
        plant.manager = False
    await done(services, connecting(BOTH))


@pytest.mark.parametrize("direction", [RECEIVE, BOTH])
async def test_killed_after_any_change_it_is_completed(direction: PeerDirection) -> None:
    services = strangers()
    made = await plan(services, connecting(direction))
    results: dict[str, StepResult] = {}
    killed: set[str] = set()

    def kill_once(write: str) -> None:
        if write not in killed:
            killed.add(write)
            raise Killed

    services.world.after_write = kill_once
    ended = None
    while ended is None:
        try:
            ended = await run(services, made, results)
        except Killed:
            assert len(killed) < 10
    assert ended.state is TargetState.DONE, ended.text
    assert connected(services)["dcn0"] == ["central"]
    assert connected(services)["central"] == (["dcn0"] if direction is BOTH else [])
    assert len(killed) == len([step for step in made.steps if step.name != "verify"])


async def test_half_a_connection_is_completed_by_the_same_request() -> None:
    services = strangers()
    await done(services, connecting(RECEIVE))
    made = await plan(services, connecting(BOTH))
    assert made.has_work
    ended = await run(services, made)
    assert ended.state is TargetState.DONE
    assert services.world.writes[-1] == "central receive from dcn0 rx-tx"


async def test_one_task_at_a_time_connects_a_pool() -> None:
    services = strangers()
    made = await plan(services, connecting())
    open_task = Task(
        number=3,
        id="three",
        plan=made,
        state=TaskState.RUNNING,
        targets=(Target(site="dcn0"),),
        submitted_at=services.clock.now,
    )
    assert (await plan(services, connecting(BOTH), open_task)).skipped == {
        "dcn0": "task 3 is at work on it"
    }
    mode = ChangePoolMode(site="central", pool=POOL, mode=PoolMode.IMAGE)
    assert "task 3" in (await plan(services, mode, open_task)).skipped["central"]
    other = ChangePoolMode(site="dcn1", pool=POOL, mode=PoolMode.IMAGE)
    assert (await plan(services, other, open_task)).has_work


async def test_a_peer_that_nothing_depends_on_is_removed_without_typing() -> None:
    services = FakeServices()
    made = await plan(services, RemovePeer(site="dcn0", pool=POOL, uuid="peer-central"))
    assert made.typed_name == ""
    assert "central goes on receiving from dcn0" in texts(made)
    assert (await run(services, made)).state is TargetState.DONE
    assert connected(services) == {"central": ["dcn0"], "dcn0": []}
    again = await plan(services, RemovePeer(site="dcn0", pool=POOL, uuid="nonsense"))
    assert again.skipped == {"dcn0": "has no such peer"}


async def test_what_depends_on_a_peer_is_told_and_has_to_be_typed() -> None:
    services = FakeServices()
    services.world.make_mirrored("central", MirrorMode.SNAPSHOT)
    made = await plan(services, RemovePeer(site="dcn0", pool=POOL, uuid="central"))
    assert made.typed_name == "central"
    assert made.irreversible == "what keeps 1 RBD image at dcn0 up to date"
    assert f"1 RBD image at dcn0 would receive nothing from central any more: {IMAGE}" in texts(
        made
    )
    made = await plan(services, RemovePeer(site="central", pool=POOL, uuid="dcn0"))
    assert made.typed_name == ""
    assert f"could not receive back what is primary there ({IMAGE})" in texts(made)


async def test_who_only_receives_is_removed_at_the_receiving_side() -> None:
    services = FakeServices("dcn0", "dcn1")
    services.world.disconnect("dcn0", "central")
    made = await plan(services, RemovePeer(site="central", pool=POOL, uuid="dcn1"))
    assert made.is_refused
    assert "dcn1 still receives pool volumes from central" in texts(made)
    assert "mirror peer remove dcn1 volumes peer-central" in texts(made)
    made = await plan(services, RemovePeer(site="dcn1", pool=POOL, uuid="central"))
    assert "mirror peer remove central volumes dcn1" in texts(made)
    assert (await run(services, made)).state is TargetState.DONE
    made = await plan(services, RemovePeer(site="central", pool=POOL, uuid="heard-dcn1"))
    assert not made.is_refused
    assert (await run(services, made)).state is TargetState.DONE
    assert services.world.plants["central"].sends_to == ["dcn0"]


async def test_a_peer_is_not_removed_by_who_may_not() -> None:
    services = FakeServices()
    services.world.plants["dcn0"].administrator = False
    made = await plan(services, RemovePeer(site="dcn0", pool=POOL, uuid="central"))
    assert made.is_refused
    assert "[site.dcn0.cluster]" in texts(made)


async def test_removing_is_repeatable() -> None:
    services = FakeServices()
    made = await plan(services, RemovePeer(site="dcn0", pool=POOL, uuid="central"))
    for _ in range(2):
        assert (await run(services, made)).state is TargetState.DONE
    assert services.world.writes == ["dcn0 remove peer-central"]


async def test_a_mode_is_changed_and_what_follows_told() -> None:
    services = FakeServices()
    to_pool = ChangePoolMode(site="central", pool=POOL, mode=PoolMode.POOL)
    made = await plan(services, to_pool)
    assert "has the feature journaling is mirrored from then on" in texts(made)
    assert "At dcn0, which is connected, the pool has the mode image" in texts(made)
    assert (await run(services, made)).state is TargetState.DONE
    assert (await plan(services, to_pool)).skipped == {"central": "has the mode pool already"}
    await done(services, ChangePoolMode(site="central", pool=POOL, mode=PoolMode.IMAGE))
    unused = strangers()
    made = await plan(unused, ChangePoolMode(site="dcn1", pool=POOL, mode=PoolMode.IMAGE))
    assert "mirror peer connect" in texts(made)
    assert (await run(unused, made)).state is TargetState.DONE


async def test_switching_off_names_all_that_stands_against_it() -> None:
    services = FakeServices("dcn0", "dcn1")
    services.world.make_mirrored("central")
    off = ChangePoolMode(site="central", pool=POOL, mode=PoolMode.DISABLED)
    made = await plan(services, off)
    assert made.is_refused
    for words in (
        f"1 RBD image is mirrored in it at central: {IMAGE}",
        "mirror disable",
        "dcn0 receives the pool from central",
        "mirror peer remove dcn1 volumes peer-central",
        "central lists dcn0 as a peer (rx-tx)",
    ):
        assert words in texts(made)
    alone = strangers()
    alone.world.plants["central"].pool_mode = PoolMode.IMAGE
    await done(alone, off)
    assert alone.world.plants["central"].pool_mode is PoolMode.DISABLED


async def test_a_name_reaches_those_whom_no_daemon_tells() -> None:
    services = FakeServices("dcn0", "dcn1")
    made = await plan(services, NameMirrorSite(site="central", site_name="hub"))
    assert {peer["site"] for peer in made.parameters["stale"]} == {"dcn0", "dcn1"}
    assert {step.site for step in made.steps} == {"central", "dcn0", "dcn1"}
    ended = await run(services, made)
    assert ended.state is TargetState.DONE, ended.text
    for site in ("dcn0", "dcn1"):
        pool = await services.clusters[site].mirroring.pool(POOL)
        assert [peer.site_name for peer in pool.peers] == ["hub"]
    again = await plan(services, NameMirrorSite(site="central", site_name="hub"))
    assert again.skipped == {"central": "has that name already"}


async def test_killed_while_naming_it_ends_the_same() -> None:
    services = FakeServices("dcn0", "dcn1")
    made = await plan(services, NameMirrorSite(site="central", site_name="hub"))
    results: dict[str, StepResult] = {}
    killed: set[str] = set()

    def kill_once(write: str) -> None:
        if write not in killed:
            killed.add(write)
            raise Killed

    services.world.after_write = kill_once
    ended = None
    while ended is None:
        try:
            ended = await run(services, made, results)
        except Killed:
            assert len(killed) < 10
    assert ended.state is TargetState.DONE
    assert "central site name hub" in killed


@pytest.mark.parametrize("name", ["", " ", "a b", "x" * 65, "tab\t", "-x", "ä\x1b["])
async def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="A name for a cluster"):
        await plan(FakeServices(), NameMirrorSite(site="central", site_name=name))


async def test_a_name_that_another_has_is_refused() -> None:
    services = FakeServices("dcn0", "dcn1")
    services.world.plants["dcn1"].site_name = "edge"
    for name in ("edge", "dcn0"):
        made = await plan(services, NameMirrorSite(site="central", site_name=name))
        assert made.is_refused
        assert f"is called {name} already" in texts(made)
    services.world.plants["central"].administrator = False
    made = await plan(services, NameMirrorSite(site="central", site_name="hub"))
    assert "[site.central.cluster]" in texts(made)


async def test_a_silent_site_keeps_the_old_name_and_that_is_told() -> None:
    services = FakeServices("dcn0", "dcn1")
    services.world.plants["dcn1"].reachable = False
    made = await plan(services, NameMirrorSite(site="central", site_name="hub"))
    assert not made.is_refused
    assert "dcn1 cannot be asked" in texts(made)
    assert (await run(services, made)).state is TargetState.DONE


async def test_all_are_planned_anew_from_what_was_submitted() -> None:
    services = FakeServices("dcn0", "dcn1")
    requests: tuple[Request, ...] = (
        connecting(BOTH),
        RemovePeer(site="dcn0", pool=POOL, uuid="peer-central"),
        ChangePoolMode(site="central", pool=POOL, mode=PoolMode.POOL),
        NameMirrorSite(site="central", site_name="hub"),
    )
    for request in requests:
        made = await plan(services, request)
        task = Task(
            number=3,
            id="three",
            plan=made,
            state=TaskState.FAILED,
            targets=(Target(site="central"),),
            submitted_at=services.clock.now,
        )
        operation = operation_for(request)
        anew = await operation.replan(services.as_services(), task, services.plan_context())
        assert (anew.title, anew.parameters) == (made.title, made.parameters)
