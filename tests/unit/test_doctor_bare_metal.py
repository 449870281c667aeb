"""Bare metal's networks on a scripted Ironic and Neutron: what is asked, and each verdict."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from stub_openstack import Asked, Said, StubOpenstack, stub_openstack

from dcn_console.clouds.cloud import Cloud
from dcn_console.config.settings import Settings
from dcn_console.inventory.diagnosis import Diagnosis, Verdict
from dcn_console.inventory.doctor_bare_metal import check_bare_metal

PORTS = "GET /baremetal/v1/ports/detail"
PORT = {"uuid": "p1", "address": "52:54:00:00:00:01", "physical_network": "ctlplane"}
NEUTRON = "GET /network/v2.0"
NETWORK = {"id": "n1", "name": "ctlplane"}
SUBNET = {"id": "s1", "name": "leaf0", "network_id": "n1", "segment_id": "g1"}


@pytest.fixture
def stub() -> Iterator[StubOpenstack]:
    with stub_openstack(services=("baremetal", "network")) as served:
        served.on(PORTS, Said(200, {"ports": [PORT, PORT | {"uuid": "p2", "name": None}]}))
        served.on(f"{NEUTRON}/extensions/segment", Said(200, {"extension": {"alias": "segment"}}))
        served.on(f"{NEUTRON}/networks", Said(200, {"networks": [NETWORK, {"id": "n2"}]}))
        served.on(f"{NEUTRON}/subnets", Said(200, {"subnets": [SUBNET]}))
        yield served


@pytest.fixture
async def cloud(stub: StubOpenstack, tmp_path: Path) -> AsyncIterator[Cloud]:
    connected = await Cloud.connect("stub", str(stub.write_clouds_yaml(tmp_path)), timeout=60)
    yield connected
    connected.close()


async def checked(cloud: Cloud) -> tuple[Diagnosis, Diagnosis]:
    ports, routed = await check_bare_metal(Settings(), cloud)
    return ports, routed


async def test_ports_are_asked_for_at_the_microversion_that_tells_the_network(
    stub: StubOpenstack, cloud: Cloud
) -> None:
    assert [one.outcome for one in await checked(cloud)] == [Verdict.OK, Verdict.OK]
    (asked,) = [one for one in stub.asked if one.path.endswith("/ports/detail")]
    assert asked.headers["x-openstack-ironic-api-version"] == "1.34"
    assert asked.headers["openstack-api-version"] == "baremetal 1.34"


async def test_every_page_is_read(stub: StubOpenstack, cloud: Cloud) -> None:
    def page(asked: Asked) -> Said:
        if "marker" in asked.query:
            return Said(200, {"ports": [PORT | {"uuid": "p9", "physical_network": None}]})
        further = "http://elsewhere/v1/ports/detail?limit=1&marker=p1"
        return Said(200, {"ports": [PORT], "next": further})

    stub.on(PORTS, page)
    ports, _ = await checked(cloud)
    assert ports.text == ("1 of 2 ports are not on the physical network ctlplane: p9 (none).")


@pytest.mark.parametrize(
    ("status", "outcome", "text"),
    [
        (403, Verdict.SKIPPED, "administrators"),
        (406, Verdict.WARNING, "too old"),
        (500, Verdict.PROBLEM, "Ironic: list ports: 500 the database is away."),
    ],
)
async def test_what_ironic_refuses(
    stub: StubOpenstack, cloud: Cloud, status: int, outcome: Verdict, text: str
) -> None:
    fault = '{"faultcode": "Server", "faultstring": "the database is away", "debuginfo": null}'
    stub.on(PORTS, Said(status, {"error_message": fault}))
    ports, routed = await checked(cloud)
    assert ports.outcome is outcome
    assert text in ports.text
    assert routed.outcome is Verdict.OK


async def test_no_ports(stub: StubOpenstack, cloud: Cloud) -> None:
    stub.on(PORTS, Said(200, {"ports": []}))
    ports, _ = await checked(cloud)
    assert ports.outcome is Verdict.SKIPPED


async def test_networks_without_segments(stub: StubOpenstack, cloud: Cloud) -> None:
    stub.on(f"{NEUTRON}/extensions/segment", Said(404, {"NeutronError": {"message": "none"}}))
    _, routed = await checked(cloud)
    assert (routed.outcome, routed.text) == (
        Verdict.WARNING,
        "They are off: Neutron has no extension “segment”.",
    )


async def test_a_subnet_outside_of_segments(stub: StubOpenstack, cloud: Cloud) -> None:
    listed = [SUBNET, SUBNET | {"id": "s2", "name": "leaf1\n", "segment_id": None}]
    stub.on(f"{NEUTRON}/subnets", Said(200, {"subnets": listed}))
    _, routed = await checked(cloud)
    assert routed.outcome is Verdict.WARNING
    assert routed.text.startswith("1 of 2 subnets of ctlplane is in no segment: leaf1")
    assert "\n" not in routed.text


async def test_a_provisioning_network_that_is_not_seen(stub: StubOpenstack, cloud: Cloud) -> None:
    stub.on(f"{NEUTRON}/networks", Said(200, {"networks": [{"id": "n2", "name": "public"}]}))
    _, routed = await checked(cloud)
    assert routed.outcome is Verdict.WARNING
    assert "There is no network ctlplane." in routed.text


async def test_an_undercloud_without_keystone(stub: StubOpenstack, tmp_path: Path) -> None:
    path = tmp_path / "clouds.yaml"
    path.write_text(
        "clouds:\n  undercloud:\n    auth_type: http_basic\n    auth:\n"
        f"      endpoint: {stub.url}\n      username: stack\n      password: secret-word\n"
        f"    baremetal_endpoint_override: {stub.url}/baremetal\n"
        f"    network_endpoint_override: {stub.url}/network\n"
    )
    settings = Settings(clouds_file=str(path))
    ports, routed = await check_bare_metal(settings, None, "undercloud")
    assert (ports.outcome, routed.outcome) == (Verdict.OK, Verdict.OK), (ports, routed)
    (asked,) = [one for one in stub.asked if one.path.endswith("/ports/detail")]
    assert asked.headers["authorization"].startswith("Basic ")


async def test_an_undercloud_that_nobody_wrote_down(stub: StubOpenstack, tmp_path: Path) -> None:
    settings = Settings(clouds_file=str(stub.write_clouds_yaml(tmp_path)))
    (found,) = await check_bare_metal(settings, None, "typo")
    assert found.outcome is Verdict.PROBLEM
    assert "There is no cloud “typo”" in found.text
