"""Volumes are made, grown, snapshotted, uploaded and deleted on a simulated cloud."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from fake_mirror_services import Killed, MirrorContext
from simulated import Api, running_simulator, small_options
from simulated_operations import Operations, operations_on
from simulated_storage import Storage

from dcn_console.model.errors import ObjectNotFound
from dcn_console.model.storage_requests import (
    CreateVolume,
    DeleteSnapshots,
    DeleteVolumes,
    ExtendVolumes,
    SnapshotVolumes,
    UploadVolumes,
)
from dcn_console.model.tasks import ProgressSource, TargetState
from dcn_console.operations.results import StepResult
from dcn_console.simulator.instance import Simulator
from dcn_console.simulator.records import GIB, MIB

NORTH = "ceph-north"


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """One cloud for this module's tests, which leave each other's things alone."""
    with running_simulator(small_options(bandwidth=160.0 * MIB)) as running:
        yield running


@pytest.fixture
def storage(simulator: Simulator) -> Storage:
    """Cinder for the administrator."""
    return Storage(simulator, Api(simulator))


@pytest.fixture
async def operations(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Operations]:
    monkeypatch.setenv("DCN_CONSOLE_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("DCN_CONSOLE_CACHE", str(tmp_path / "cache"))
    async with operations_on(simulator, tmp_path) as found:
        yield found


async def test_a_volume_of_an_image_is_seen_to_be_a_clone_of_the_sites_copy(
    simulator: Simulator, storage: Storage, operations: Operations
) -> None:
    image = simulator.control.add_image("os", ("store-home", "store-north"), 64 * MIB)
    request = CreateVolume(site="north", name="boot", image_id=image)
    plan = await operations.plan(request)
    assert not plan.is_refused
    assert plan.bytes_to_move == 0
    target, _ = await operations.run(request, plan)
    assert target.state is TargetState.DONE, target.text
    assert f"a clone of images/{image}@snap" in target.verified
    assert "zone-north on north@" in target.verified

    elsewhere = await operations.plan(CreateVolume(site="south", name="boot", image_id=image))
    assert "has no copy at south" in elsewhere.refusals[0].text


async def test_an_image_that_is_not_raw_is_copied_and_its_bytes_are_shown(
    simulator: Simulator, operations: Operations
) -> None:
    image = simulator.control.add_image("os", ("store-north",), 640 * MIB, "qcow2")
    request = CreateVolume(site="north", name="boot", image_id=image, size=GIB)
    plan = await operations.plan(request)
    assert any("not raw" in check.text for check in plan.warnings)
    target, context = await operations.run(request, plan)
    assert target.state is TargetState.DONE, target.text
    sources = {shown.progress.source for shown in context.shown if shown.progress}
    assert ProgressSource.RBD_IMAGE in sources


async def test_a_plan_tells_that_a_pool_cannot_be_written_though_its_space_is_known(
    simulator: Simulator, operations: Operations
) -> None:
    simulator.control.set_faults(osd_down=("south",))
    try:
        plan = await operations.plan(CreateVolume(site="south", name="plain", size=GIB))
    finally:
        simulator.control.set_faults()
    (warning,) = plan.warnings
    assert "Nothing can be written at south now." in warning.text
    assert warning.way_out


async def test_an_empty_volume_is_made_and_a_snapshot_taken_of_it_and_a_volume_made_of_that(
    storage: Storage, operations: Operations
) -> None:
    target, _ = await operations.run(CreateVolume(site="north", name="plain", size=2 * GIB))
    assert target.state is TargetState.DONE, target.text
    (volume,) = [
        one
        for one in storage.ask("GET", "/volumes/detail").content["volumes"]
        if one["name"] == "plain"
    ]
    target, _ = await operations.run(SnapshotVolumes(volume_ids=(volume["id"],), name="point"))
    assert target.state is TargetState.DONE, target.text
    (snapshot,) = storage.ask("GET", "/snapshots/detail?name=point").content["snapshots"]
    assert f"volumes/volume-{volume['id']}@snapshot-{snapshot['id']} is there" in target.verified

    made = CreateVolume(site="north", name="of it", snapshot_id=snapshot["id"])
    target, _ = await operations.run(made)
    assert f"a clone of volumes/volume-{volume['id']}@snapshot" in target.verified

    plan = await operations.plan(DeleteSnapshots(snapshot_ids=(snapshot["id"],)))
    assert plan.typed_name == "point"
    assert "is a clone of it" in plan.refusals[0].text
    plan = await operations.plan(DeleteVolumes(volume_ids=(volume["id"],)))
    assert "It has 1 snapshot: point." in {check.text for check in plan.refusals}

    (child,) = [
        one
        for one in storage.ask("GET", "/volumes/detail").content["volumes"]
        if one["name"] == "of it"
    ]
    target, _ = await operations.run(DeleteVolumes(volume_ids=(child["id"],)))
    assert "its RBD image too" in target.verified
    target, _ = await operations.run(DeleteSnapshots(snapshot_ids=(snapshot["id"],)))
    assert "its RBD snapshot too" in target.verified
    target, _ = await operations.run(DeleteVolumes(volume_ids=(volume["id"],)))
    assert target.state is TargetState.DONE, target.text


async def test_a_volume_goes_with_its_snapshots_only_when_that_was_agreed_to(
    simulator: Simulator, storage: Storage, operations: Operations
) -> None:
    volume_id = simulator.control.add_volume("going", "north", used=32 * MIB)
    storage.create("snapshot", volume_id=volume_id, name="also going")
    assert (await operations.plan(DeleteVolumes(volume_ids=(volume_id,)))).is_refused
    request = DeleteVolumes(volume_ids=(volume_id,), with_snapshots=True)
    plan = await operations.plan(request)
    assert (plan.typed_name, plan.is_refused) == ("going", False)
    assert any("no good backup" in check.text for check in plan.warnings)
    target, _ = await operations.run(request, plan)
    assert target.state is TargetState.DONE, target.text
    assert storage.ask("GET", f"/volumes/{volume_id}").status == 404


async def test_a_volume_in_use_grows(
    simulator: Simulator, storage: Storage, operations: Operations
) -> None:
    volume_id = simulator.control.add_volume("db", "north", 2)
    simulator.control.add_server("web", "north", (volume_id,))
    request = ExtendVolumes(volume_ids=(volume_id,), size=3 * GIB)
    target, _ = await operations.run(request)
    assert target.state is TargetState.DONE, target.text
    assert storage.detail(NORTH, "volumes", f"volume-{volume_id}")["size"] == 3 * GIB
    again = await operations.plan(request)
    assert again.skipped == {"north": "has 3 GiB already"}
    smaller = await operations.plan(ExtendVolumes(volume_ids=(volume_id,), size=GIB))
    assert "cannot become smaller" in smaller.refusals[0].text


async def test_a_server_is_stopped_for_a_snapshot_and_started_again(
    simulator: Simulator, operations: Operations
) -> None:
    volume_id = simulator.control.add_volume("db", "north", used=8 * MIB)
    server = simulator.control.add_server("web", "north", (volume_id,))
    request = SnapshotVolumes(volume_ids=(volume_id,), name="quiet", stop_server=True)
    plan = await operations.plan(request)
    assert [step.name for step in plan.steps] == [
        "stop server", "ask", "watch", "start server", "verify"
    ]  # fmt: skip
    target, context = await operations.run(request, plan)
    assert target.state is TargetState.DONE, target.text
    assert "stopped" in context.results["stop server"].text
    assert operations.services.nova is not None
    assert (await operations.services.nova.server(server)).status == "ACTIVE"


async def test_an_image_of_a_server_is_told_of_before_its_snapshot_goes(
    simulator: Simulator, operations: Operations
) -> None:
    volume_id = simulator.control.add_volume("root", "north", used=8 * MIB, bootable=True)
    server = simulator.control.add_server("web", "north", root=volume_id)
    services = operations.services
    assert services.nova is not None
    await services.nova.create_image(server, "picture", {})
    (snapshot,) = await services.cinder.snapshots.of_volume(volume_id)
    plan = await operations.plan(DeleteSnapshots(snapshot_ids=(snapshot.id,)))
    assert any("image “picture” needs it" in check.text for check in plan.warnings)


@pytest.mark.parametrize("in_use", [False, True])
async def test_an_image_of_a_volume_lands_centrally_and_goes_on_to_the_sites(
    simulator: Simulator, storage: Storage, operations: Operations, *, in_use: bool
) -> None:
    volume_id = simulator.control.add_volume("golden", "north", used=64 * MIB)
    if in_use:
        simulator.control.add_server("web", "north", (volume_id,))
    request = UploadVolumes(
        volume_ids=(volume_id,), name=f"golden {in_use}", sites=("north", "south")
    )
    plan = await operations.plan(request)
    assert plan.targets == ("home",)
    assert plan.bytes_to_move == 3 * GIB
    target, context = await operations.run(request, plan)
    assert target.state is TargetState.DONE, (target, context.lines)
    assert "seen whole at home, north, south" in target.verified
    assert "the same as at north" in target.verified
    (image,) = await operations.services.glance.images.named(f"golden {in_use}")
    assert set(image.stores) == {"store-home", "store-north", "store-south"}
    sources = {shown.progress.source for shown in context.shown if shown.progress}
    assert ProgressSource.RBD_IMAGE in sources
    left = storage.ask("GET", "/volumes/detail").content["volumes"]
    assert not [one for one in left if one["name"].startswith("dcn-console task")]
    snapshots = storage.ask("GET", "/snapshots/detail").content["snapshots"]
    assert not [one for one in snapshots if one["volume_id"] == volume_id]


async def test_an_image_of_a_volume_is_staged_once_for_all_its_sites(
    simulator: Simulator, operations: Operations
) -> None:
    volume_id = simulator.control.add_volume("many", "north", used=8 * MIB)
    request = UploadVolumes(volume_ids=(volume_id,), sites=("north", "south"))
    target, context = await operations.run(request)
    assert target.state is TargetState.DONE, (target, context.lines)
    requests = [line for line in context.lines if "asking Glance to copy" in line]
    assert len(requests) == 1
    assert "store-north, store-south" in requests[0]


@pytest.mark.parametrize("name", ["x" * 256, "rocket 🚀"])
async def test_a_name_that_glance_refuses_is_no_name_of_an_image(
    simulator: Simulator, operations: Operations, name: str
) -> None:
    volume_id = simulator.control.add_volume("well named", "north", used=8 * MIB)
    plan = await operations.plan(UploadVolumes(volume_ids=(volume_id,), name=name))
    assert [check.text for check in plan.refusals if "name" in check.text]


async def test_a_dead_site_keeps_an_image_from_no_other(
    simulator: Simulator, operations: Operations
) -> None:
    volume_id = simulator.control.add_volume("brave", "north", used=8 * MIB)
    request = UploadVolumes(volume_ids=(volume_id,), sites=("south", "north"))
    plan = await operations.plan(request)
    simulator.control.set_faults(osd_down=("south",))
    found: set[str] = set()

    def revive(context: MirrorContext) -> None:
        """Bring the dead site back once the image is at the other one."""
        if "verify at north" in context.results:
            found.update(context.results)
            simulator.control.set_faults()

    target, context = await operations.run(request, plan, on_wait=revive)
    assert target.state is TargetState.DONE, (target, context.lines)
    assert "verify at north" in found
    assert "verify at south" not in found
    assert "seen whole at home, south, north" in target.verified


@pytest.mark.parametrize(
    "step",
    ["scratch volume at north", "ask", "name", "copy on", "remove scratch volume at north"],
)
async def test_an_upload_that_was_killed_is_taken_up_and_nothing_is_made_twice(
    simulator: Simulator, storage: Storage, operations: Operations, step: str
) -> None:
    volume_id = simulator.control.add_volume(f"killed in {step}", "north", used=32 * MIB)
    simulator.control.add_server("web", "north", (volume_id,))
    request = UploadVolumes(volume_ids=(volume_id,), sites=("north", "south"))
    plan = await operations.plan(request)
    results: dict[str, StepResult] = {}

    def kill(name: str) -> None:
        """Die after the step was taken, before its result was written down."""
        if name == step:
            raise Killed

    with pytest.raises(Killed):
        await operations.run(request, plan, results=results, on_step=kill, task_id=step)
    assert step not in results
    target, _ = await operations.run(request, plan, results=results, task_id=step)
    assert target.state is TargetState.DONE, target.text
    images = await operations.services.glance.images.named(f"killed in {step}")
    assert [len(image.stores) for image in images] == [3]
    left = storage.ask("GET", "/volumes/detail").content["volumes"]
    assert not [one for one in left if one["name"].startswith("dcn-console task")]


async def test_an_image_that_somebody_deletes_meanwhile_fails_the_upload_cleanly(
    simulator: Simulator, operations: Operations
) -> None:
    volume_id = simulator.control.add_volume("unlucky", "north", used=32 * MIB)
    request = UploadVolumes(volume_ids=(volume_id,))
    glance = Api(simulator)

    def delete(context: MirrorContext) -> None:
        if "ask" in context.results:
            glance.ask("DELETE", f"/image/v2/images/{context.results['ask'].data['image']}")

    target, _ = await operations.run(request, on_wait=delete)
    assert target.state is TargetState.FAILED
    assert "gave image “unlucky” up" in target.text


async def test_an_upload_whose_cinder_volume_dies_ends_with_what_is_to_be_done(
    simulator: Simulator, storage: Storage, operations: Operations
) -> None:
    volume_id = simulator.control.add_volume("deserted", "north", used=32 * MIB)

    def die(context: MirrorContext) -> None:
        if any(shown.state is TargetState.COPYING for shown in context.shown):
            simulator.control.kill_volume_services()

    target, context = await operations.run(UploadVolumes(volume_ids=(volume_id,)), on_wait=die)
    assert target.state is TargetState.FAILED
    assert f"openstack volume set --state available {volume_id}" in target.text
    assert storage.show("volume", volume_id)["status"] == "uploading"
    image_id = str(context.results["ask"].data["image"])
    with pytest.raises(ObjectNotFound):
        await operations.services.glance.image(image_id)


async def test_an_upload_whose_runner_dies_with_cinder_volume_ends_too(
    simulator: Simulator, operations: Operations
) -> None:
    volume_id = simulator.control.add_volume("forsaken", "north", used=32 * MIB)
    request = UploadVolumes(volume_ids=(volume_id,))
    plan = await operations.plan(request)
    results: dict[str, StepResult] = {}

    def die(context: MirrorContext) -> None:
        arrived = [one.progress.done or 0 for one in context.shown if one.progress]
        if max(arrived, default=0) > 320 * MIB:
            assert simulator.control.kill_volume_services() == 1
            raise Killed

    with pytest.raises(Killed):
        await operations.run(request, plan, results=results, on_wait=die, task_id="forsaken")
    assert "watch" not in results
    target, _ = await operations.run(request, plan, results=results, task_id="forsaken")
    assert target.state is TargetState.FAILED
    assert f"openstack volume set --state available {volume_id}" in target.text
    with pytest.raises(ObjectNotFound):
        await operations.services.glance.image(str(results["ask"].data["image"]))


async def test_a_cancelled_upload_of_a_volume_in_use_names_what_is_left(
    simulator: Simulator, storage: Storage, operations: Operations
) -> None:
    volume_id = simulator.control.add_volume("stopped", "north", used=32 * MIB)
    simulator.control.add_server("web", "north", (volume_id,))

    def cancel(context: MirrorContext) -> None:
        context.cancel_now = "ask" in context.results

    target, context = await operations.run(UploadVolumes(volume_ids=(volume_id,)), on_wait=cancel)
    assert target.state is TargetState.CANCELLED
    assert "may go on uploading" in target.text
    scratch = context.results["scratch volume at north"].data["volume"]
    assert f"({scratch}) is left" in target.text
    storage.settled("volume", scratch)
    assert storage.show("volume", volume_id)["status"] == "in-use"


async def test_no_room_for_an_image_is_told(simulator: Simulator, operations: Operations) -> None:
    volume_id = simulator.control.add_volume("huge", "north", 100_000)
    plan = await operations.plan(UploadVolumes(volume_ids=(volume_id,)))
    assert any("free in pool images" in check.text for check in plan.refusals), plan.checks
