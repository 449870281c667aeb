"""The plan of a copy: subtracts, warns, refuses, and says what will move."""

from datetime import timedelta

import msgspec
import pytest
from fake_dcn import BEGAN, IMAGE_ID, MIB, FakeServices, a_task, an_image

from dcn_console.model.errors import RefusedError, UsageError
from dcn_console.model.inventory import ImageTask
from dcn_console.model.plans import Plan, VerifyLevel
from dcn_console.model.tasks import Target, TargetState, Task
from dcn_console.operations.base import PlanContext
from dcn_console.operations.copy_image import CopyImage, plan_copy
from dcn_console.operations.policy import check_policy


async def plan(
    services: FakeServices,
    sites: tuple[str, ...] | None = None,
    open_tasks: tuple[Task, ...] = (),
    rates: dict[str, float] | None = None,
) -> Plan:
    context = PlanContext(open_tasks=open_tasks, rate_to=(rates or {}).get, now=BEGAN)
    return await plan_copy(services.as_services(), IMAGE_ID, sites, VerifyLevel.METADATA, context)


def texts(made: Plan) -> str:
    return " ".join(check.text for check in made.checks)


async def test_every_edge_lacking_the_image_is_the_default() -> None:
    services = FakeServices("dcn0", "dcn1", "dcn2")
    services.glance.image_now = an_image(stores=("central-store", "dcn1-store"))
    made = await plan(services)
    assert made.targets == ("dcn0", "dcn2")
    assert made.skipped == {"dcn1": "has it already"}
    assert made.bytes_to_move == 80 * MIB
    assert made.title == "copy cirros → dcn0, dcn2"
    assert "--stores dcn0-store,dcn2-store --allow-failure True" in made.commands[0]


async def test_planning_changes_nothing() -> None:
    services = FakeServices("dcn0")
    await plan(services)
    assert services.glance.requests == []


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"status": "queued"}, "queued"),
        ({"disk_format": None}, "no disk format"),
        ({"container_format": None}, "no container format"),
        ({"stores": ()}, "no store"),
    ],
)
async def test_an_image_that_cannot_be_copied_is_refused(
    changes: dict[str, object], word: str
) -> None:
    services = FakeServices("dcn0")
    services.glance.image_now = an_image(**changes)
    made = await plan(services)
    assert made.is_refused
    assert not made.has_work
    assert word in made.refusals[0].text
    with pytest.raises(RefusedError, match="Refused"):
        check_policy([made], services.topology, "")


async def test_a_glance_without_copy_image_is_refused() -> None:
    services = FakeServices("dcn0")
    services.glance.methods = ("web-download",)
    made = await plan(services)
    assert made.is_refused
    assert "enabled_import_methods" in made.refusals[0].way_out


async def test_who_is_no_administrator_is_warned_before_glance_refuses() -> None:
    services = FakeServices("dcn0")
    assert "administrators" not in texts(await plan(services))
    services.cloud.roles = frozenset({"reader", "member"})
    made = await plan(services)
    assert made.has_work
    (warning,) = [check for check in made.checks if "administrators" in check.text]
    assert warning.text.endswith("these credentials have member, reader only.")
    assert "doctor" in warning.way_out


async def test_a_non_raw_image_is_warned_about() -> None:
    services = FakeServices("dcn0")
    services.glance.image_now = an_image(disk_format="qcow2")
    made = await plan(services)
    assert made.has_work
    assert any("copy-on-write" in check.text for check in made.warnings)


async def test_an_image_without_a_central_copy_is_warned_about() -> None:
    services = FakeServices("dcn0", "dcn1")
    services.glance.image_now = an_image(stores=("dcn1-store",))
    assert any("no copy at central" in check.text for check in (await plan(services)).warnings)


async def test_a_held_lock_is_seen_with_the_time_it_ends() -> None:
    services = FakeServices("dcn0")
    services.glance.image_now = an_image(import_task="other")
    services.glance.dead = True
    services.glance.tasks_now = [
        ImageTask(id="other", status="processing", updated_at=BEGAN - timedelta(minutes=10))
    ]
    warning = (await plan(services)).warnings[0].text
    assert "task other" in warning
    assert "until 12:50 UTC" in warning
    assert "no sign of life" in warning


async def test_a_site_without_room_is_left_out_and_the_others_go_on() -> None:
    services = FakeServices("dcn0", "dcn1")
    services.clusters["dcn0"].available = 10 * MIB
    made = await plan(services)
    assert made.targets == ("dcn1",)
    assert "10 MiB free" in made.skipped["dcn0"]
    assert made.has_work


async def test_a_site_that_does_not_answer_stays_a_target_with_a_warning() -> None:
    services = FakeServices("dcn0", "dcn1")
    services.clusters["dcn1"].reachable = False
    made = await plan(services)
    assert made.targets == ("dcn0", "dcn1")
    assert any("will wait until it does" in check.text for check in made.warnings)


async def test_a_read_only_store_is_refused() -> None:
    services = FakeServices("dcn0")
    services.glance.read_only_stores = ("dcn0-store",)
    made = await plan(services)
    assert made.targets == ()
    assert "read-only" in made.skipped["dcn0"]


async def test_a_site_whose_store_glance_lacks_is_named() -> None:
    services = FakeServices("dcn0", "dcn1")
    del services.clusters["dcn1"]
    assert "no store “dcn1-store”" in (await plan(services)).skipped["dcn1"]


async def test_a_copy_under_way_is_not_planned_twice() -> None:
    services = FakeServices("dcn0")
    made = await plan(services, open_tasks=(a_task(("dcn0",)),))
    assert made.skipped == {"dcn0": "task 7 is copying it there"}


async def test_an_unknown_site_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="central, dcn0"):
        await plan(FakeServices("dcn0"), ("nowhere",))


async def test_the_estimate_stands_on_earlier_copies_or_is_none() -> None:
    services = FakeServices("dcn0", "dcn1")
    assert (await plan(services)).estimate_seconds is None
    rates = {"dcn0": 10.0 * MIB, "dcn1": 20.0 * MIB}
    made = await plan(services, rates=rates)
    assert made.estimate_seconds == pytest.approx(4 + 2 + 3)
    assert made.estimate_basis


async def test_a_retry_plans_only_what_was_not_done() -> None:
    services = FakeServices("dcn0", "dcn1")
    task = msgspec.structs.replace(
        a_task(("dcn0", "dcn1")),
        targets=(
            Target(site="dcn0", state=TargetState.DONE),
            Target(site="dcn1", state=TargetState.FAILED),
        ),
    )
    context = PlanContext(open_tasks=(), rate_to=lambda site: None, now=BEGAN)
    made = await CopyImage().replan(services.as_services(), task, context)
    assert made.targets == ("dcn1",)


async def test_hostile_names_stay_text_in_the_plan() -> None:
    services = FakeServices("dcn0")
    name = "[red]x[/]\n\x1b[31m../../etc; rm -rf ~" + "é" * 300
    services.glance.image_now = an_image(name=name)
    made = await plan(services)
    assert "\n" not in made.title
    assert "\x1b" not in made.title
    assert all("rm -rf" not in command for command in made.commands)


async def test_policy_refuses_when_read_only() -> None:
    services = FakeServices("dcn0")
    made = await plan(services)
    with pytest.raises(RefusedError, match="read-only"):
        check_policy([made], services.topology, "this console is read-only")
    check_policy([made], services.topology, "")


async def test_policy_refuses_a_read_only_site_even_if_a_plan_names_it() -> None:
    services = FakeServices("dcn0")
    made = await plan(services)
    sites = tuple(
        msgspec.structs.replace(site, read_only=not site.is_hub) for site in services.topology
    )
    with pytest.raises(RefusedError, match="dcn0 is read-only"):
        check_policy([made], type(services.topology)(sites), "")
