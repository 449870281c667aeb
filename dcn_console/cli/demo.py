"""The embedded demo: a simulated DCN with its own config, task store and runner.

Everything is under one folder and ends with the demo. The command it runs, such as the console,
is a process of its own whose environment leads to that folder and nowhere else.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from dcn_console.cli.waiting import DEMO_VARIABLE
from dcn_console.config.files import FILE_MODE, ensure_folder
from dcn_console.config.paths import CACHE_VARIABLE, CONFIG_VARIABLE, STATE_VARIABLE, Paths
from dcn_console.config.settings import load
from dcn_console.model.errors import DcnError
from dcn_console.runner.lock import holder
from dcn_console.simulator.instance import Simulator
from dcn_console.simulator.server import Options
from dcn_console.tasks.location import TaskFolder, task_folder

_LOOPBACK = "127.0.0.1,localhost"
_RUNNER_START_SECONDS = 20.0
_RUNNER_STOP_SECONDS = 2.0
_LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class Demo:
    """A running demo: its folder, its config file, and where its tasks are."""

    folder: Path
    config: Path
    tasks: TaskFolder

    def run(self, arguments: Sequence[str]) -> int:
        """Run a dcn-console command on the demo in this terminal; return its exit status.

        Ctrl+C is the command's to handle; a request to end (SIGTERM, SIGHUP) is passed on.
        """
        process = subprocess.Popen(
            [sys.executable, "-m", "dcn_console", *arguments], env=environment(self.folder)
        )

        def pass_on(number: int, frame: object) -> None:
            process.send_signal(number)

        previous = {
            number: signal.signal(number, handler)
            for number, handler in (
                (signal.SIGINT, signal.SIG_IGN),
                (signal.SIGTERM, pass_on),
                (signal.SIGHUP, pass_on),
            )
        }
        try:
            status = process.wait()
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
        return status if status >= 0 else 128 - status

    def wait_for_runner(self) -> None:
        """Wait until a runner holds the task store; raises DcnError when none comes."""
        deadline = time.monotonic() + _RUNNER_START_SECONDS
        while holder(self.tasks.lock) is None:
            if time.monotonic() > deadline:
                raise DcnError(f"The demo's runner did not start; see {self.tasks.runner_log}.")
            time.sleep(_LOOK_SECONDS)


@contextmanager
def running_demo(folder: Path | None) -> Iterator[Demo]:
    """Start the demo in ``folder``, where it continues, or in a temporary one.

    Simulator and runner are gone when this ends, and a temporary folder too. Raises DcnError
    when it cannot be started.
    """
    with ExitStack() as stack:
        if folder is None:
            folder = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="dcn-console-demo-"))
            )
        folder = ensure_folder(folder.absolute())
        simulator = Simulator(Options(state=str(folder / "simulator")))
        stack.callback(simulator.close)
        try:
            simulator.start()
        except RuntimeError as error:
            raise DcnError(
                f"The demo cannot be started in {folder}: {error}",
                way_out="Does another demo run there already?",
            ) from error
        config = simulator.write_config(folder)
        settings = load(Paths.resolve(config), {}).settings
        tasks = task_folder(folder / "state", settings.cloud)
        stack.enter_context(_runner(folder, config, tasks))
        yield Demo(folder=folder, config=config, tasks=tasks)


def environment(folder: Path, inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment in which dcn-console sees nothing but the demo in ``folder``."""
    kept = {
        name: value
        for name, value in inherited.items()
        if not name.startswith(("OS_", "DCN_CONSOLE_"))
    }
    return kept | {
        CONFIG_VARIABLE: str(folder / "config.toml"),
        STATE_VARIABLE: str(folder / "state"),
        CACHE_VARIABLE: str(folder / "cache"),
        DEMO_VARIABLE: "1",
        "NO_PROXY": _LOOPBACK,
        "no_proxy": _LOOPBACK,
    }


@contextmanager
def _runner(folder: Path, config: Path, tasks: TaskFolder) -> Iterator[None]:
    ensure_folder(tasks.path)
    descriptor = os.open(tasks.runner_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, FILE_MODE)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "dcn_console.cli.tethered_runner", str(config)],
            stdin=subprocess.PIPE,
            stdout=descriptor,
            stderr=descriptor,
            start_new_session=True,
            env=environment(folder),
        )
    finally:
        os.close(descriptor)
    try:
        yield
    finally:
        process.kill()
        process.communicate()
        _end_other_runner(tasks)


def _end_other_runner(tasks: TaskFolder) -> None:
    """End a runner that took over after ours had died, and wait until it let go."""
    pid = holder(tasks.lock)
    if pid is None:
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _RUNNER_STOP_SECONDS
    while holder(tasks.lock) == pid:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            deadline += _RUNNER_STOP_SECONDS
        time.sleep(_LOOK_SECONDS)
