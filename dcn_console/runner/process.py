"""The runner's process, in the foreground or started in the background."""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from dcn_console.config.paths import Paths
from dcn_console.config.settings import load
from dcn_console.model.errors import DcnError, RunnerBusy
from dcn_console.tasks.location import task_folder
from dcn_console.tasks.store import TaskStore


def run_runner(config: Path | None, cloud: str, idle_exit: float | None) -> int:
    """Run tasks until told to stop by SIGTERM or SIGINT; returns the exit status.

    ``idle_exit`` ends the runner after that many seconds without a task; None never.
    """
    from dcn_console.runner.service import Runner

    paths = Paths.resolve(config)
    loaded = load(paths, {"cloud": cloud})
    folder = task_folder(paths.state_folder, loaded.settings.cloud)

    async def serve() -> None:
        runner = Runner(loaded.settings, folder, idle_exit)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _end_at_once)
        await runner.run()

    asyncio.run(serve())
    return 0


def _end_at_once() -> None:
    """End as a kill would: what is under way is taken up by the next runner.

    There is one way to stop, proven at every moment, and none that closes services under
    tasks which might take that for a failure.
    """
    print("runner stopped; open tasks go on when one starts again", flush=True)
    os._exit(0)


def main() -> None:
    """Parse the options of a background runner and run it; never joins hung threads."""
    parser = argparse.ArgumentParser(prog="dcn-console runner")
    parser.add_argument("--config", type=Path)
    parser.add_argument("--cloud", default="")
    parser.add_argument("--idle-exit", type=float)
    options = parser.parse_args()
    status = 1
    try:
        status = run_runner(options.config, options.cloud, options.idle_exit)
        if options.idle_exit is not None and _left_behind(options.config, options.cloud):
            os.execv(  # noqa: S606 - no shell is wanted
                sys.executable, [sys.executable, "-m", "dcn_console.runner", *sys.argv[1:]]
            )
    except RunnerBusy as error:
        print(error, file=sys.stderr)
        status = 0
    except DcnError as error:
        print(error, file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _left_behind(config: Path | None, cloud: str) -> bool:
    """Whether a task came in while an idle runner was ending, still holding the lock."""
    paths = Paths.resolve(config)
    settings = load(paths, {"cloud": cloud}).settings
    store = TaskStore(task_folder(paths.state_folder, settings.cloud).store)
    try:
        return bool(store.open_tasks())
    finally:
        store.close()
