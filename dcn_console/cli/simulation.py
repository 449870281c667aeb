"""Serving the simulator in this process, and saying how to reach it once it listens."""

import signal
import tempfile
import threading
import time
from pathlib import Path

import msgspec

from dcn_console.cli.messages import say, warn
from dcn_console.cli.status import ExitStatus
from dcn_console.model.errors import DcnError, UsageError
from dcn_console.simulator.client_files import cloud_name, write_ceph_folder, write_config
from dcn_console.simulator.deployment import Deployment
from dcn_console.simulator.server import Options, build, run

_LOOK_SECONDS = 0.05


def serve(options: Options, folder: Path | None) -> ExitStatus:
    """Serve until stopped by SIGINT or SIGTERM.

    Uvicorn raises the signal that stopped it once more when it has ended (uvicorn/server.py,
    ``capture_signals``); as KeyboardInterrupt it lets everything be cleaned up.

    ``folder`` gets clouds.yaml, config.toml and a ceph.conf a site. Raises UsageError for an
    unknown scenario or a bad site, DcnError when the port is taken.
    """
    try:
        deployment = build(
            msgspec.structs.replace(options, images=0, volumes=0), time.time()
        ).deployment
    except ValueError as error:
        raise UsageError(f"{error}") from error
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="dcn-console-") as scratch:
        ready = Path(scratch) / "ready.json"
        threading.Thread(
            target=_announce, args=(ready, deployment, folder), name="announcer", daemon=True
        ).start()
        try:
            run(msgspec.structs.replace(options, ready_file=str(ready)))
        except KeyboardInterrupt:
            say("stopped")
        except OSError as error:
            raise DcnError(
                f"The simulator cannot listen on port {options.port}: {error}."
            ) from error
    return ExitStatus.SUCCESS


def _announce(ready: Path, deployment: Deployment, folder: Path | None) -> None:
    """Wait until the simulator listens, write the files, and say where it is."""
    while not ready.exists():
        time.sleep(_LOOK_SECONDS)
    url = msgspec.json.decode(ready.read_bytes())["url"]
    say(f"simulator ready: {url}/identity/v3")
    if folder is None:
        return
    try:
        config = write_config(deployment, url, folder.absolute())
        write_ceph_folder(deployment, folder.absolute() / "ceph")
    except OSError as error:
        warn(f"{folder} cannot be written: {error}.")
        return
    say(f"  OS_CLIENT_CONFIG_FILE={folder.absolute() / 'clouds.yaml'}")
    say(f"  OS_CLOUD={cloud_name(deployment)}")
    say(f"  dcn-console --config {config}")
