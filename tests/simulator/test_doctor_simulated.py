"""The doctor's checks of a deployment and of bare metal networks, on the simulator."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from simulated import running_simulator, small_options

from dcn_console.config.paths import Paths
from dcn_console.config.settings import load
from dcn_console.inventory.diagnosis import Diagnosis, Verdict
from dcn_console.inventory.doctor_bare_metal import check_bare_metal
from dcn_console.inventory.doctor_cinder import check_cinder
from dcn_console.inventory.doctor_deployment import check_deployment
from dcn_console.inventory.services import Services
from dcn_console.simulator.instance import Simulator


@asynccontextmanager
async def services_of(
    simulator: Simulator, folder: Path, user: str = "admin"
) -> AsyncIterator[Services]:
    settings = load(Paths.resolve(simulator.write_config(folder)), {}).settings
    settings = msgspec.structs.replace(settings, cloud=simulator.cloud_name(user))
    services = await Services.open(settings)
    try:
        yield services
    finally:
        await services.close()


def by_subject(found: tuple[Diagnosis, ...]) -> dict[str, Diagnosis]:
    return {one.subject: one for one in found}


async def test_a_deployment_as_the_guides_want_it(simulator: Simulator, tmp_path: Path) -> None:
    control = simulator.control
    control.add_image("base", ("store-home", "store-north"))
    volume = control.add_volume("root", "north", bootable=True)
    control.add_server("web", "north", (volume,), root=volume)
    async with services_of(simulator, tmp_path) as services:
        found = await check_deployment(services)
    assert {one.outcome for one in found} == {Verdict.OK}, found
    texts = by_subject(found)
    assert texts["central copies"].text.endswith("has one at home: 1 image.")
    assert texts["zones of volumes and servers"].text.endswith("availability zone: 1 volume.")
    assert texts["zone of cinder-backup"].text == "One is live in home's zone zone-home."


async def test_what_the_guides_forbid_is_told_one_by_one(
    simulator: Simulator, tmp_path: Path
) -> None:
    control = simulator.control
    control.add_image("edge only", ("store-north",))
    needed = control.add_image("needed", ("store-home",))
    volume = control.add_volume("far", "south")
    control.add_server("web", "north", (volume,), image=needed)
    async with services_of(simulator, tmp_path) as services:
        found = by_subject(await check_deployment(services))
    copies = found["central copies"]
    assert copies.outcome is Verdict.WARNING
    assert "Image “edge only” has no copy at home, only at north." in copies.text
    absent = found["images needed at sites"]
    assert absent.outcome is Verdict.WARNING
    assert absent.text.startswith("1 image is needed by servers where it is not. ")
    assert "Image “needed” is needed at north, by server web" in absent.text
    assert "dcn-console image copy" in absent.way_out
    across = found["zones of volumes and servers"]
    assert across.outcome is Verdict.WARNING
    assert "Volume “far” is in availability zone zone-south" in across.text
    assert "cross_az_attach = false" in across.way_out


async def test_a_dead_service_is_named_with_its_host_and_since_when(
    simulator: Simulator, tmp_path: Path
) -> None:
    simulator.control.set_faults(volume_down=("north",), backup_down=("home",))
    simulator.control.advance(300)
    async with services_of(simulator, tmp_path) as services:
        found = by_subject(await check_cinder(services))
        deployment = by_subject(await check_deployment(services))
    north = found["north: cinder-volume"]
    assert north.outcome is Verdict.PROBLEM
    host = simulator.deployment.sites[1].volume_host
    assert f"None is live: {host} is down since " in north.text
    assert "UTC" in north.text
    assert found["cinder-backup"].outcome is Verdict.PROBLEM
    assert deployment["zone of cinder-backup"].outcome is Verdict.SKIPPED


async def test_a_member_hears_what_was_not_looked_at(simulator: Simulator, tmp_path: Path) -> None:
    async with services_of(simulator, tmp_path, "demo") as services:
        found = by_subject(await check_deployment(services))
    assert found["zone of cinder-backup"].outcome is Verdict.SKIPPED
    assert "Only volumes of project demo" in found["images needed at sites"].text


async def test_a_cloud_without_bare_metal_says_so(simulator: Simulator, tmp_path: Path) -> None:
    async with services_of(simulator, tmp_path) as services:
        (found,) = await check_bare_metal(services.settings, services.cloud)
    assert found.outcome is Verdict.SKIPPED
    assert "has no bare metal service" in found.text
    assert "--undercloud" in found.way_out


async def test_bare_metal_ready_for_spine_leaf(tmp_path: Path) -> None:
    options = small_options(bare_metal=("ctlplane",) * 1003, routed_networks=True)
    with running_simulator(options) as simulator:
        async with services_of(simulator, tmp_path) as services:
            found = await check_bare_metal(services.settings, services.cloud)
    assert [one.outcome for one in found] == [Verdict.OK, Verdict.OK]
    assert found[0].text == "All 1,003 ports are on the physical network ctlplane."
    assert found[1].text == "They are on: every subnet of ctlplane is in a segment, 3 in all."


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_bare_metal_that_is_not_ready(tmp_path: Path, elsewhere: bool) -> None:
    options = small_options(bare_metal=("ctlplane", "", "datacentre"))
    with running_simulator(options) as simulator:
        async with services_of(simulator, tmp_path) as services:
            name = simulator.cloud_name() if elsewhere else ""
            cloud = None if elsewhere else services.cloud
            ports, routed = await check_bare_metal(services.settings, cloud, name)
    assert ports.outcome is Verdict.WARNING
    assert ports.text.startswith("2 of 3 ports are not on the physical network ctlplane: ")
    assert "(none), " in ports.text
    assert "(datacentre)" in ports.text
    assert "--physical-network ctlplane" in ports.way_out
    assert routed.outcome is Verdict.WARNING
    assert "enable_routed_networks" in routed.way_out


async def test_a_member_sees_no_others_bare_metal_ports(tmp_path: Path) -> None:
    options = small_options(bare_metal=("ctlplane",), routed_networks=True)
    with running_simulator(options) as simulator:
        async with services_of(simulator, tmp_path, "demo") as services:
            ports, routed = await check_bare_metal(services.settings, services.cloud)
    assert (ports.outcome, routed.outcome) == (Verdict.SKIPPED, Verdict.OK)
    assert ports.text.endswith("is registered. Only nodes of project demo were looked at.")
