"""A simulated cloud of any size, and dcn-console with a folder of its own on it."""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from command_line import CommandLine

from dcn_console.config.paths import Paths
from dcn_console.config.settings import Settings, load
from dcn_console.inventory import collect
from dcn_console.inventory.cache import save
from dcn_console.inventory.services import Services
from dcn_console.simulator.instance import Simulator
from dcn_console.simulator.server import Options
from dcn_console.tasks.location import task_folder

from .screen import DEADLINE_SECONDS, Screen

IMAGE_NAME = r"[a-z][a-z0-9-]+-\d{6}"
"""How images of the simulator's scenario "scale" are called."""
_LOOK_SECONDS = 0.2
_EVERYTHING = frozenset(
    {
        collect.STORES,
        collect.IMAGES,
        collect.VOLUMES,
        collect.SERVICES,
        collect.SERVERS,
        collect.CLUSTERS,
        collect.COPIES,
    }
)


@dataclass(frozen=True)
class SimulatedCloud:
    """dcn-console on a simulated cloud: what runs commands, and the simulator behind it."""

    command: CommandLine
    simulator: Simulator

    @property
    def settings(self) -> Settings:
        """The settings that commands have."""
        return load(Paths.resolve(self.command.folder / "config.toml"), {}).settings

    def console(self) -> Screen:
        """Open the console on a terminal."""
        return Screen(self.command.command(), self.command.environment)

    def fill_cache(self) -> None:
        """Read the inventory and leave it as an earlier session would have."""
        settings = self.settings

        async def read() -> None:
            services = await Services.open(settings)
            try:
                inventory = await collect.collect(services, _EVERYTHING)
            finally:
                await services.close()
            folder = self.command.folder / "cache" / settings.cloud
            save(inventory, folder / "inventory.msgpack", settings.cloud)

        asyncio.run(read())

    def run_copies(self, count: int) -> None:
        """Submit so many copies and wait until all of them run."""
        listed = self.command("image", "list", "-o", "json").json
        edge = self.settings.topology.edges[0].name
        lacking = [item["id"] for item in listed if edge not in _present(item)]
        ran = self.command("image", "copy", *lacking[:count], "--to", edge, "--no-wait")
        if ran.status:
            raise RuntimeError(ran.err)
        deadline = time.monotonic() + DEADLINE_SECONDS
        while self._running() < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{count} copies did not run at the same time")
            time.sleep(_LOOK_SECONDS)

    @contextmanager
    def live_tasks(self, count: int) -> Iterator[None]:
        """Have so many tasks that seem to run for ever, at no cost to cloud and clusters."""
        folder = task_folder(self.command.folder / "state", self.settings.cloud).path
        script = Path(__file__).with_name("live_tasks.py")
        edge = self.settings.topology.edges[0].name
        runner = subprocess.Popen(
            [sys.executable, str(script), str(folder), str(count), edge], stdout=subprocess.PIPE
        )
        try:
            if runner.stdout is None or runner.stdout.readline() != b"running\n":
                raise RuntimeError("the stand-in for the runner did not start")
            yield
        finally:
            runner.kill()
            runner.communicate()

    def _running(self) -> int:
        tasks = json.loads(self.command("task", "list", "-o", "json").out)
        return sum(task["state"] == "running" for task in tasks)


def _present(image: dict[str, dict[str, dict[str, str]]]) -> list[str]:
    return [site for site, place in image["sites"].items() if place["state"] == "present"]


@contextmanager
def simulated_cloud(
    images: int, volumes: int, *, bandwidth_mib: float = 64.0, copies_per_site: int = 2
) -> Iterator[SimulatedCloud]:
    """Run a simulator with so many images and volumes on three sites while the block lasts."""
    with tempfile.TemporaryDirectory(prefix="dcn-bench-") as name:
        folder = Path(name)
        options = Options(
            scenario="scale",
            images=images,
            volumes=volumes,
            bandwidth=bandwidth_mib * 1024 * 1024,
        )
        with Simulator(options) as simulator:
            config = simulator.write_config(folder)
            text = config.read_text(encoding="utf-8")
            config.write_text(f"copies_per_site = {copies_per_site}\n{text}", encoding="utf-8")
            command = CommandLine(folder, config)
            try:
                yield SimulatedCloud(command, simulator)
            finally:
                command.close()
