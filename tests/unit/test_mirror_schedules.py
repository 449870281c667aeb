"""Adding and removing schedules of mirror snapshots, against clusters in memory."""

import pytest
from fake_mirror_services import FakeServices, MirrorContext
from fake_mirroring import IMAGE, POOL

from dcn_console.model.errors import UsageError
from dcn_console.model.mirroring import MirrorMode
from dcn_console.model.plans import Plan
from dcn_console.model.requests import AddSchedule, RemoveSchedule
from dcn_console.model.tasks import TargetState
from dcn_console.operations.mirror_schedules import MirrorScheduleAdd, MirrorScheduleRemove


def mirrored(mode: MirrorMode = MirrorMode.SNAPSHOT) -> FakeServices:
    services = FakeServices()
    services.world.make_mirrored("central", mode)
    return services


async def add(services: FakeServices, interval: str, image: str | None = IMAGE) -> Plan:
    request = AddSchedule(site="central", pool=POOL, interval=interval, image=image)
    context = services.plan_context()
    (made,) = await MirrorScheduleAdd().plan(services.as_services(), request, context)
    return made


async def remove(services: FakeServices, interval: str, image: str | None = IMAGE) -> Plan:
    request = RemoveSchedule(site="central", pool=POOL, interval=interval, image=image)
    context = services.plan_context()
    (made,) = await MirrorScheduleRemove().plan(services.as_services(), request, context)
    return made


@pytest.mark.parametrize("image", [IMAGE, None])
async def test_added_and_removed_again(image: str | None) -> None:
    services = mirrored()
    made = await add(services, "15m", image)
    ended = await MirrorScheduleAdd().run_target(MirrorContext(services, made))
    assert ended.state is TargetState.DONE, ended.text
    assert services.world.plants["central"].schedules == [(image, "15m")]
    assert (await add(services, "15m", image)).skipped == {"central": "has that schedule already"}
    gone = await remove(services, "15m", image)
    ended = await MirrorScheduleRemove().run_target(MirrorContext(services, gone))
    assert ended.state is TargetState.DONE, ended.text
    assert services.world.plants["central"].schedules == []
    assert (await remove(services, "15m", image)).skipped == {"central": "has no such schedule"}


async def test_an_hour_is_sixty_minutes() -> None:
    services = mirrored()
    services.world.plants["central"].schedules = [(IMAGE, "1h")]
    assert (await add(services, "60m")).targets == ()


@pytest.mark.parametrize("interval", ["", "15", "m", "0m", "-1h", "1.5h", "1w", "15 m", "１５m"])
async def test_what_is_no_interval_is_refused(interval: str) -> None:
    with pytest.raises(UsageError, match="no interval"):
        await add(mirrored(), interval)


async def test_without_a_manager_it_is_refused_at_once() -> None:
    services = mirrored()
    services.world.plants["central"].manager = False
    made = await add(services, "15m")
    assert made.is_refused
    assert "no active manager" in made.refusals[0].text


async def test_journal_mode_takes_no_schedule() -> None:
    made = await add(mirrored(MirrorMode.JOURNAL), "15m")
    assert made.is_refused
    assert "journal mode" in made.refusals[0].text


async def test_at_a_secondary_it_rests() -> None:
    services = FakeServices()
    services.world.make_mirrored("dcn0", MirrorMode.SNAPSHOT)
    made = await add(services, "15m")
    assert not made.is_refused
    assert "rests until it is" in made.warnings[0].text


async def test_a_second_run_of_the_same_plan_changes_nothing_more() -> None:
    services = mirrored()
    made = await add(services, "15m")
    await MirrorScheduleAdd().run_target(MirrorContext(services, made))
    ended = await MirrorScheduleAdd().run_target(MirrorContext(services, made))
    assert ended.state is TargetState.DONE
    assert len(services.world.writes) == 1
