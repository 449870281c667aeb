"""Ending mirroring: the copies go, the features of before come back, against clusters in memory."""

import pytest
from fake_mirror_services import SUBJECT, FakeServices, Killed, MirrorContext
from fake_mirroring import IMAGE

from dcn_console.model.errors import RefusedError
from dcn_console.model.mirroring import MirrorMode, PoolMode
from dcn_console.model.plans import Plan
from dcn_console.model.requests import DisableMirroring
from dcn_console.model.tasks import Target, TargetState
from dcn_console.operations.disable_mirroring import MirrorDisable
from dcn_console.operations.mirror_features import KEY
from dcn_console.operations.policy import check_policy
from dcn_console.operations.results import StepResult

BOTH = pytest.mark.parametrize("mode", list(MirrorMode))
NOTE = '{"features":%d,"task":"six"}'


def mirrored(mode: MirrorMode = MirrorMode.JOURNAL, before: int = 61) -> FakeServices:
    """Return services whose volume is mirrored, with the features ``before`` noted."""
    services = FakeServices()
    services.add_volume()
    held = services.world.make_mirrored("central", mode)
    held.metadata[KEY] = NOTE % before
    return services


async def plan(services: FakeServices) -> Plan:
    request = DisableMirroring(subjects=(SUBJECT,))
    (made,) = await MirrorDisable().plan(services.as_services(), request, services.plan_context())
    return made


def texts(made: Plan) -> str:
    return " ".join(f"{check.text} {check.way_out}" for check in made.checks)


async def run(
    services: FakeServices, made: Plan, results: dict[str, StepResult] | None = None
) -> Target:
    return await MirrorDisable().run_target(MirrorContext(services, made, results=results))


@BOTH
@pytest.mark.parametrize("before", [61, 5, 1, 61 | 64])
async def test_the_features_of_before_come_back_exactly(mode: MirrorMode, before: int) -> None:
    services = mirrored(mode, before)
    ended = await run(services, await plan(services))
    assert ended.state is TargetState.DONE, ended.text
    held = services.world.held("central")
    assert held.features & ~32 == before & ~32
    assert held.metadata == {}
    assert held.mode is None
    assert ("volumes", IMAGE) not in services.world.plants["dcn0"].images
    assert "no copy at dcn0" in ended.verified


async def test_deep_flatten_is_never_touched() -> None:
    services = mirrored(before=5)
    await run(services, await plan(services))
    assert services.world.held("central").features & 32


async def test_what_is_lost_has_to_be_typed() -> None:
    services = mirrored()
    made = await plan(services)
    assert made.typed_name == "pet volume"
    assert made.irreversible == "the copy of pet volume at dcn0, which Ceph removes"
    with pytest.raises(RefusedError, match="nobody confirmed"):
        check_policy([made], services.topology, "")
    check_policy([made], services.topology, "", ["pet volume"])


async def test_without_a_note_the_features_stay_as_ceph_leaves_them() -> None:
    services = mirrored()
    services.world.held("central").metadata.clear()
    made = await plan(services)
    assert "not noted by this program" in texts(made)
    ended = await run(services, made)
    assert ended.state is TargetState.DONE, ended.text
    assert services.world.writes == [f"central disable {IMAGE}"]


async def test_its_schedules_go_too() -> None:
    services = mirrored(MirrorMode.SNAPSHOT)
    services.world.plants["central"].schedules = [(IMAGE, "15m"), (None, "1h"), ("other", "2h")]
    ended = await run(services, await plan(services))
    assert ended.state is TargetState.DONE, ended.text
    assert services.world.plants["central"].schedules == [(None, "1h"), ("other", "2h")]


async def test_without_a_manager_the_schedules_stay_and_that_is_said() -> None:
    services = mirrored(MirrorMode.SNAPSHOT)
    services.world.plants["central"].manager = False
    made = await plan(services)
    assert "and stay" in texts(made)
    assert (await run(services, made)).state is TargetState.DONE


@BOTH
async def test_killed_after_any_change_it_ends_the_same(mode: MirrorMode) -> None:
    services = mirrored(mode, 1)
    if mode is MirrorMode.SNAPSHOT:
        services.world.plants["central"].schedules = [(IMAGE, "15m")]
    made = await plan(services)
    results: dict[str, StepResult] = {}
    killed: set[str] = set()

    def kill_once(write: str) -> None:
        if write not in killed:
            killed.add(write)
            raise Killed

    services.world.after_write = kill_once
    ended = None
    for _ in range(20):
        try:
            ended = await run(services, made, results)
            break
        except Killed:
            continue
    assert ended is not None
    assert ended.state is TargetState.DONE, ended.text
    assert len(killed) >= 3
    assert services.world.held("central").features == 1 | 32
    assert services.world.held("central").metadata == {}


async def test_one_that_is_not_mirrored_is_skipped() -> None:
    services = FakeServices()
    services.add_volume()
    services.world.make("central")
    made = await plan(services)
    assert made.skipped == {"central": "is not mirrored"}
    assert made.targets == ()


async def test_it_is_ended_where_it_is_primary_wherever_that_is() -> None:
    services = FakeServices()
    services.add_volume()
    services.world.make_mirrored("dcn0")
    made = await plan(services)
    assert made.targets == ("dcn0",)
    ended = await run(services, made)
    assert ended.state is TargetState.DONE, ended.text
    assert ("volumes", IMAGE) not in services.world.plants["central"].images


async def test_a_copy_that_receives_from_elsewhere_is_named_and_not_waited_for() -> None:
    services = FakeServices("dcn0", "dcn1")
    services.add_volume()
    services.world.make_mirrored("central")
    services.world.held("central").primary, services.world.held("dcn0").primary = False, True
    made = await plan(services)
    assert made.irreversible == "the copy of pet volume at central, which Ceph removes"
    stranded = next(check for check in made.checks if check.site == "dcn1")
    assert "dcn1 holds a copy and does not receive from dcn0" in stranded.text
    assert f"mirror image disable --force volumes/{IMAGE}" in stranded.way_out
    assert f"rm volumes/{IMAGE}" in stranded.way_out
    ended = await run(services, made)
    assert ended.state is TargetState.DONE, ended.text
    assert ("volumes", IMAGE) not in services.world.plants["central"].images
    assert ("volumes", IMAGE) in services.world.plants["dcn1"].images


async def test_a_silent_site_is_named_for_it_may_hold_a_copy() -> None:
    services = mirrored()
    services.world.plants["dcn0"].reachable = False
    made = await plan(services)
    assert not made.is_refused
    assert "A copy there goes when" in next(one for one in made.checks if one.site == "dcn0").text


async def test_a_copy_whose_primary_may_be_at_a_silent_site_is_left_alone() -> None:
    services = mirrored()
    services.world.plants["central"].reachable = False
    made = await plan(services)
    assert made.is_refused
    assert "its primary may be where nobody answers" in texts(made)


async def test_an_orphan_is_cut_loose_by_force_and_by_name() -> None:
    services = mirrored()
    services.world.disconnect("central", "dcn0")
    del services.world.plants["central"].images["volumes", IMAGE]
    made = await plan(services)
    assert made.targets == ("dcn0",)
    assert made.typed_name == "pet volume"
    assert "--force" in " ".join(made.commands)
    ended = await run(services, made)
    assert ended.state is TargetState.DONE, ended.text
    assert services.world.held("dcn0").mode is None


async def test_two_primaries_and_no_primary_are_settled_first() -> None:
    services = mirrored()
    services.world.held("dcn0").primary = True
    assert "mirror failback" in texts(await plan(services))
    services.world.held("dcn0").primary = services.world.held("central").primary = False
    assert "primary nowhere" in texts(await plan(services))


async def test_a_pool_mirrored_as_a_whole_lets_nobody_go() -> None:
    services = mirrored()
    services.world.plants["central"].pool_mode = PoolMode.POOL
    made = await plan(services)
    assert made.is_refused
    assert "dcn-console mirror pool-mode" in texts(made)


async def test_cancelled_while_the_copy_stays_the_features_are_restored() -> None:
    services = mirrored(before=1)
    services.world.plants["dcn0"].daemon = False
    made = await plan(services)

    def cancel(context: MirrorContext) -> None:
        context.cancel_now = True

    context = MirrorContext(services, made, on_wait=cancel)
    ended = await MirrorDisable().run_target(context)
    assert ended.state is TargetState.CANCELLED
    assert "stopped waiting" in ended.text
    assert services.world.held("central").features == 1 | 32


async def test_relocated_meanwhile_it_is_left_alone() -> None:
    services = mirrored()
    made = await plan(services)
    services.world.held("central").primary = False
    services.world.held("dcn0").primary = True
    ended = await run(services, made)
    assert ended.state is TargetState.FAILED
    assert "not primary any more" in ended.text
    assert services.world.writes == []
