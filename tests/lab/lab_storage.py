"""Cinder's volumes and backups for tests, and what their RBD images hold."""

import subprocess
import uuid
from functools import partial
from typing import Any

from dcn_lab.lab import Lab, LabSite
from lab_clients import connect, wait_for

OBJECT = 4 << 20
SCRIPT_SECONDS = 600
HEADERS = {"OpenStack-API-Version": "volume 3.60"}
WRITE = """
import os, rados, rbd, sys
conf, pool, name, numbers = sys.argv[1:]
with rados.Rados(conffile=conf, rados_id="admin") as handle, handle.open_ioctx(pool) as ioctx:
    with rbd.Image(ioctx, name) as image:
        for number in map(int, numbers.split(",")):
            image.write(os.urandom(4 << 20), number << 22)
"""
READ = """
import hashlib, rados, rbd, sys
conf, pool, name, snapshot, numbers = sys.argv[1:]
total = hashlib.sha256()
with rados.Rados(conffile=conf, rados_id="admin") as handle, handle.open_ioctx(pool) as ioctx:
    with rbd.Image(ioctx, name, snapshot=snapshot or None, read_only=True) as image:
        for number in map(int, numbers.split(",")):
            total.update(image.read(number << 22, 4 << 20))
print(total.hexdigest())
"""


class Storage:
    """Cinder seen past the console, and what its RBD images hold."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._api = connect(lab, lab.cloud).block_storage
        self.made: list[str] = []

    def get(self, path: str) -> Any:
        answer = self._api.get(path, headers=HEADERS, raise_exc=False)
        return answer.json() if answer.status_code == 200 else None

    def volume(self, site: LabSite) -> str:
        """Make an empty volume of 1 GiB and return its id."""
        wanted = {
            "size": 1,
            "name": f"lab-test-{uuid.uuid4().hex[:8]}",
            "availability_zone": site.availability_zone,
        }
        identity = str(self._api.post("/volumes", json={"volume": wanted}).json()["volume"]["id"])
        self.made.append(identity)
        wait_for(self._lab, "the volume", lambda: self.status(identity) == "available")
        return identity

    def named(self, name: str) -> list[str]:
        """The ids of the volumes of that name; they are cleared too."""
        volumes = self.get("/volumes/detail")["volumes"]
        found = [str(one["id"]) for one in volumes if one["name"] == name]
        self.made += [identity for identity in found if identity not in self.made]
        return found

    def snapshots(self, volume_id: str) -> list[str]:
        """The ids of the snapshots of a volume."""
        listed = self.get(f"/snapshots/detail?volume_id={volume_id}")["snapshots"]
        return [str(one["id"]) for one in listed]

    def status(self, volume_id: str) -> str | None:
        shown = self.get(f"/volumes/{volume_id}")
        return shown["volume"]["status"] if shown else None

    def backups(self, volume_id: str) -> list[dict[str, Any]]:
        """The backups of a volume, the oldest first."""
        found = self.get(f"/backups/detail?volume_id={volume_id}")["backups"]
        return sorted(found, key=lambda one: one["created_at"])

    def write(self, site: LabSite, volume_id: str, *numbers: int) -> None:
        """Write random data into whole objects of a volume."""
        self._script(WRITE, site, volume_id, ",".join(map(str, numbers)))

    def checksum(self, site: LabSite, volume_id: str, *numbers: int, snapshot: str = "") -> str:
        """Return the SHA-256 of some objects of a volume, read past the console."""
        return self._script(READ, site, volume_id, snapshot, ",".join(map(str, numbers)))

    def image_checksum(self, site: LabSite, image_id: str, *numbers: int) -> str:
        """Return the SHA-256 of some 4 MiB parts of an image's copy, read past the console."""
        words = ("snap", ",".join(map(str, numbers)))
        return self._run(READ, site, site.pools.images, image_id, *words)

    def _script(self, script: str, site: LabSite, volume_id: str, *words: str) -> str:
        return self._run(script, site, site.pools.volumes, f"volume-{volume_id}", *words)

    def _run(self, script: str, site: LabSite, pool: str, name: str, *words: str) -> str:
        command = ("/usr/bin/python3", "-c", script, str(site.conf), pool, name)
        done = subprocess.run(
            (*command, *words), check=True, timeout=SCRIPT_SECONDS, capture_output=True, text=True
        )
        return done.stdout.strip()

    def clear(self) -> None:
        """Remove what is left of the backups and volumes of a test, and see that it is gone."""
        for identity in self.made:
            wait_for(self._lab, "the backups' end", partial(self._no_backups, identity))
        for identity in self.made:
            wait_for(self._lab, "the volume's end", partial(self._no_volume, identity))

    def _no_volume(self, volume_id: str) -> bool:
        """Ask for the end of a volume unless it is on its way out; true when it is gone."""
        status = self.status(volume_id)
        if status not in (None, "deleting"):
            self._api.delete(f"/volumes/{volume_id}?cascade=true")
        return status is None

    def _no_backups(self, volume_id: str) -> bool:
        """Ask for the end of the newest backup that has settled; true when none is left."""
        left = self.backups(volume_id)
        if left and left[-1]["status"] in ("available", "error"):
            self._api.delete(f"/backups/{left[-1]['id']}")
        return not left
