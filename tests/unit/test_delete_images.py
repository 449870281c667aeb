"""Deleting copies and images: never while something needs one, and never half of it."""

from collections.abc import Callable

import msgspec
import pytest
from fake_images import IMAGE, ImageServices
from fake_mirror_services import MirrorContext

from dcn_console.model.errors import UsageError
from dcn_console.model.image_requests import DeleteCopies, DeleteImages
from dcn_console.model.inventory import ImageTask
from dcn_console.model.plans import Plan
from dcn_console.model.sites import Topology
from dcn_console.model.tasks import Target, TargetState
from dcn_console.operations.delete_copies import ImageDeleteCopy
from dcn_console.operations.delete_images import ImageDelete


@pytest.fixture
def services() -> ImageServices:
    services = ImageServices()
    services.add_image("central", "dcn0", "dcn1")
    return services


async def copies_plan(services: ImageServices, *sites: str) -> Plan:
    request = DeleteCopies(image_ids=(IMAGE,), sites=sites)
    operation = ImageDeleteCopy()
    (plan,) = await operation.plan(services.as_services(), request, services.plan_context())
    return plan


async def image_plan(services: ImageServices) -> Plan:
    request = DeleteImages(image_ids=(IMAGE,))
    (plan,) = await ImageDelete().plan(services.as_services(), request, services.plan_context())
    return plan


async def run(
    services: ImageServices,
    plan: Plan,
    site: str = "",
    on_wait: Callable[[MirrorContext], None] = lambda context: None,
) -> Target:
    context = MirrorContext(services, plan, site=site, on_wait=on_wait)  # type: ignore[arg-type]
    operation = ImageDelete() if plan.operation == ImageDelete.name else ImageDeleteCopy()
    return await operation.run_target(context)


def refusals(plan: Plan) -> str:
    return " ".join(check.text for check in plan.refusals)


async def test_copies_are_deleted_and_what_stays_is_said(services: ImageServices) -> None:
    plan = await copies_plan(services, "dcn0", "dcn1")
    assert plan.targets == ("dcn0", "dcn1")
    assert plan.typed_name == "cirros"
    assert any("Copies stay at central" in check.text for check in plan.checks)
    for site in plan.targets:
        target = await run(services, plan, site)
        assert target.state is TargetState.DONE
        assert f"its room at {site} is free" in target.verified
    assert services.glance.known[IMAGE].stores == ("central-store",)


async def test_the_last_copy_is_refused_in_the_plan_and_in_the_task(
    services: ImageServices,
) -> None:
    plan = await copies_plan(services, "central", "dcn0", "dcn1")
    assert "no copy at all" in refusals(plan)
    plan = await copies_plan(services, "dcn1")
    services.glance.change(IMAGE, stores=("dcn1-store",))
    target = await run(services, plan)
    assert target.state is TargetState.FAILED
    assert "last copy" in target.text
    assert services.glance.asked == []


async def test_the_central_copy_is_warned_about(services: ImageServices) -> None:
    plan = await copies_plan(services, "central")
    assert plan.has_work
    assert "central copy" in " ".join(check.text for check in plan.warnings)


async def test_a_copy_with_clones_is_left_and_the_volumes_are_named(
    services: ImageServices,
) -> None:
    services.add_clone("dcn0")
    plan = await copies_plan(services, "dcn0", "dcn1")
    assert plan.targets == ("dcn1",)
    assert "volume “web” (v1)" in plan.skipped["dcn0"]
    services.clusters["dcn0"].clones.clear()
    plan = await copies_plan(services, "dcn0")
    services.add_clone("dcn0")
    target = await run(services, plan)
    assert target.state is TargetState.FAILED
    assert "nothing was deleted" in target.text
    assert services.glance.asked == []


async def test_a_site_that_cannot_be_looked_at_is_no_hindrance_to_one_copy(
    services: ImageServices,
) -> None:
    services.clusters["dcn0"].reachable = False
    plan = await copies_plan(services, "dcn0")
    assert plan.has_work
    target = await run(services, plan)
    assert target.state is TargetState.DONE
    assert "not known" in target.verified


async def test_what_has_no_copy_is_skipped(services: ImageServices) -> None:
    services.glance.change(IMAGE, stores=("central-store", "dcn1-store"))
    plan = await copies_plan(services, "dcn0")
    assert not plan.has_work
    assert plan.skipped == {"dcn0": "has no copy"}
    with pytest.raises(UsageError):
        await copies_plan(services)


async def test_a_copy_in_the_trash_is_told(services: ImageServices) -> None:
    plan = await copies_plan(services, "dcn0")
    services.clusters["dcn0"].trashed.append(IMAGE)
    target = await run(services, plan)
    assert "in the trash" in target.verified


async def test_a_lost_answer_is_looked_after(services: ImageServices) -> None:
    services.glance.lost_answers = 1
    plan = await copies_plan(services, "dcn0")
    target = await run(services, plan)
    assert target.state is TargetState.DONE
    assert services.glance.asked == [f"delete {IMAGE} from dcn0-store"]


async def test_an_image_goes_everywhere(services: ImageServices) -> None:
    plan = await image_plan(services)
    assert not plan.is_refused
    assert plan.typed_name == "cirros"
    target = await run(services, plan)
    assert target.state is TargetState.DONE
    for site in ("central", "dcn0", "dcn1"):
        assert f"its room at {site} is free" in target.verified
    assert services.glance.known == {}


async def test_a_clone_at_one_edge_keeps_the_whole_image(services: ImageServices) -> None:
    plan = await image_plan(services)
    services.add_clone("dcn1")
    assert "volume “web” (v1)" in refusals(await image_plan(services))
    target = await run(services, plan)
    assert target.state is TargetState.FAILED
    assert services.glance.asked == []
    assert len(services.glance.known[IMAGE].stores) == 3


async def test_a_site_that_cannot_be_asked_keeps_the_whole_image(
    services: ImageServices,
) -> None:
    plan = await image_plan(services)
    services.clusters["dcn1"].reachable = False
    assert "not known" in refusals(await image_plan(services))
    target = await run(services, plan)
    assert target.state is TargetState.FAILED
    assert "not known" in target.text
    assert services.glance.asked == []


async def test_a_store_that_is_no_sites_keeps_the_whole_image(services: ImageServices) -> None:
    services.glance.change(IMAGE, stores=("central-store", "elsewhere"))
    assert "store elsewhere" in refusals(await image_plan(services))


async def test_glances_own_refusal_names_the_copies_that_are_left(
    services: ImageServices,
) -> None:
    plan = await image_plan(services)
    services.add_clone("dcn1")
    seen = services.clusters["dcn1"].clones.copy()

    async def nothing(pool: str, name: str) -> tuple[()]:
        return ()

    services.clusters["dcn1"].children = nothing  # type: ignore[method-assign]
    target = await run(services, plan)
    assert target.state is TargetState.FAILED
    assert "Copies left: dcn1-store" in target.text
    assert seen


@pytest.mark.parametrize("changes", [{"protected": True}, {"import_task": "task-9"}])
async def test_what_is_protected_or_being_imported_stays(
    services: ImageServices, changes: dict[str, object]
) -> None:
    services.glance.change(IMAGE, **changes)
    services.glance.tasks_of[IMAGE] = [
        ImageTask(id="task-9", status="processing", updated_at=services.clock.now)
    ]
    assert (await image_plan(services)).is_refused
    assert (await copies_plan(services, "dcn0")).is_refused


async def test_a_read_only_site_keeps_its_copy(services: ImageServices) -> None:
    sites = tuple(
        msgspec.structs.replace(site, read_only=site.name == "dcn1") for site in services.topology
    )
    services.topology = Topology(sites)
    assert "read-only" in refusals(await image_plan(services))


async def test_an_image_that_is_gone_already_is_a_success(services: ImageServices) -> None:
    plan = await image_plan(services)
    del services.glance.known[IMAGE]
    services.clusters["dcn0"].whole.clear()
    target = await run(services, plan)
    assert target.state is TargetState.DONE


async def test_a_copy_that_is_not_in_the_pool_keeps_the_image_until_it_is_deleted(
    services: ImageServices,
) -> None:
    services.clusters["dcn1"].used.clear()
    assert "images_pool is another" in refusals(await image_plan(services))
    plan = await copies_plan(services, "dcn1")
    assert plan.has_work
    assert (await run(services, plan)).state is TargetState.DONE
    assert not (await image_plan(services)).is_refused


async def test_an_image_whose_only_copy_is_lost_can_be_deleted(services: ImageServices) -> None:
    services.glance.change(IMAGE, stores=("dcn1-store",))
    services.clusters["dcn1"].used.clear()
    plan = await image_plan(services)
    assert not plan.is_refused
    assert (await run(services, plan)).state is TargetState.DONE
