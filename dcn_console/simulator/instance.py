"""A simulator to start and stop from Python: what tests and the demo use."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from msgspec.structs import replace

from dcn_console.simulator import client_files
from dcn_console.simulator.control import Control
from dcn_console.simulator.deployment import Deployment
from dcn_console.simulator.scenario import ADMIN
from dcn_console.simulator.server import Options, build
from dcn_console.simulator.storage import Storage

_START_SECONDS = 60.0
_STOP_SECONDS = 5.0
_POLL_SECONDS = 0.02


class Simulator:
    """One simulator in a process of its own, on a loopback port.

    Start it by ``start()`` or as a context manager. ``control`` steers it, ``deployment`` is
    what it was built from or what its state folder holds. After ``kill()`` a ``start()``
    continues on the same port with the same state. It ends with the process that started it.
    """

    def __init__(self, options: Options | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="dcn-simulator-")
        asked = options or Options()
        self._options = replace(
            asked,
            state=asked.state or str(Path(self._folder.name) / "state"),
            ready_file=asked.ready_file or str(Path(self._folder.name) / "ready.json"),
            watch_parent=True,
        )
        self.deployment = self._find_deployment()
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    def _find_deployment(self) -> Deployment:
        saved = Storage(Path(self._options.state)).load()
        if saved is None:
            saved = build(replace(self._options, images=0, volumes=0), time.time())
        return saved.deployment

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    @property
    def url(self) -> str:
        """The address under which every service is."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """The id of its process; raise RuntimeError when it does not run."""
        if self._process is None:
            raise RuntimeError("The simulator does not run.")
        return self._process.pid

    @property
    def log_file(self) -> Path:
        """What its process writes to standard output and error, in the state folder."""
        return Path(self._options.state) / "simulator.log"

    @property
    def control(self) -> Control:
        """What steers it."""
        return Control(self._port)

    def start(self) -> Self:
        """Start the process and wait until it takes requests; raise RuntimeError otherwise."""
        ready = Path(self._options.ready_file)
        ready.unlink(missing_ok=True)
        descriptor = os.open(self.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "dcn_console.simulator", *self._arguments()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while not ready.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"The simulator did not start; see {self.log_file}.")
            time.sleep(_POLL_SECONDS)
        self._port = msgspec.json.decode(ready.read_bytes())["port"]
        return self

    def _arguments(self) -> list[str]:
        options = self._options
        arguments = [
            f"--port={options.port or self._port}",
            f"--scenario={options.scenario}",
            f"--state={options.state}",
            f"--ready-file={options.ready_file}",
            f"--seed={options.seed}",
            f"--latency={options.latency_seconds}",
            f"--time-scale={options.time_scale}",
            f"--http-store={options.http_store}",
            f"--connect-timeout={options.connect_timeout_seconds}",
            f"--mirror-pace={options.mirror_pace}",
            f"--backup-max-snapshots={options.backup_max_snapshots}",
            f"--volume-minor={options.volume_minor}",
            f"--compute-minor={options.compute_minor}",
            "--watch-parent",
            *(f"--site={site}" for site in options.sites),
            *(f"--bare-metal={network}" for network in options.bare_metal),
        ]
        if options.images is not None:
            arguments.append(f"--images={options.images}")
        if options.volumes is not None:
            arguments.append(f"--volumes={options.volumes}")
        if options.bandwidth is not None:
            arguments.append(f"--bandwidth={options.bandwidth / (1024 * 1024)}")
        if options.routed_networks:
            arguments.append("--routed-networks")
        if not options.show_locations:
            arguments.append("--hide-locations")
        return arguments

    def stop(self) -> None:
        """Stop the process; its state stays until ``close()``."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None

    def kill(self) -> None:
        """Kill the process, as ``kill -9`` does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """Stop the process and remove its folder."""
        self.stop()
        self._folder.cleanup()

    def cloud_name(self, user: str = ADMIN) -> str:
        """The cloud's name in clouds.yaml for the administrator, or for the member "demo"."""
        return client_files.cloud_name(self.deployment, user)

    def write_clouds_yaml(self, folder: Path) -> Path:
        """Write a clouds.yaml and return its path."""
        return client_files.write_clouds_yaml(self.deployment, self.url, folder)

    def write_config(self, folder: Path, user: str = ADMIN) -> Path:
        """Write a clouds.yaml and a config.toml with the topology; return the latter's path."""
        return client_files.write_config(self.deployment, self.url, folder, user)

    def write_ceph_folder(self, folder: Path) -> Path:
        """Write a ceph.conf a cluster; return the folder."""
        return client_files.write_ceph_folder(self.deployment, folder)

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop and clean up."""
        self.close()
