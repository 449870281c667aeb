"""A topology file states only what differs, and says what is wrong with it."""

import itertools
from pathlib import Path

import pytest
from dcn_lab.errors import LabError
from dcn_lab.ports import HIGHEST_PORT_BASE, PORTS_OF_A_LAB, Ports, free_port_base
from dcn_lab.topology import (
    Topology,
    load_topology,
    topology_from_json,
    topology_from_mapping,
    topology_to_json,
)

TOPOLOGIES = Path(__file__).parent / "topologies"


def test_default_topology_uses_one_name_for_everything() -> None:
    topology = load_topology(TOPOLOGIES / "default.toml")

    assert [site.name for site in topology.sites] == ["central", "dcn0", "dcn1"]
    assert topology.hub.name == "central"
    for site in topology.sites:
        assert {site.store, site.availability_zone, site.cluster} == {site.name}
        assert site.pools.names() == ("images", "volumes", "backups", "vms")


def test_renamed_topology_has_no_name_twice() -> None:
    topology = load_topology(TOPOLOGIES / "renamed.toml")

    assert topology.hub.store == "default_backend"
    assert topology.http_store == "http"
    names = [topology.cloud, topology.region, topology.mirrored_pool]
    for site in topology.sites:
        names += [site.name, site.store, site.availability_zone, site.cluster]
        names += [pool for pool in site.pools.names() if pool != topology.mirrored_pool]
    assert len(set(names)) == len(names)


def test_the_two_topologies_can_run_side_by_side() -> None:
    default, renamed = (
        load_topology(TOPOLOGIES / f"{name}.toml") for name in ("default", "renamed")
    )

    assert abs(default.port_base - renamed.port_base) >= PORTS_OF_A_LAB


@pytest.mark.parametrize("name", ["default", "renamed"])
def test_a_topology_survives_being_stored(name: str) -> None:
    topology = load_topology(TOPOLOGIES / f"{name}.toml")

    assert topology_from_json(topology_to_json(topology), "stored") == topology


def test_five_sites_have_ports_of_their_own_below_the_client_ports() -> None:
    ports = Ports(HIGHEST_PORT_BASE)
    ceph = [ports.ceph_range(index) for index in range(5)]
    monitors = [ports.monitor(index) for index in range(5)]

    assert all(last < follower for (_, last), (follower, _) in itertools.pairwise(ceph))
    assert ceph[-1][1] < 32768
    assert all(monitor + 1 < first for monitor, (first, _) in zip(monitors, ceph, strict=True))
    assert ports.edge_glance(4) < monitors[0]


def test_a_port_base_is_chosen_past_taken_ports() -> None:
    assert free_port_base(24000, lambda port: False) == 24000
    assert free_port_base(24000, lambda port: port == 24503) == 24600
    assert free_port_base(24000, lambda port: True) is None


def _mapping(**changes: object) -> dict[str, object]:
    return {"sites": [{"name": "central", "hub": True}, {"name": "edge"}], **changes}


def test_a_topology_needs_little() -> None:
    topology = topology_from_mapping(_mapping(), "file")

    assert isinstance(topology, Topology)
    assert topology.edges[0].pools.images == "images"
    assert topology.on_ports(26000).ports.keystone == 26000


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"colour": "red"}, "unknown key colour"),
        ({"port_base": "many"}, "port_base: a whole number"),
        ({"port_base": 40000}, "port_base 40000 is not within"),
        ({"show_multiple_locations": 1}, "show_multiple_locations: true or false"),
        ({"cloud": "../x"}, "'../x' is not a plain name"),
        ({"sites": []}, "0 sites"),
        ({"sites": "central"}, "a list of tables"),
        ({"sites": [{"name": "a"}, {"name": "b"}]}, "exactly one site needs hub"),
        ({"sites": [{"name": "a", "hub": True}, {"name": "a"}]}, "two sites share a name"),
        (
            {"sites": [{"name": "a", "hub": True}, {"name": "b", "store": "a"}]},
            "two sites share a store",
        ),
        ({"http_store": "edge"}, "two sites share a store"),
        (
            {"sites": [{"name": "a", "hub": True}, {"name": "b", "osd_bytes": 5}]},
            "osd_bytes of b is under",
        ),
        (
            {"sites": [{"name": "a", "hub": True}, {"name": "b", "pools": {"image": "x"}}]},
            "pools: unknown key image",
        ),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, object], complaint: str) -> None:
    with pytest.raises(LabError, match="file") as caught:
        topology_from_mapping(_mapping(**changes), "file")

    assert complaint in str(caught.value)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("cloud = ", encoding="utf-8")

    with pytest.raises(LabError, match=r"broken\.toml"):
        load_topology(broken)
    with pytest.raises(LabError, match=r"missing\.toml"):
        load_topology(tmp_path / "missing.toml")
