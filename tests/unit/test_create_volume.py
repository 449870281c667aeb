"""New volumes: what is planned, asked once, seen to be what it should be, and cleaned up."""

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import pytest
from fake_mirror_services import Killed, MirrorContext
from fake_volumes import GIB, VolumeServices

from dcn_console.model.errors import ObjectNotFound, UsageError
from dcn_console.model.inventory import CinderService
from dcn_console.model.plans import Plan
from dcn_console.model.storage import Allowance, StorageQuota, VolumeSnapshot
from dcn_console.model.storage_requests import CreateVolume
from dcn_console.model.tasks import Target, TargetState
from dcn_console.operations.create_volume import VolumeCreate
from dcn_console.operations.results import StepResult


async def a_plan(services: VolumeServices, **more: object) -> Plan:
    asked = {"site": "dcn0", "name": "new", **more}
    request = CreateVolume(**asked)  # type: ignore[arg-type]
    operation = VolumeCreate()
    (plan,) = await operation.plan(services.as_services(), request, services.plan_context())
    return plan


async def run(
    services: VolumeServices,
    plan: Plan,
    results: dict[str, StepResult] | None = None,
    on_wait: Callable[[MirrorContext], None] = lambda context: None,
) -> tuple[Target, MirrorContext]:
    context = MirrorContext(services, plan, results=results, on_wait=on_wait)
    return await VolumeCreate().run_target(context), context


@pytest.fixture
def services() -> VolumeServices:
    return VolumeServices()


def refusals(plan: Plan) -> str:
    return " ".join(check.text for check in plan.refusals)


async def test_a_clone_of_the_local_copy_is_made_and_seen(services: VolumeServices) -> None:
    image = services.add_image("central", "dcn0")
    plan = await a_plan(services, image_id=image.id)
    assert not plan.is_refused, refusals(plan)
    assert plan.bytes_to_move == 0
    assert plan.commands == (
        f"openstack volume create --availability-zone dcn0-zone --size 1 --image {image.id} new",
    )
    target, _ = await run(services, plan)
    assert target.state is TargetState.DONE, target.text
    assert "1 GiB" in target.verified
    assert f"a clone of images/{image.id}@snap" in target.verified


async def test_a_full_copy_where_a_clone_was_promised_is_told(services: VolumeServices) -> None:
    plan = await a_plan(services, image_id=services.add_image("dcn0").id)
    services.volumes.flat = True
    target, _ = await run(services, plan)
    assert target.state is TargetState.FAILED
    assert "a full copy, no clone of images/" in target.text
    assert "is left as it is" in target.text


async def test_a_volume_of_a_snapshot_may_be_filled_at_once(services: VolumeServices) -> None:
    services.storage.add_volume()
    services.storage.snapshots["s"] = VolumeSnapshot(
        id="s", status="available", volume_id="1", size=2 * GIB
    )
    plan = await a_plan(services, snapshot_id="s")
    services.volumes.flat = True
    target, _ = await run(services, plan)
    assert target.state is TargetState.DONE, target.text
    assert "2 GiB; its RBD image was filled at once" in target.verified


async def test_what_cannot_work_is_refused(services: VolumeServices) -> None:
    at_hub = services.add_image("central", size=3 * GIB)
    services.glance.min_disk = 5
    plan = await a_plan(services, image_id=at_hub.id, size=GIB)
    assert "has no copy at dcn0" in refusals(plan)
    assert "needs 5 GiB, the volume would have 1 GiB" in refusals(plan)

    services.storage.add_volume(site="dcn1")
    services.storage.snapshots["s"] = VolumeSnapshot(
        id="s", status="creating", volume_id="1", size=2 * GIB
    )
    plan = await a_plan(services, snapshot_id="s")
    assert "is creating, not available" in refusals(plan)
    assert "is at dcn1; a volume of it can only be made there" in refusals(plan)


async def test_a_copy_that_is_gone_or_not_whole_is_refused(services: VolumeServices) -> None:
    image = services.add_image("dcn0")
    held = services.world.held("dcn0", image.id, "images")
    held.snapshots = ()
    assert "lacks the snapshot" in refusals(await a_plan(services, image_id=image.id))
    del services.world.plants["dcn0"].images["images", image.id]
    assert "its RBD image is gone" in refusals(await a_plan(services, image_id=image.id))
    services.world.plants["dcn0"].reachable = False
    plan = await a_plan(services, image_id=image.id)
    assert not plan.is_refused
    assert any("not known" in check.text for check in plan.warnings)


async def test_quota_and_service_are_judged(services: VolumeServices) -> None:
    services.storage.quota = StorageQuota(volumes=Allowance(used=9, allowed=9), largest_volume=GIB)
    services.storage.services = (
        CinderService(
            binary="cinder-volume",
            host="dcn0",
            availability_zone="dcn0-zone",
            status="enabled",
            state="down",
            updated_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        ),
    )
    plan = await a_plan(services, size=2 * GIB)
    text = refusals(plan)
    assert "Quota volumes" in text
    assert "1 GiB at most" in text
    assert "dcn0 is down since 2026-01-02 03:04 UTC" in text
    ways_out = [check.way_out for check in plan.refusals]
    assert "Start cinder-volume on dcn0; its log says why it ended." in ways_out


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"site": "nowhere", "size": GIB},
        {"image_id": "i", "snapshot_id": "s"},
        {"size": -1},
    ],
)
async def test_what_makes_no_sense_is_told(
    services: VolumeServices, more: dict[str, object]
) -> None:
    with pytest.raises(UsageError):
        await a_plan(services, **more)


async def test_an_unknown_image_is_told(services: VolumeServices) -> None:
    with pytest.raises(ObjectNotFound):
        await a_plan(services, image_id="unknown")


async def test_cinders_fallback_to_another_zone_is_told(services: VolumeServices) -> None:
    plan = await a_plan(services, size=GIB)
    services.storage.zone_fallback = "central-zone"
    target, _ = await run(services, plan)
    assert target.state is TargetState.FAILED
    assert "is in zone central-zone, not in dcn0-zone" in target.text


async def test_a_host_of_another_zone_is_told(services: VolumeServices) -> None:
    plan = await a_plan(services, size=GIB)

    def move(context: MirrorContext) -> None:
        services.storage.set_volume("volume-1", host="dcn1@ceph#pool")

    target, _ = await run(services, plan, on_wait=move)
    assert target.state is TargetState.FAILED
    assert "on dcn1@ceph, which serves another zone" in target.text


async def test_a_failed_volume_is_removed_with_cinders_reason(services: VolumeServices) -> None:
    plan = await a_plan(services, size=GIB)
    services.storage.fail_reason = "schedule allocate volume:Could not find any available host"
    target, _ = await run(services, plan)
    assert target.state is TargetState.FAILED
    assert "Could not find any available host" in target.text
    assert "is left" not in target.text
    assert not services.storage.volumes


async def test_a_lost_answer_does_not_make_two(services: VolumeServices) -> None:
    plan = await a_plan(services, size=GIB)
    services.storage.lose_answers = 1
    target, _ = await run(services, plan)
    assert target.state is TargetState.DONE, target.text
    assert services.storage.asked == ["create volume-1"]


async def test_a_runner_killed_right_after_asking_makes_one_volume(
    services: VolumeServices,
) -> None:
    plan = await a_plan(services, size=GIB)
    results: dict[str, StepResult] = {}

    def kill(write: str) -> None:
        services.world.after_write = lambda write: None
        raise Killed

    services.world.after_write = kill
    with pytest.raises(Killed):
        await run(services, plan, results)
    target, _ = await run(services, plan, results)
    assert target.state is TargetState.DONE, target.text
    assert services.storage.asked == ["create volume-1"]


async def test_cancelling_says_that_cinder_goes_on(services: VolumeServices) -> None:
    plan = await a_plan(services, size=GIB)
    target, _ = await run(
        services, plan, on_wait=lambda context: setattr(context, "cancel_now", True)
    )
    assert target.state is TargetState.CANCELLED
    assert "may go on making" in target.text


async def test_a_volume_deleted_meanwhile_is_told(services: VolumeServices) -> None:
    plan = await a_plan(services, size=GIB)
    target, _ = await run(services, plan, on_wait=lambda context: services.storage.volumes.clear())
    assert target.state is TargetState.FAILED
    assert "deleted by somebody else" in target.text


async def test_it_is_planned_again_as_it_was_asked(services: VolumeServices) -> None:
    image = services.add_image("dcn0")
    plan = await a_plan(services, image_id=image.id, size=3 * GIB, volume_type="fast")
    context = MirrorContext(services, plan)
    again = await VolumeCreate().replan(
        services.as_services(), context.task, services.plan_context()
    )
    assert msgspec.structs.replace(again, made_at=plan.made_at) == plan
