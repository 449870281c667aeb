"""Snapshots and backups of volumes: what Cinder answers, and what the clusters hold of them."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from contract_dcn import Dcn, access_of
from contract_volumes import Volumes
from simulated import Reply, eventually

from dcn_console.model.storage import NewBackup, NewVolume

GIB = 1024**3
NOBODY = "00000000-0000-4000-8000-000000000000"
SECONDS = 600.0
"""How long anything may take on a busy machine."""


class Storage:
    """Snapshots and backups that a test made, their volumes, and their end."""

    def __init__(self, dcn: Dcn) -> None:
        self.dcn = dcn
        self.volumes = Volumes(dcn)
        self.edge, self.other = dcn.topology.edges[:2]
        self._made: list[tuple[str, str]] = []

    def ask(self, method: str, path: str, body: Any = None, minor: int = 60) -> Reply:
        headers = {"OpenStack-API-Version": f"volume 3.{minor}"}
        return self.dcn.admin.plain.ask(method, "volume", path, body, headers)

    def show(self, kind: str, identifier: str) -> dict[str, Any]:
        reply = self.ask("GET", f"/{kind}s/{identifier}")
        assert reply.status == 200, reply
        found: dict[str, Any] = reply.content[kind]
        return found

    def volume(self, **attributes: Any) -> dict[str, Any]:
        """Make a volume of 1 GiB at the first edge whose first two objects hold data."""
        zone = {"availability_zone": self.edge.availability_zone}
        made = self.volumes.create(**zone | attributes)
        self.dcn.plant.write(self.edge.name, f"volume-{made['id']}", (0, 1))
        return made

    def make(self, kind: str, **attributes: Any) -> dict[str, Any]:
        """Make a snapshot or a backup, and wait for its end, be it good or not."""
        reply = self.ask("POST", f"/{kind}s", {kind: attributes})
        assert reply.status == 202, reply
        identifier = str(reply.content[kind]["id"])
        self._made.append((kind, identifier))
        return eventually(
            lambda: self.show(kind, identifier),
            lambda item: item["status"] in ("available", "error"),
            SECONDS,
        )

    def note(self, kind: str, identifier: str) -> None:
        """Note what a test made by itself."""
        self._made.append((kind, identifier))

    def delete(self, kind: str, identifier: str) -> None:
        reply = self.ask("DELETE", f"/{kind}s/{identifier}")
        assert reply.status == 202, reply
        eventually(
            lambda: self.ask("GET", f"/{kind}s/{identifier}").status,
            lambda status: status == 404,
            SECONDS,
        )
        self._made = [item for item in self._made if item[1] != identifier]

    def clear(self, kind: str, identifier: str) -> None:
        """See that something goes; it is refused while another thing holds it."""

        def is_gone() -> bool:
            path = f"/{kind}s/{identifier}"
            self.ask("DELETE", path)
            return self.ask("GET", path).status == 404

        eventually(is_gone, seconds=SECONDS)

    def until(self, kind: str, identifier: str, name: str, value: object) -> None:
        """Wait until a field has a value.

        Cinder changes a backup's parent and a volume's backup only after the thing itself
        (cinder/backup/manager.py).
        """
        eventually(
            lambda: self.show(kind, identifier)[name], lambda seen: bool(seen == value), SECONDS
        )

    def delete_all(self) -> None:
        """Delete everything: backups newest first, then volumes, clones before their source."""
        for kind in ("backup", "volume", "snapshot"):
            for made, identifier in reversed(tuple(self._made)):
                if made == kind:
                    self.clear(made, identifier)
            if kind == "volume":
                for user, identifier in tuple(reversed(self.volumes.made)):
                    if self.ask("GET", f"/snapshots?volume_id={identifier}").content["snapshots"]:
                        continue
                    self.volumes.clear(user, identifier)
        for user, identifier in tuple(reversed(self.volumes.made)):
            self.volumes.clear(user, identifier)

    async def hashes(self, site: str, name: str) -> tuple[Any, ...]:
        """The hashes of the first objects of a volume's RBD image."""
        cluster = self.dcn.admin.services.clusters[site]
        pool = access_of(self.dcn.topology.site(site)).volumes_pool
        return tuple(await cluster.content.hash_objects(pool, name, (0, 1, 2)))


@pytest.fixture
def storage(dcn: Dcn) -> Iterator[Storage]:
    """What makes snapshots and backups, and removes them when the test is over."""
    made = Storage(dcn)
    try:
        yield made
    finally:
        made.delete_all()


def message(reply: Reply) -> str:
    assert reply.status == 400, reply
    return str(reply.content["badRequest"]["message"])


async def test_a_snapshot_is_held_by_what_is_made_of_it(storage: Storage) -> None:
    source = storage.volume(metadata={"a": "b"})
    snapshot = storage.make("snapshot", volume_id=source["id"], name="point", metadata={"c": "d"})
    assert (snapshot["size"], snapshot["name"], snapshot["metadata"]) == (1, "point", {"c": "d"})
    before = await storage.hashes(storage.edge.name, f"volume-{source['id']}")
    storage.dcn.plant.write(storage.edge.name, f"volume-{source['id']}", (1, 2))
    copy = storage.volumes.create(snapshot_id=snapshot["id"], size=1)
    assert copy["availability_zone"] == storage.edge.availability_zone
    assert await storage.hashes(storage.edge.name, f"volume-{copy['id']}") == before
    elsewhere = {
        "snapshot_id": snapshot["id"],
        "availability_zone": storage.other.availability_zone,
    }
    assert "same availability zone as the snapshot" in message(
        storage.ask("POST", "/volumes", {"volume": elsewhere})
    )
    assert "have snapshots" in message(storage.ask("DELETE", f"/volumes/{source['id']}"))

    assert storage.ask("DELETE", f"/snapshots/{snapshot['id']}").status == 202
    path = f"/messages?resource_uuid={snapshot['id']}"
    told = eventually(lambda: storage.ask("GET", path).content["messages"], seconds=SECONDS)
    assert told[0]["user_message"] == "delete snapshot:Snapshot is busy."
    eventually(
        lambda: storage.show("snapshot", snapshot["id"])["status"],
        lambda status: status == "available",
        SECONDS,
    )
    cluster = storage.dcn.admin.services.clusters[storage.edge.name]
    pool = access_of(storage.edge).volumes_pool
    children = await cluster.content.children(pool, f"volume-{source['id']}")
    assert [(child.image, child.snapshot) for child in children] == [
        (f"volume-{copy['id']}", f"snapshot-{snapshot['id']}")
    ]


async def test_a_chain_is_made_restored_elsewhere_and_deleted_from_its_end(
    storage: Storage,
) -> None:
    source = storage.volume(metadata={"from": "the source"})
    name = f"volume-{source['id']}"
    zone = {"availability_zone": storage.dcn.hub.availability_zone}
    asked = {"volume_id": source["id"], "incremental": True, **zone}
    assert "No backups available to do an incremental backup." in message(
        storage.ask("POST", "/backups", {"backup": asked})
    )
    first = storage.make(
        "backup", volume_id=source["id"], name="first", metadata={"k": "v"}, **zone
    )
    assert (first["status"], first["metadata"], first["size"]) == ("available", {"k": "v"}, 1)
    assert not first["is_incremental"]
    then = await storage.hashes(storage.edge.name, name)
    storage.dcn.plant.write(storage.edge.name, name, (1, 2))
    second = storage.make("backup", name="second", **asked)
    assert (second["status"], second["is_incremental"]) == ("available", True)
    storage.until("backup", first["id"], "has_dependent_backups", True)
    hub = storage.dcn.admin.services.clusters[storage.dcn.hub.name]
    base = f"{name}.backup.{first['id']}"
    assert await hub.names(first["container"], f"{name}.backup.") == (base,)
    points = {item.name for item in (await hub.content.detail(first["container"], base)).snapshots}
    assert {point.split(".snap.")[0] for point in points} == {
        f"backup.{first['id']}", f"backup.{second['id']}",
    }  # fmt: skip
    edge = storage.dcn.admin.services.clusters[storage.edge.name]
    pool = access_of(storage.edge).volumes_pool
    assert points <= {item.name for item in (await edge.content.detail(pool, name)).snapshots}

    restored = storage.volumes.create(
        backup_id=first["id"],
        availability_zone=storage.other.availability_zone,
        metadata={"own": "lost"},
    )
    assert restored["metadata"] == {"from": "the source", "src_backup_id": first["id"]}
    assert restored["availability_zone"] == storage.other.availability_zone
    assert await storage.hashes(storage.other.name, f"volume-{restored['id']}") == then
    storage.until("backup", first["id"], "status", "available")

    assert "Incremental backups exist for this backup." in message(
        storage.ask("DELETE", f"/backups/{first['id']}")
    )
    storage.delete("backup", second["id"])
    storage.until("backup", first["id"], "has_dependent_backups", False)
    storage.delete("backup", first["id"])
    assert await hub.names(first["container"], f"{name}.backup.") == ()


def test_a_zone_without_a_service_ends_a_backup_in_error(storage: Storage) -> None:
    source = storage.volume()
    failed = storage.make("backup", volume_id=source["id"])
    assert failed["status"] == "error"
    assert failed["fail_reason"] == "Service not found for creating backup."
    storage.until("volume", source["id"], "status", "available")
    hub = {"availability_zone": storage.dcn.hub.availability_zone}
    asked = {"volume_id": source["id"], "incremental": True, **hub}
    assert "parent backup must be available" in message(
        storage.ask("POST", "/backups", {"backup": asked})
    )
    for path in (f"/backups/{NOBODY}", f"/snapshots/{NOBODY}"):
        for method in ("GET", "DELETE"):
            assert storage.ask(method, path).status == 404


async def test_the_adapter_finds_what_it_made(storage: Storage) -> None:
    cinder = storage.dcn.admin.services.cinder
    mark = {"contract": uuid.uuid4().hex}
    source = storage.volume(metadata=mark)
    zone = storage.dcn.hub.availability_zone or ""
    assert [volume.id for volume in await cinder.volumes.made_with(mark)] == [source["id"]]
    made = await cinder.backups.create(
        NewBackup(volume_id=source["id"], name="b", availability_zone=zone, metadata=mark)
    )
    storage.note("backup", made.id)
    eventually(
        lambda: storage.show("backup", made.id)["status"],
        lambda status: status == "available",
        SECONDS,
    )
    (found,) = await cinder.backups.made_with(source["id"], mark)
    assert (found.id, found.size, found.availability_zone) == (made.id, GIB, zone)
    volume = await cinder.volumes.create(
        NewVolume(
            name="restored",
            backup_id=made.id,
            availability_zone=storage.other.availability_zone or "",
        )
    )
    storage.volumes.made.append((storage.dcn.admin, volume.id))
    storage.volumes.wait(storage.dcn.admin, volume.id)
    assert (await cinder.volume(volume.id)).size == GIB
