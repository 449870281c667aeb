"""RBD images of the contract tests: made and written to in the simulator, or in a lab's cluster."""

import subprocess
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dcn_lab.errors import LabError
from dcn_lab.lab import Lab

from dcn_console.model.errors import ClusterError
from dcn_console.simulator.instance import Simulator

OBJECT = 4 << 20
PARENT_SNAPSHOT = "snap"
_WRITE_SECONDS = 300
_WRITE = """
import os, rados, rbd, sys
conf, pool, name, *numbers = sys.argv[1:]
handle = rados.Rados(conffile=conf, rados_id="admin")
handle.connect()
with handle.open_ioctx(pool) as ioctx, rbd.Image(ioctx, name) as image:
    for number in map(int, numbers):
        start = number * (4 << 20)
        image.write(os.urandom(min(4 << 20, image.size() - start)), start)
"""


@dataclass(frozen=True)
class SimulatedPlant:
    """RBD images of a simulator."""

    simulator: Simulator

    def create(self, site: str, name: str, size: int, objects: int, parent: str = "") -> None:
        """Make an RBD image whose first ``objects`` hold data, or a clone of ``parent``."""
        held = 0 if parent else objects
        self.simulator.control.add_rbd(site, name, size, held, parent=parent)

    def write(self, site: str, name: str, objects: tuple[int, ...]) -> None:
        """Write data that was never there before."""
        self.simulator.control.write(site, name, objects, uuid.uuid4().hex)

    def remove(self, site: str, name: str) -> None:
        """Remove it, if it is there."""
        with suppress(RuntimeError):
            self.simulator.control.change_rbd(site, name, pool="volumes")


@dataclass(frozen=True)
class LabPlant:
    """RBD images of a lab, by the command ``rbd`` and by Ceph's own Python."""

    lab: Lab
    folder: Path

    def _pool(self) -> str:
        return self.lab.topology.mirrored_pool

    def create(self, site: str, name: str, size: int, objects: int, parent: str = "") -> None:
        """Make an RBD image whose first ``objects`` hold random data, or a clone of ``parent``."""
        pool = self._pool()
        if parent:
            snapshot = f"{pool}/{parent}@{PARENT_SNAPSHOT}"
            self.lab.rbd(site, "snap", "create", snapshot)
            self.lab.rbd(site, "snap", "protect", snapshot)
            self.lab.rbd(site, "clone", snapshot, f"{pool}/{name}")
            return
        self.lab.rbd(site, "create", "--size", f"{size}B", f"{pool}/{name}")
        self.write(site, name, tuple(range(objects)))

    def write(self, site: str, name: str, objects: tuple[int, ...]) -> None:
        """Write random data to these objects; raises ClusterError when it is not let."""
        conf = str(self.lab.site(site).conf)
        words = ["/usr/bin/python3", "-c", _WRITE, conf, self._pool(), name, *map(str, objects)]
        ran = subprocess.run(
            words, check=False, capture_output=True, text=True, timeout=_WRITE_SECONDS
        )
        if ran.returncode:
            raise ClusterError(f"writing {name} at {site}: {ran.stderr.strip()[-300:]}")

    def remove(self, site: str, name: str) -> None:
        """Remove it with its snapshots, if it is there."""
        spec = f"{self._pool()}/{name}"
        with suppress(LabError):
            self.lab.rbd(site, "snap", "unprotect", f"{spec}@{PARENT_SNAPSHOT}")
        with suppress(LabError):
            self.lab.rbd(site, "snap", "purge", spec)
        with suppress(LabError):
            self.lab.rbd(site, "rm", spec)
