"""A runner that ends with whoever started it: ``python -m dcn_console.cli.tethered_runner``.

The demo starts it with a pipe as stdin and holds the other end. However the demo ends, even by
kill -9, the pipe closes and the runner with it, so that none is left on a cloud that is gone.
"""

import os
import sys
import threading
from pathlib import Path

from dcn_console.model.errors import RunnerBusy
from dcn_console.runner.process import run_runner


def main() -> None:
    """Run the tasks of the config file named by the first argument until stdin ends."""
    threading.Thread(target=_end_with_stdin, name="tether", daemon=True).start()
    try:
        run_runner(Path(sys.argv[1]), "", None)
    except RunnerBusy as error:
        print(error, file=sys.stderr)


def _end_with_stdin() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
