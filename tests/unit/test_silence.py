"""Work that Cinder says goes on for ever although nobody is at it any more comes to an end."""

from collections.abc import Callable

import msgspec
import pytest
from fake_mirror_services import MirrorContext
from fake_mirroring import POOL
from fake_volumes import GIB, VolumeServices

from dcn_console.model.mirroring import MirrorMode, Watcher
from dcn_console.model.requests import Request
from dcn_console.model.storage import VolumeSnapshot
from dcn_console.model.storage_requests import (
    BackUpVolumes,
    CreateVolume,
    DeleteSnapshots,
    DeleteVolumes,
    ExtendVolumes,
    RestoreBackup,
    SnapshotVolumes,
)
from dcn_console.model.tasks import Target, TargetState
from dcn_console.operations.registry import operation_for
from dcn_console.operations.silence import SILENT_SECONDS

LONG_SECONDS = 3000.0
"""Longer than any wait that ends by itself."""
GROW = ExtendVolumes(volume_ids=("1",), size=2 * GIB)


@pytest.fixture
def services() -> VolumeServices:
    services = VolumeServices()
    services.storage.add_volume()
    services.storage.set_volume("1", size=GIB)
    return services


async def run(
    services: VolumeServices,
    request: Request,
    on_wait: Callable[[MirrorContext], None] = lambda context: None,
) -> tuple[Target, MirrorContext, float]:
    """Run a request of which nothing comes; returns also the seconds that it took."""
    operation = operation_for(request)
    (plan,) = await operation.plan(services.as_services(), request, services.plan_context())
    assert not plan.is_refused, plan.checks
    began = services.clock.now

    def wait(context: MirrorContext) -> None:
        on_wait(context)
        context.cancel_now = context.cancel_now or lasted() > LONG_SECONDS

    def lasted() -> float:
        return (services.clock.now - began).total_seconds()

    context = MirrorContext(services, plan, on_wait=wait)
    context.task = msgspec.structs.replace(context.task, id=began.isoformat())
    return await operation.run_target(context), context, lasted()


def lose_work(services: VolumeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Cinder take every request and never finish it."""
    monkeypatch.setattr(services.storage, "begin", lambda *_, **__: None)


@pytest.mark.parametrize(
    ("request_", "status", "way_out"),
    [
        (GROW, "extending", "openstack volume set --state available 1"),
        (SnapshotVolumes(volume_ids=("1",), name="point"), "creating", "snapshot set --state"),
        (DeleteVolumes(volume_ids=("1",)), "deleting", "openstack volume set --state error 1"),
        (DeleteSnapshots(snapshot_ids=("s",)), "deleting", "snapshot set --state error s"),
        (CreateVolume(site="dcn0", name="new", size=GIB), "creating", "volume set --state error"),
    ],
)
async def test_work_that_nobody_is_at_ends(
    services: VolumeServices,
    monkeypatch: pytest.MonkeyPatch,
    request_: Request,
    status: str,
    way_out: str,
) -> None:
    services.storage.snapshots["s"] = VolumeSnapshot(
        id="s", name="before", status="available", volume_id="1"
    )
    if isinstance(request_, DeleteVolumes):
        services.storage.snapshots.clear()
    lose_work(services, monkeypatch)
    target, _, seconds = await run(services, request_)
    assert target.state is TargetState.FAILED, target
    assert status in target.text
    assert "nobody has its RBD image open" in target.text
    assert way_out in target.text
    assert SILENT_SECONDS <= seconds < LONG_SECONDS


@pytest.mark.parametrize("turn_comes", [False, True])
async def test_a_restore_ends_once_nobody_is_at_it_nor_will_be(
    services: VolumeServices, monkeypatch: pytest.MonkeyPatch, turn_comes: bool
) -> None:
    target, _, _ = await run(services, BackUpVolumes(volume_ids=("1",), name="b"))
    assert target.state is TargetState.DONE, target.text
    made = services.storage.newest("1")
    assert made is not None
    lose_work(services, monkeypatch)

    def still_to_come(context: MirrorContext) -> None:
        if turn_comes:
            services.storage.set_backup(made.id, status="restoring")

    restore = RestoreBackup(backup_id=made.id, site="dcn0", name="r")
    target, _, _ = await run(services, restore, still_to_come)
    if turn_comes:
        assert target.state is TargetState.CANCELLED, target
        return
    assert target.state is TargetState.FAILED, target
    assert "nobody has its RBD image open" in target.text
    assert "openstack volume set --state error" in target.text


async def test_nothing_ends_while_somebody_has_the_rbd_image_open(
    services: VolumeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_work(services, monkeypatch)
    held = services.world.held("dcn0", "volume-1")
    held.watchers = (Watcher(address="10.0.0.1:0/1"),)
    target, _, seconds = await run(services, GROW)
    assert target.state is TargetState.CANCELLED, target
    assert seconds > LONG_SECONDS
    assert (POOL, "volume-1") in services.world.plants["dcn0"].images


async def test_work_waits_for_a_service_that_is_down_and_says_so(
    services: VolumeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_work(services, monkeypatch)
    up = services.storage.services
    began = services.clock.now

    def back_after_a_while(context: MirrorContext) -> None:
        away = 60.0 < (services.clock.now - began).total_seconds() < 1000.0
        services.storage.services = (
            tuple(msgspec.structs.replace(one, state="down") for one in up) if away else up
        )

    target, context, seconds = await run(services, GROW, back_after_a_while)
    assert target.state is TargetState.FAILED, target
    assert seconds > 1000.0 + SILENT_SECONDS - 60.0
    assert any("cinder-volume on dcn0 is down" in one.text for one in context.shown)


async def test_a_daemon_of_rbd_mirror_does_not_count_as_work(
    services: VolumeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = services.world.held("dcn0", "volume-1")
    held.mode, held.primary = MirrorMode.SNAPSHOT, True
    lose_work(services, monkeypatch)
    held.watchers = (Watcher(address="10.0.0.1:0/1"),)
    target, _, _ = await run(services, GROW)
    assert target.state is TargetState.FAILED, target
    assert "only what may be its servers or rbd-mirror has its RBD image open" in target.text
