"""Running the simulator as a process: its options, its socket, and how it stops."""

import asyncio
import contextlib
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import uvicorn
from msgspec.structs import replace

from dcn_console.simulator.api.application import make_application
from dcn_console.simulator.building import build_scenario
from dcn_console.simulator.deployment import NEWEST_COMPUTE_MINOR, NEWEST_MINOR, Contents
from dcn_console.simulator.engine import Engine
from dcn_console.simulator.records import ReadOnlyStore
from dcn_console.simulator.scenario import DEFAULT_SEED
from dcn_console.simulator.storage import Storage

_WATCH_SECONDS = 0.5


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How to run the simulator.

    ``port`` 0 takes the port used last with this ``state`` folder, else any free one.
    ``state`` is a folder whose contents are continued and kept; "" keeps nothing.
    ``ready_file`` gets {"port", "url", "pid"} as JSON as soon as requests are taken.
    ``sites`` are "NAME[:STORE[:ZONE[:CLUSTER]]]", the hub first; ``bandwidth`` is in bytes a
    second; ``http_store`` is the id of an additional read-only store.
    ``connect_timeout_seconds`` is how long Glance hangs on a dead mon. ``mirror_pace`` is how
    many times as often as usual rbd-mirror looks and reports. ``backup_max_snapshots`` is
    Cinder's backup_ceph_max_snapshots, 0 for none, ``volume_minor`` its highest microversion
    and ``compute_minor`` Nova's.
    ``bare_metal`` has the physical network of each port of Ironic's, "" for none; without any
    there is no Ironic. ``routed_networks`` turns Neutron's segments on.
    ``watch_parent`` ends the simulator with the process that started it.
    What describes the cloud is ignored when the state folder holds one already.
    """

    port: int = 0
    scenario: str = "demo"
    state: str = ""
    ready_file: str = ""
    seed: int = DEFAULT_SEED
    images: int | None = None
    volumes: int | None = None
    sites: tuple[str, ...] = ()
    bandwidth: float | None = None
    latency_seconds: float = 0.0
    time_scale: float = 1.0
    http_store: str = ""
    connect_timeout_seconds: float = 300.0
    show_locations: bool = True
    mirror_pace: float = 1.0
    backup_max_snapshots: int = 0
    volume_minor: int = NEWEST_MINOR
    compute_minor: int = NEWEST_COMPUTE_MINOR
    bare_metal: tuple[str, ...] = ()
    routed_networks: bool = False
    watch_parent: bool = False


def build(options: Options, now: float) -> Contents:
    """Return the contents that the options describe; raise ValueError for a wrong scenario."""
    stores = (
        (ReadOnlyStore(id=options.http_store, description="http store"),)
        if options.http_store
        else ()
    )
    contents = build_scenario(
        options.scenario,
        now=now,
        seed=options.seed,
        images=options.images,
        volumes=options.volumes,
        sites=options.sites or None,
        bandwidth=options.bandwidth,
        latency_seconds=options.latency_seconds,
        time_scale=options.time_scale,
        read_only_stores=stores,
    )
    deployment = replace(
        contents.deployment,
        connect_timeout_seconds=options.connect_timeout_seconds,
        show_locations=options.show_locations,
        mirroring=contents.deployment.mirroring.at_pace(options.mirror_pace),
        backup_max_snapshots=options.backup_max_snapshots,
        volume_minor=options.volume_minor,
        compute_minor=options.compute_minor,
        bare_metal=options.bare_metal,
        routed_networks=options.routed_networks,
    )
    return replace(contents, deployment=deployment)


def run(options: Options) -> None:
    """Serve until the process is told to stop (SIGTERM or SIGINT)."""
    with _storage(options.state) as storage:
        asyncio.run(serve(options, storage))


@contextlib.contextmanager
def _storage(state: str) -> Iterator[Storage]:
    if state:
        yield Storage(Path(state))
        return
    with tempfile.TemporaryDirectory(prefix="dcn-simulator-") as folder:
        yield Storage(Path(folder))


async def serve(options: Options, storage: Storage) -> None:
    """Serve one engine until the server stops; save it at the end."""
    saved = storage.load()
    contents = build(options, time.time()) if saved is None else saved
    engine = Engine(contents, storage, persistent=bool(options.state))
    listener = _listen(options.port or storage.port())
    port = listener.getsockname()[1]
    storage.save_port(port)
    configuration = uvicorn.Config(
        make_application(engine),
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=30,
    )
    server = uvicorn.Server(configuration)
    helpers = [asyncio.create_task(engine.run())]
    if options.watch_parent:
        helpers.append(asyncio.create_task(_stop_with_parent(server)))
    if options.ready_file:
        write_ready(Path(options.ready_file), port)
    try:
        await server.serve(sockets=[listener])
    finally:
        for helper in helpers:
            helper.cancel()
        engine.tick()
        engine.save()


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    return listener


def write_ready(path: Path, port: int) -> None:
    """Say where the simulator listens; the file appears whole."""
    content = {"port": port, "url": f"http://127.0.0.1:{port}", "pid": os.getpid()}
    temporary = path.with_name(f".{path.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(content))
    temporary.replace(path)


async def _stop_with_parent(server: uvicorn.Server) -> None:
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110 - nothing tells of a parent's end
        await asyncio.sleep(_WATCH_SECONDS)
    server.should_exit = True
