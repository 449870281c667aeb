"""Discovery: what is joined by fsid, what by name, what stays apart and why."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from fake_clusters import FakeCluster
from stub_openstack import Said, StubOpenstack, stub_openstack

from dcn_console.ceph.conf import FoundCluster, FoundKeyring
from dcn_console.clouds.cloud import Cloud
from dcn_console.inventory import discovery
from dcn_console.inventory.discovered import Clues, Discovery
from dcn_console.inventory.discovery import discover
from dcn_console.inventory.topology_join import join
from dcn_console.model.inventory import CinderPool, RbdImage, Store
from dcn_console.model.sites import ClusterAccess, Role, Site


def a_cluster(name: str, fsid: str | None, **fields: Any) -> FoundCluster:
    keyrings = (FoundKeyring(user="openstack", path=f"/c/{name}.keyring", is_default=True),)
    defaults = {"conf": f"/c/{name}.conf", "keyrings": keyrings}
    return FoundCluster(name=name, fsid=fsid, **{**defaults, **fields})


def a_pool(host: str, fsid: str | None, pool: str = "block") -> CinderPool:
    return CinderPool(name=f"{host}#b", fsid=fsid, pool=pool)


RENAMED = Clues(
    stores=(
        Store(id="default_backend", default=True, type="rbd", fsid="fa", pool="glance-a"),
        Store(id="store_fjord", type="rbd", fsid="fb"),
        Store(id="http", type="http", read_only=True),
    ),
    evidence={"store_fjord": "the locations of its images"},
    zones=("zone-north", "zone-main", "nova"),
    pools=(a_pool("oslo@rbd", "fb"), a_pool("hq@rbd", "fa")),
    zone_of_host={"oslo@rbd": "zone-north", "hq@rbd": "zone-main"},
    clusters=(a_cluster("ceph-a", "fa"), a_cluster("ceph-b", "fb"), a_cluster("ceph-x", "fx")),
)


def sites(found: Discovery) -> dict[str, Site]:
    return {site.name: site for site in found.topology}


def left(found: Discovery) -> set[tuple[str, str]]:
    return {(one.kind, one.name) for one in found.unjoined}


def test_differing_names_are_joined_by_fsid() -> None:
    found = join(RENAMED)
    assert found.topology.names == ("zone-main", "zone-north")
    assert sites(found)["zone-main"] == Site(
        name="zone-main",
        role=Role.HUB,
        store="default_backend",
        availability_zone="zone-main",
        cluster=ClusterAccess(
            conf="/c/ceph-a.conf",
            user="openstack",
            fsid="fa",
            images_pool="glance-a",
            volumes_pool="block",
        ),
    )
    assert sites(found)["zone-north"].store == "store_fjord"
    assert left(found) == {("store", "http"), ("availability zone", "nova"), ("cluster", "ceph-x")}
    assert all(one.reason for one in found.unjoined)
    assert "the locations of its images" in found.joined[1].how
    assert found.problems == ()


def test_without_any_fsid_equal_names_are_joined() -> None:
    found = join(
        Clues(
            stores=(Store(id="dcn0"), Store(id="central", default=True)),
            zones=("central", "dcn0"),
            clusters=(a_cluster("central", "fa"), a_cluster("dcn0", "fb")),
        )
    )
    assert found.topology.names == ("central", "dcn0")
    site = sites(found)["dcn0"]
    assert (site.store, site.availability_zone) == ("dcn0", "dcn0")
    assert site.cluster is not None
    assert "by its name" in found.joined[1].how


def test_without_ceph_access_stores_and_zones_still_make_sites() -> None:
    found = join(
        Clues(
            stores=(Store(id="a", default=True, fsid="fa"), Store(id="b", fsid="fb")),
            zones=("za", "zb"),
            pools=(a_pool("h1@x", "fa"), a_pool("h2@x", "fb")),
            zone_of_host={"h1@x": "za", "h2@x": "zb"},
        )
    )
    assert [(site.store, site.availability_zone, site.cluster) for site in found.topology] == [
        ("a", "za", None),
        ("b", "zb", None),
    ]


def test_a_store_that_nothing_ties_stays_a_site_of_its_own() -> None:
    found = join(Clues(stores=(Store(id="s1", default=True),), clusters=(a_cluster("c", "f"),)))
    assert sites(found) == {"s1": Site(name="s1", role=Role.HUB, store="s1")}
    assert left(found) == {("cluster", "c")}


def test_second_parts_of_one_cluster_are_left_with_a_reason() -> None:
    found = join(
        Clues(
            stores=(Store(id="a", default=True, fsid="f"), Store(id="a2", fsid="f")),
            zones=("z1", "z2"),
            pools=(a_pool("h1@x", "f"), a_pool("h2@x", "f")),
            zone_of_host={"h1@x": "z1", "h2@x": "z2"},
            clusters=(a_cluster("c", "f"), a_cluster("copy-of-c", "f")),
        )
    )
    assert found.topology.names == ("z1",)
    assert left(found) == {
        ("store", "a2"),
        ("availability zone", "z2"),
        ("cluster", "copy-of-c"),
    }


def test_a_cluster_with_a_problem_says_it_and_is_left_out() -> None:
    found = join(
        Clues(
            stores=(Store(id="a", default=True, fsid="f"),),
            clusters=(a_cluster("c", "f", keyrings=(), problem="/c/c.conf has no keyring"),),
        )
    )
    assert found.topology.sites[0].cluster is None
    assert found.unjoined[0].reason == "/c/c.conf has no keyring"


def test_a_keyring_that_librados_does_not_find_is_named() -> None:
    keyring = FoundKeyring(user="glance", path="/c/odd.keyring", is_default=False)
    found = join(
        Clues(
            stores=(Store(id="a", default=True, fsid="f"),),
            clusters=(a_cluster("c", "f", keyrings=(keyring,)),),
        )
    )
    access = found.topology.sites[0].cluster
    assert access is not None
    assert (access.user, access.keyring) == ("glance", "/c/odd.keyring")


@pytest.mark.parametrize(
    ("zone", "name"),
    [("edges", "a"), ("x,y", "x y"), ("\x1b[31mz", "\ufffd[31mz"), ("  ", "a")],
)
def test_names_are_made_fit_for_sites(zone: str, name: str) -> None:
    found = join(
        Clues(
            stores=(Store(id="a", default=True, fsid="f"),),
            zones=(zone,),
            pools=(a_pool("h@x", "f"),),
            zone_of_host={"h@x": zone},
        )
    )
    assert found.topology.names == (name,)


def test_two_sites_never_share_a_name() -> None:
    found = join(
        Clues(
            stores=(Store(id="x", default=True, fsid="f1"), Store(id="y", fsid="f2")),
            zones=("y",),
            pools=(a_pool("h@x", "f1"),),
            zone_of_host={"h@x": "y"},
        )
    )
    assert found.topology.names == ("y", "site-1")


def test_no_hub_is_a_problem_and_not_a_guess() -> None:
    found = join(Clues(stores=(Store(id="a", fsid="1"), Store(id="b", fsid="2"))))
    assert found.topology.hub is None
    assert "hub" in found.problems[0]


@pytest.fixture
def clusters(monkeypatch: pytest.MonkeyPatch) -> dict[str, FakeCluster]:
    """Two clusters, a and b, in the place of agents."""
    made = {"a": FakeCluster(), "b": FakeCluster()}
    for name, cluster in made.items():
        cluster.fsid = f"fsid-{name}"

    def open_one(name: str, access: ClusterAccess, **_: Any) -> FakeCluster:
        assert access.conf.endswith(f"{name}.conf")
        return made[name]

    monkeypatch.setattr(discovery, "Cluster", open_one)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a ceph.conf and a keyring for both clusters."""
    made = tmp_path / "ceph"
    made.mkdir()
    for name in ("a", "b"):
        (made / f"{name}.conf").write_text(f"[global]\nfsid = fsid-{name}\nmon host = 127.0.0.1\n")
        (made / f"{name}.client.openstack.keyring").write_text(
            "[client.openstack]\n\tkey = AQD0000000000000000000000000000000000==\n"
        )
    return made


def serve(stub: StubOpenstack, *images: dict[str, Any], detail: Said) -> None:
    stores = [{"id": "s1", "default": "true"}, {"id": "s2"}]
    stub.on("GET /image/v2/info/stores", Said(200, {"stores": stores}))
    stub.on("GET /image/v2/info/stores/detail", detail)
    stub.on("GET /image/v2/images", Said(200, {"images": list(images)}))
    zones = [{"zoneName": "z1", "zoneState": {"available": True}}]
    stub.on("GET /volume/v3/os-availability-zone", Said(200, {"availabilityZoneInfo": zones}))
    forbidden = Said(403, {"forbidden": {"message": "policy"}})
    stub.on("GET /volume/v3/os-services", forbidden)
    stub.on("GET /volume/v3/scheduler-stats/get_pools", forbidden)


async def discovered(stub: StubOpenstack, folder: Path) -> Discovery:
    cloud = await Cloud.connect("stub", str(stub.write_clouds_yaml(folder.parent)))
    try:
        return await discover(cloud, folder, ("/usr/bin/python3",))
    finally:
        cloud.close()


FORBIDDEN = Said(403, {"message": "not allowed"})


def detail_with(**properties: dict[str, str]) -> Said:
    stores = [{"id": key, "type": "rbd", "properties": value} for key, value in properties.items()]
    return Said(200, {"stores": stores})


def an_image(identity: str, stores: str, *locations: tuple[str, str]) -> dict[str, Any]:
    urls = [
        {"url": f"rbd://{fsid}/pool/{identity}/snap", "metadata": {"store": store}}
        for store, fsid in locations
    ]
    return {"id": identity, "stores": stores, "locations": urls}


@pytest.mark.parametrize(
    ("images", "detail", "evidence"),
    [
        ((), detail_with(s1={"fsid": "fsid-b"}, s2={"fsid": "fsid-a"}), "detailed list"),
        (
            (an_image("i1", "s1,s2", ("s1", "fsid-b"), ("s2", "fsid-a")),),
            FORBIDDEN,
            "locations of its images",
        ),
        ((an_image("i1", "s1"), an_image("i2", "s2")), FORBIDDEN, "RBD images in its pool"),
        ((), detail_with(s1={"pool": "only-b"}, s2={"pool": "only-a"}), "its pool only-b"),
    ],
)
async def test_the_cluster_of_a_store_is_told_by_whatever_there_is(
    clusters: dict[str, FakeCluster],
    folder: Path,
    images: tuple[dict[str, Any], ...],
    detail: Said,
    evidence: str,
) -> None:
    clusters["b"].images = {"i1": RbdImage(name="i1")}
    clusters["a"].images = {"i2": RbdImage(name="i2")}
    clusters["a"].pool_names = ("images", "only-a")
    clusters["b"].pool_names = ("images", "only-b")
    with stub_openstack() as stub:
        serve(stub, *images, detail=detail)
        found = await discovered(stub, folder)
    by_store = {site.store: site for site in found.topology}
    assert by_store["s1"].cluster is not None
    assert by_store["s1"].cluster.fsid == "fsid-b"
    assert by_store["s2"].cluster is not None
    assert by_store["s2"].cluster.fsid == "fsid-a"
    assert evidence in found.joined[0].how
    refused = {problem.partition(": 403")[0] for problem in found.problems}
    assert refused >= {"Cinder: list services", "Cinder: list backend pools"}
    assert ("Glance: list stores in detail" in refused) == (detail is FORBIDDEN)
    assert all(cluster.closed for cluster in clusters.values())


async def test_a_cluster_is_asked_for_the_fsid_its_file_does_not_name(
    clusters: dict[str, FakeCluster], folder: Path
) -> None:
    (folder / "a.conf").write_text("[global]\nmon host = 127.0.0.1\n")
    clusters["b"].error = "no answer"
    (folder / "b.conf").write_text("[global]\nmon host = 127.0.0.1\n")
    with stub_openstack() as stub:
        serve(stub, detail=detail_with(s1={"fsid": "fsid-a"}))
        found = await discovered(stub, folder)
    assert found.topology.hub is not None
    assert found.topology.hub.cluster is not None
    assert msgspec.structs.replace(found.topology.hub.cluster, conf="").fsid == "fsid-a"
    assert ("cluster", "b") in left(found)


async def test_an_empty_folder_is_said(clusters: dict[str, FakeCluster], tmp_path: Path) -> None:
    assert clusters
    with stub_openstack() as stub:
        serve(stub, detail=FORBIDDEN)
        found = await discovered(stub, tmp_path / "none")
    assert any("No ceph.conf" in problem for problem in found.problems)
    assert found.topology.hub is not None
