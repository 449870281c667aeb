"""A made-up site on the stand-ins of ``fake_ceph``: a cluster that does what its file says."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ceph_interpreter import make_interpreter

from dcn_console.ceph.cluster import Cluster
from dcn_console.model.sites import ClusterAccess

MIB = 1 << 20
PATIENCE_SECONDS = 60.0
"""Nothing here should take as long; it only ends a test that would hang."""
PIECES = [[0, "start"], [5 * MIB, "middle"], [41 * MIB - 3, "end"]]
SPARSE = {"size": 41 * MIB, "pieces": PIECES, "snaps": {"snap": True, "other": False}}
STATUS = {
    "health": {
        "status": "HEALTH_WARN",
        "checks": {"OSD_DOWN": {"summary": {"message": "1 osds down"}}},
    }
}
DF = {
    "stats": {"total_bytes": 100, "total_used_raw_bytes": 30, "total_avail_bytes": 70},
    "pools": [{"name": "images", "stats": {"stored": 10, "bytes_used": 20, "max_avail": 35}}],
}


class Site:
    """A made-up site: its cluster, and the file that says what the cluster does."""

    def __init__(self, folder: Path, name: str = "dcn0", **options: Any) -> None:
        self.conf = folder / f"{name}.conf"
        self.state: dict[str, Any] = {
            "fsid": "f-1",
            "status": STATUS,
            "df": DF,
            "pools": {"images": {"sparse": SPARSE}, "volumes": {}},
        }
        self.change()
        access = ClusterAccess(
            conf=str(self.conf),
            user="openstack",
            python=(make_interpreter(folder / f"python-{name}"),),
        )
        self.cluster = Cluster(name, access, **({"deadline": PATIENCE_SECONDS} | options))

    def change(self, **changes: Any) -> None:
        self.state |= changes
        draft = self.conf.with_suffix(".new")
        draft.write_text(json.dumps(self.state), encoding="utf-8")
        draft.rename(self.conf)

    def agents(self) -> int:
        """Return how many processes of the site's interpreter there are."""
        python = self.cluster.access.python[0].encode()
        return sum(_command_line(path).startswith(python) for path in Path("/proc").glob("[0-9]*"))

    def calls(self) -> list[list[Any]]:
        """Return what was asked of the stand-ins, in order: name and arguments."""
        record = self.conf.with_suffix(".calls")
        if not record.exists():
            return []
        return [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]

    def put(self, name: str, **image: Any) -> None:
        self.state["pools"]["images"][name] = {"size": 1} | image
        self.change()


def _command_line(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


async def until(condition: Callable[[], bool]) -> None:
    """Wait until ``condition`` holds."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(0.01)
