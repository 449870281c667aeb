"""Starting a runner in the background. Knows nothing of the durable-execution library."""

import os
import subprocess
import sys
import threading
from collections.abc import Sequence

from dcn_console.config.files import FILE_MODE, ensure_folder
from dcn_console.model.errors import TaskStoreError
from dcn_console.runner.lock import is_held
from dcn_console.tasks.location import TaskFolder

IDLE_EXIT_SECONDS = 300.0


def ensure_runner(folder: TaskFolder, options: Sequence[str]) -> bool:
    """Start a runner for ``folder`` unless one is alive; returns whether one was started.

    ``options`` say which configuration and cloud it is to use. It outlives this process and
    writes to the folder's runner log. Starting two at once is harmless: the second finds the
    lock taken and ends. Raises TaskStoreError when no process can be started.
    """
    if is_held(folder.lock):
        return False
    command = [
        sys.executable,
        "-m",
        "dcn_console.runner",
        f"--idle-exit={IDLE_EXIT_SECONDS:g}",
        *options,
    ]
    try:
        ensure_folder(folder.path)
        descriptor = os.open(
            folder.runner_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, FILE_MODE
        )
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                start_new_session=True,
                cwd="/",
            )
        finally:
            os.close(descriptor)
    except OSError as error:
        raise TaskStoreError(
            f"No runner could be started: {error}.",
            way_out="Start one by hand with: dcn-console runner",
        ) from error
    threading.Thread(target=process.wait, name="runner-reaper", daemon=True).start()
    return True
