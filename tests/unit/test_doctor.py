"""The doctor on a scripted cloud and scripted clusters: each trouble has its verdict."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fake_clusters import FakeCluster
from stub_openstack import Asked, Said, StubOpenstack, stub_openstack

from dcn_console.clouds.glance import Glance
from dcn_console.config.settings import Settings
from dcn_console.inventory import doctor
from dcn_console.inventory.diagnosis import Diagnosis, Verdict
from dcn_console.inventory.doctor_deployment import diagnosed
from dcn_console.model.inventory import Image, Inventory, Server, Snapshot, Volume
from dcn_console.model.sites import ClusterAccess, Role, Site, Topology

TOPOLOGY = Topology(
    sites=(
        Site(
            name="paris",
            role=Role.HUB,
            store="s-p",
            availability_zone="p",
            cluster=ClusterAccess(conf="x", fsid="fsid-p"),
        ),
        Site(name="lyon", store="s-l", availability_zone="l"),
    )
)


class Patient:
    """A healthy deployment, to be made ill by a test."""

    def __init__(self, stub: StubOpenstack, folder: Path) -> None:
        self.stub = stub
        self.cluster = FakeCluster()
        self.settings = Settings(
            cloud="stub",
            clouds_file=str(stub.write_clouds_yaml(folder)),
            topology=TOPOLOGY,
            request_timeout_seconds=60.0,
        )
        image = {"id": "i1", "name": "good", "status": "active", "disk_format": "raw"}
        self.say("image/v2/images", images=[image | {"stores": "s-p", "visibility": "public"}])
        self.say("image/v2/info/stores", stores=[{"id": "s-p", "default": "true"}, {"id": "s-l"}])
        self.say(
            "image/v2/info/stores/detail",
            stores=[{"id": "s-p", "type": "rbd", "properties": {"fsid": "fsid-p"}}],
        )
        self.methods("copy-image", "web-download", "glance-direct")
        conflict = Said(409, {"message": "Store for identifier x not found"})
        stub.on("POST /image/v2/images/i1/import", conflict)
        zones = [{"zoneName": name, "zoneState": {"available": True}} for name in ("p", "l")]
        self.say("volume/v3/os-availability-zone", availabilityZoneInfo=zones)
        self.services()
        self.say("volume/v3/volumes/detail", volumes=[])
        pools = [{"name": "p@rbd#x", "capabilities": {"location_info": "c:f:fsid-p:u:volumes"}}]
        self.say("volume/v3/scheduler-stats/get_pools", pools=pools)

    def say(self, path: str, **body: Any) -> None:
        self.stub.on(f"GET /{path}", Said(200, body))

    def methods(self, *names: str) -> None:
        self.say("image/v2/info/import", **{"import-methods": {"value": list(names)}})

    def services(self, **changes: str) -> None:
        listed = [
            {"binary": "cinder-volume", "host": "p@rbd", "zone": "p"},
            {"binary": "cinder-volume", "host": "l@rbd", "zone": "l"},
            {"binary": "cinder-backup", "host": "p", "zone": "p"},
        ]
        up = {"state": "up", "status": "enabled"}
        self.say(
            "volume/v3/os-services",
            services=[
                one | up | {"state": changes.get(f"{one['binary']}.{one['zone']}", "up")}
                for one in listed
            ],
        )

    async def examined(self) -> list[Diagnosis]:
        return [diagnosis async for diagnosis in doctor.run(self.settings)]

    async def bad(self) -> list[Diagnosis]:
        """Everything that is neither well nor left out."""
        return [
            one
            for one in await self.examined()
            if one.outcome in (Verdict.WARNING, Verdict.PROBLEM)
        ]

    async def the_bad_one(self) -> Diagnosis:
        found = await self.bad()
        assert len(found) == 1, found
        return found[0]


@pytest.fixture
def patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Patient]:
    with stub_openstack() as stub:
        made = Patient(stub, tmp_path)
        monkeypatch.setattr(doctor, "open_clusters", lambda _: {"paris": made.cluster})
        yield made


async def test_a_healthy_deployment(patient: Patient) -> None:
    found = await patient.examined()
    assert {one.outcome for one in found} == {Verdict.OK, Verdict.SKIPPED}
    skipped = [one.subject for one in found if one.outcome is Verdict.SKIPPED]
    assert skipped == ["ports", "lyon"]
    areas = ["configuration", "identity", "image", "block storage", "deployment", "bare metal"]
    assert list(dict.fromkeys(one.area for one in found)) == [*areas, "ceph"]
    assert patient.cluster.closed


async def test_refused_credentials_leave_the_clusters_examined(patient: Patient) -> None:
    patient.stub.refuse_credentials = True
    found = await patient.examined()
    identity = next(one for one in found if one.area == "identity")
    assert identity.outcome is Verdict.PROBLEM
    assert "401" in identity.text
    assert any(one.subject == "paris: OSDs" and one.outcome is Verdict.OK for one in found)


async def test_copy_image_not_enabled(patient: Patient) -> None:
    patient.methods("web-download", "glance-direct")
    found = await patient.the_bad_one()
    assert (found.outcome, found.subject) == (Verdict.PROBLEM, "import methods")
    assert "enabled_import_methods" in found.way_out


async def test_other_import_methods_are_a_warning(patient: Patient) -> None:
    patient.methods("copy-image")
    found = await patient.the_bad_one()
    assert found.outcome is Verdict.WARNING
    assert "web-download, glance-direct" in found.text


async def test_whether_copying_is_allowed_is_asked_without_a_chance_of_copying(
    patient: Patient,
) -> None:
    patient.stub.on("POST /image/v2/images/i1/import", Said(403, {"message": "not authorized"}))
    found = await patient.the_bad_one()
    assert (found.outcome, found.subject) == (Verdict.PROBLEM, "may copy images")
    assert "copy_image" in found.way_out
    posted = [one for one in patient.stub.asked if one.path.endswith("/import") and one.body]
    assert [one.body["stores"] for one in posted] == [["dcn-console-doctor-no-such-store"]]


async def test_copying_only_public_images_is_a_warning(patient: Patient) -> None:
    image = {"status": "active", "stores": "s-p", "disk_format": "raw"}
    images = [
        image | {"id": "i1", "visibility": "public"},
        image | {"id": "i2", "visibility": "private"},
    ]
    patient.say("image/v2/images", images=images)
    patient.stub.on("POST /image/v2/images/i2/import", Said(403, {"message": "no"}))
    found = await patient.the_bad_one()
    assert found.outcome is Verdict.WARNING
    assert "private images" in found.text


async def test_without_an_image_the_roles_have_to_do(patient: Patient) -> None:
    patient.say("image/v2/images", images=[])
    assert await patient.bad() == []
    patient.stub.roles = ("member",)
    assert (await patient.the_bad_one()).subject == "may copy images"


async def test_a_store_that_hangs_is_named_with_the_options_that_bound_it(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(_asked: Asked) -> Said:
        patient.stub.closing.wait(60)
        return Said(200, {"stores": []})

    monkeypatch.setattr(Glance.stores_detail, "__defaults__", (0.5,))
    patient.stub.on("GET /image/v2/info/stores/detail", hang)
    found = await patient.the_bad_one()
    assert found.subject == "stores in detail"
    assert "rados_connect_timeout" in found.way_out
    assert "client_mount_timeout" in found.way_out


async def test_a_read_only_store_of_a_site(patient: Patient) -> None:
    stores = [{"id": "s-p", "default": "true"}, {"id": "s-l", "read-only": "true"}]
    patient.say("image/v2/info/stores", stores=stores)
    assert "read-only" in (await patient.the_bad_one()).text


async def test_stores_and_sites_that_do_not_fit(patient: Patient) -> None:
    stores = [{"id": "s-p"}, {"id": "new", "default": "true"}, {"id": "w", "read-only": "true"}]
    patient.say("image/v2/info/stores", stores=stores)
    texts = [one.text for one in await patient.bad()]
    assert texts[0] == "Glance knows no store s-l."
    assert texts[1] == "Store new belongs to no configured site."
    assert "default store is new" in texts[2]
    assert len(texts) == 3


async def test_a_store_on_another_cluster_than_the_configured(patient: Patient) -> None:
    stores = [{"id": "s-p", "type": "rbd", "properties": {"fsid": "other"}}]
    patient.say("image/v2/info/stores/detail", stores=stores)
    found = await patient.the_bad_one()
    assert (found.subject, found.outcome) == ("paris: store", Verdict.PROBLEM)


async def test_images_that_are_not_raw(patient: Patient) -> None:
    image = {"id": "i1", "name": "win\n", "status": "active", "disk_format": "qcow2"}
    patient.say("image/v2/images", images=[image | {"stores": "s-p"}])
    found = await patient.the_bad_one()
    assert found.subject == "conversion"
    assert "image_conversion" in found.way_out
    assert "\n" not in found.text


async def test_an_unknown_zone_lists_the_known(patient: Patient) -> None:
    zones = [{"zoneName": "p", "zoneState": {"available": True}}]
    patient.say("volume/v3/os-availability-zone", availabilityZoneInfo=zones)
    found = await patient.the_bad_one()
    assert found.subject == "lyon: availability zone"
    assert "Its zones: p." in found.way_out


@pytest.mark.parametrize(
    ("down", "subject"),
    [("cinder-volume.l", "lyon: cinder-volume"), ("cinder-backup.p", "cinder-backup")],
)
async def test_a_service_that_is_down(patient: Patient, down: str, subject: str) -> None:
    patient.services(**{down: "down"})
    found = await patient.the_bad_one()
    assert (found.outcome, found.subject) == (Verdict.PROBLEM, subject)


async def test_one_of_two_services_that_is_down(patient: Patient) -> None:
    up = {"binary": "cinder-volume", "status": "enabled", "state": "up"}
    listed = [
        up | {"host": "p@rbd", "zone": "p"},
        up | {"host": "l@rbd", "zone": "l"},
        up | {"host": "l2@rbd", "zone": "l", "state": "down", "updated_at": "2026-01-02T03:04:05"},
        up | {"host": "l3@rbd", "zone": "l", "status": "disabled", "disabled_reason": "moved"},
        {"binary": "cinder-backup", "host": "p", "zone": "p", "state": "up", "status": "enabled"},
    ]
    patient.say("volume/v3/os-services", services=listed)
    found = await patient.the_bad_one()
    assert (found.outcome, found.subject) == (Verdict.WARNING, "lyon: cinder-volume")
    assert found.text == (
        "Up: l@rbd (zone l); but l2@rbd is down since 2026-01-02 03:04 UTC; "
        "l3@rbd is up, disabled: moved."
    )


async def test_backups_that_go_elsewhere_than_to_the_hub(patient: Patient) -> None:
    up = {"status": "enabled", "state": "up"}
    listed = [
        up | {"binary": "cinder-volume", "host": "p@rbd", "zone": "p"},
        up | {"binary": "cinder-volume", "host": "l@rbd", "zone": "l"},
        up | {"binary": "cinder-backup", "host": "l", "zone": "l"},
    ]
    patient.say("volume/v3/os-services", services=listed)
    found = await patient.the_bad_one()
    assert (found.area, found.subject) == ("deployment", "zone of cinder-backup")
    assert found.text == "None is live in paris's zone p, but in l."


async def test_lists_that_cannot_be_read_are_not_judged(patient: Patient) -> None:
    patient.stub.on("GET /volume/v3/volumes/detail", Said(500, {"error": {"message": "no"}}))
    found = {one.subject: one for one in await patient.examined()}
    assert found["zones of volumes and servers"].outcome is Verdict.SKIPPED
    assert "Not all volumes could be read" in found["images needed at sites"].text
    assert found["central copies"].outcome is Verdict.OK


def test_images_that_only_volumes_were_made_of_are_no_warning() -> None:
    image = Image(id="i1", name="base", status="active", size=5, stores=("s-p",))
    volumes = tuple(
        Volume(id=f"v{number}", availability_zone="l", image_id="i1") for number in range(2)
    )
    inventory = Inventory(
        topology=TOPOLOGY, images=Snapshot(rows=(image,)), volumes=Snapshot(rows=volumes)
    )
    made = next(one for one in diagnosed(inventory) if one.subject == "images needed at sites")
    assert made.outcome is Verdict.OK
    assert "volumes were made of 1 image without a copy there, such as: Image “base”" in made.text
    server = Server(id="s1", name="web", availability_zone="l", image_id="i1")
    booted = msgspec.structs.replace(inventory, servers=Snapshot(rows=(server,)))
    needed = next(one for one in diagnosed(booted) if one.subject == "images needed at sites")
    assert needed.outcome is Verdict.WARNING
    assert "needed at lyon, by server web, volume v0 and 1 other" in needed.text


async def test_an_image_that_is_only_at_an_edge(patient: Patient) -> None:
    image = {"id": "i1", "name": "odd\x1b", "status": "active", "disk_format": "raw"}
    patient.say("image/v2/images", images=[image | {"stores": "s-l", "visibility": "public"}])
    found = await patient.the_bad_one()
    assert (found.outcome, found.subject) == (Verdict.WARNING, "central copies")
    assert found.text.startswith("1 image has none. Image “odd")
    assert "\x1b" not in found.text


async def test_a_backend_on_another_cluster(patient: Patient) -> None:
    pools = [{"name": "p@rbd#x", "capabilities": {"location_info": "c:f:other:u:volumes"}}]
    patient.say("volume/v3/scheduler-stats/get_pools", pools=pools)
    assert (await patient.the_bad_one()).subject == "paris: backend"


async def test_a_dead_cluster(patient: Patient) -> None:
    patient.cluster.error = "The cluster of paris gave no answer."
    found = await patient.the_bad_one()
    assert (found.area, found.subject, found.outcome) == ("ceph", "paris", Verdict.PROBLEM)


async def test_a_missing_pool_and_dead_osds(patient: Patient) -> None:
    patient.cluster.pool_names = ("images",)
    patient.cluster.osd_error = "osd.0 does not answer"
    found = await patient.bad()
    assert [one.subject for one in found] == ["paris: pools", "paris: OSDs"]
    assert "volumes (volumes_pool)" in found[0].text


async def test_a_service_missing_from_the_catalogue(patient: Patient) -> None:
    patient.stub.services = ("volumev3",)
    found = await patient.the_bad_one()
    assert (found.area, found.subject) == ("image", "endpoint")


async def test_nothing_configured(patient: Patient) -> None:
    patient.settings = msgspec.structs.replace(patient.settings, topology=Topology())
    found = await patient.bad()
    assert "dcn-console init" in found[0].way_out


async def test_a_wrong_clock_is_noticed(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Later":
            assert tz is UTC
            return cls(2099, 1, 1, tzinfo=UTC)

    monkeypatch.setattr("dcn_console.inventory.doctor_glance.datetime", Later)
    found = await patient.the_bad_one()
    assert found.subject == "endpoint"
    assert "ahead of Glance's" in found.text
