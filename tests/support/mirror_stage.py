"""A simulated cloud without a process, whose clock a test moves: for tests of mirroring."""

import json
from typing import Any

from msgspec.structs import replace

from dcn_console.simulator.building import build_scenario
from dcn_console.simulator.cluster_answers import answer
from dcn_console.simulator.faults import Faults
from dcn_console.simulator.mirror_clock import advance_mirrors, reconsider, write
from dcn_console.simulator.mirror_progress import settle
from dcn_console.simulator.rbd_data import OBJECT
from dcn_console.simulator.records import MIB, RbdRecord, SimulatedSite
from dcn_console.simulator.world import World

NOW = 1_795_000_000.0
POOL = "volumes"


class AgentRefused(Exception):
    """An error of the agents' protocol."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message


class Stage:
    """The sites home (the hub), north (both ways with home) and south (receives from home)."""

    def __init__(self, bandwidth: float = 16.0 * MIB) -> None:
        contents = build_scenario(
            "empty", now=NOW, sites=("home", "north", "south"), bandwidth=bandwidth
        )
        self.world = World(contents)

    def site(self, name: str) -> SimulatedSite:
        found = self.world.deployment.site(name)
        assert found is not None
        return found

    def add(self, name: str, objects: int = 8, site: str = "home", **fields: Any) -> str:
        """Add an RBD image of 16 objects, or more, whose first ``objects`` hold data."""
        record = RbdRecord(
            size=max(16, objects) * OBJECT,
            used=objects * OBJECT,
            snap=False,
            snap_protected=False,
            **fields,
        )
        self.world.put_rbd(self.site(site), POOL, name, record)
        return name

    def ask(self, site: str, operation: str, **parameters: Any) -> Any:
        """Return the result, or the parts; raise AgentRefused."""
        found = answer(self.world, self.site(site), operation, {"pool": POOL} | parameters)
        while found.again is not None:
            self.wait(found.seconds)
            again = {"pool": POOL} | parameters | {"again": found.again}
            found = answer(self.world, self.site(site), operation, again)
        if found.blocked:
            raise AgentRefused("unreachable", found.blocked)
        if found.error is not None:
            raise AgentRefused(found.error["kind"], found.error["message"])
        return found.result if found.parts is None else found.parts

    def resync(self, site: str, name: str) -> None:
        """Ask that the RBD image which is there now be copied anew."""
        image_id = self.ask(site, "rbd_detail", name=name)["id"]
        self.ask(site, "mirror_resync", name=name, id=image_id)

    def wait(self, seconds: float) -> None:
        """Let the clock run."""
        self.world.now += seconds
        advance_mirrors(self.world, self.world.now)

    def fault(self, **faults: Any) -> None:
        """Switch exactly these faults on, as the engine does."""
        timed = {
            name: value if isinstance(value, tuple) and name == "full"
            else dict.fromkeys(value, self.world.now)
            for name, value in faults.items()
        }  # fmt: skip
        for replay in self.world.mirrors.replays():
            settle(self.world, replay, self.world.now)
        self.world.faults = replace(Faults(), **timed)
        reconsider(self.world, self.world.now)

    def write(self, site: str, name: str, objects: tuple[int, ...], entries: int = 4) -> None:
        """Write some objects with data that was never there before."""
        seed = f"{site}/{self.world.revision}"
        changes = {number: f"{seed}/{number}" for number in objects}
        write(self.world, self.site(site), POOL, name, changes, entries, self.world.now)

    def images(self, site: str) -> dict[str, dict[str, Any]]:
        """Return what a cluster says of its mirrored RBD images, by name."""
        return {item["name"]: item for item in self.ask(site, "mirror_images")}

    def status(self, site: str, name: str) -> dict[str, Any]:
        """Return the report of a site's own daemon on an RBD image, {} without one."""
        mirroring = self.ask(site, "rbd_detail", name=name)["mirroring"]
        return (mirroring or {}).get("status") or {}

    def exists(self, site: str, name: str) -> bool:
        """Whether the RBD image is there."""
        return name in self.world.rbd(self.site(site), POOL)

    def content(self, site: str, name: str, snapshot_id: int | None = None) -> dict[int, str]:
        """Return the hash of every object that holds data."""
        used = self.ask(site, "used_objects", name=name, snapshot_id=snapshot_id)
        asked = {"name": name, "snapshot_id": snapshot_id, "objects": used}
        return dict(self.ask(site, "hash_objects", **asked))


def tail(text: str) -> dict[str, object]:
    """The JSON behind a daemon's words."""
    found: dict[str, object] = json.loads(text[text.index("{") :])
    return found


def synced(mode: str, objects: int = 8) -> Stage:
    """A stage with the RBD image "disk" mirrored from home, all of it arrived and reported."""
    stage = Stage()
    stage.add("disk", objects)
    stage.ask("home", "mirror_enable", name="disk", mode=mode)
    stage.wait(60.0)
    return stage


def split(mode: str) -> Stage:
    """A stage whose disk was promoted at north by force, written to on both sides, and demoted."""
    stage = synced(mode)
    stage.ask("north", "mirror_promote", name="disk", force=True)
    stage.write("home", "disk", (1,))
    stage.write("north", "disk", (2,))
    stage.wait(20.0)
    stage.ask("home", "mirror_demote", name="disk")
    stage.wait(20.0)
    return stage
