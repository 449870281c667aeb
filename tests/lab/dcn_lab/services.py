"""All parts of a lab together: bring it up, take it down, remove it, look at it."""

import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from dcn_lab.ceph import Cluster, clusters
from dcn_lab.cinder import Cinder
from dcn_lab.clouds_file import write_clouds_yaml
from dcn_lab.compute import Compute
from dcn_lab.daemons import Daemon
from dcn_lab.database import Database
from dcn_lab.errors import LabError
from dcn_lab.execution import http_answers, wait_until
from dcn_lab.glance import Glance
from dcn_lab.keystone import Keystone
from dcn_lab.message_queue import MessageQueue
from dcn_lab.mirror import mirror_daemon, mirror_up
from dcn_lab.stages import Stage, run_stages
from dcn_lab.workspace import Workspace, say

USUAL_STOP_SECONDS = 15
WIPE_SECONDS = 60
USERS = ("glance", "cinder", "keystone", "rbd-mirror", "nova", "neutron", "placement")
"""How the names of those daemons begin that nothing else needs in order to end."""


class Services:
    """Every daemon of a lab."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._supervisor = workspace.supervisor
        self._database = Database(workspace)
        self._queue = MessageQueue(workspace)
        self._keystone = Keystone(workspace, self._database)
        self._glance = Glance(workspace, self._database)
        self._cinder = Cinder(workspace, self._database, self._queue, self._glance)
        self._compute = Compute(workspace, self._database, self._queue, self._glance)
        self._clusters = clusters(workspace)

    def daemons(self) -> dict[str, Daemon]:
        """Return all daemons by name, each after those that it needs."""
        ordered = [
            *(daemon for cluster in self._clusters for daemon in cluster.daemons()),
            *self._mirrors(),
            self._database.daemon(),
            *self._queue.daemons(),
            self._keystone.daemon(),
            *self._glance.daemons(),
            *self._cinder.daemons(),
            *self._compute.daemons(),
        ]
        return {daemon.name: daemon for daemon in ordered}

    def daemon(self, name: str) -> Daemon:
        """Return the daemon `name`; raise LabError listing all names when there is none."""
        known = self.daemons()
        if name not in known:
            raise LabError(f"no daemon is called {name!r}; known are {', '.join(known)}")
        return known[name]

    def up(self) -> None:
        """Bring up what is down, making it first in a new lab."""
        begun = time.monotonic()
        write_clouds_yaml(self._workspace)
        run_stages(
            self._stages(), lambda name: say(f"{name} up after {time.monotonic() - begun:.0f} s")
        )

    def down(self) -> None:
        """Stop everything: first what uses a service, then the service."""
        waves: tuple[Callable[[str], bool], ...] = (
            lambda name: name.startswith(USERS),
            lambda name: name.startswith(("rabbitmq", "mariadb", "mgr", "osd")),
            lambda _name: True,
        )
        left = list(self._supervisor.recorded())
        known = self.daemons()
        for belongs in waves:
            wave = [name for name in left if belongs(name)]
            left = [name for name in left if name not in wave]
            with ThreadPoolExecutor(max_workers=8) as pool:
                list(pool.map(lambda name: self._stop(name, known.get(name)), wave))

    def kill_all(self) -> None:
        """Kill everything at once, for a lab that is about to be removed."""
        with ThreadPoolExecutor(max_workers=8) as pool:
            list(pool.map(self._supervisor.kill, self._supervisor.recorded()))

    def start(self, name: str) -> None:
        """Start one daemon unless it runs, and wait until it serves."""
        self._supervisor.start(self.daemon(name))

    def stop(self, name: str) -> None:
        """Ask one daemon to end, and wait until it has."""
        self._stop(name, self.daemon(name))

    def kill(self, name: str) -> None:
        """Kill one daemon with all its processes."""
        self._supervisor.kill(self.daemon(name).name)

    def problems(self) -> tuple[str, ...]:
        """Return what is wrong in a line each; empty when the whole lab serves."""
        found = [f"{name} is down" for name in self.daemons() if self._supervisor.pid(name) is None]
        ports = self._workspace.ports
        for name, port in (
            ("keystone", ports.keystone),
            ("glance-api", ports.glance),
            ("cinder-api", ports.cinder),
            *self._compute.doors(),
        ):
            if not http_answers(port):
                found.append(f"{name} doesn't answer on port {port}")
        with ThreadPoolExecutor(max_workers=len(self._clusters)) as pool:
            for lines in pool.map(Cluster.problems, self._clusters):
                found.extend(lines)
        return tuple(found)

    def _mirrors(self) -> tuple[Daemon, ...]:
        return tuple(
            mirror_daemon(self._workspace, site) for site in self._workspace.topology.sites
        )

    def _stop(self, name: str, daemon: Daemon | None) -> None:
        self._supervisor.stop(name, daemon.stop_seconds if daemon else USUAL_STOP_SECONDS)

    def _stages(self) -> tuple[Stage, ...]:
        """Return the pieces of a bring-up with what each one needs."""
        start = self._supervisor.start
        cluster_stages = tuple(
            Stage(f"cluster {cluster.site.cluster}", cluster.up) for cluster in self._clusters
        )
        stores = tuple(stage.name for stage in cluster_stages)
        mirrors = tuple(
            Stage(daemon.name, partial(start, daemon), ("mirror peers",))
            for daemon in self._mirrors()
        )
        cinder_needs = ("rabbitmq", "cinder database", "keystone", *stores)
        cinder = tuple(
            Stage(daemon.name, partial(start, daemon), cinder_needs)
            for daemon in self._cinder.daemons()
        )
        glance_needs = ("glance database", "keystone", *stores)
        glance = tuple(
            Stage(daemon.name, partial(start, daemon), glance_needs)
            for daemon in self._glance.daemons()
        )
        return (
            *cluster_stages,
            Stage("mariadb", self._database.up),
            Stage("rabbitmq", self._queue.up),
            Stage("mirror peers", lambda: mirror_up(self._workspace), stores),
            *mirrors,
            Stage("keystone", self._keystone.up, ("mariadb",)),
            Stage("glance database", self._glance.install, ("mariadb",)),
            Stage("cinder database", self._cinder.install, ("mariadb",)),
            *glance,
            *cinder,
            *self._compute.stages(),
        )


def wipe(workspace: Workspace) -> None:
    """Kill every daemon of the lab and remove its folder."""
    Services(workspace).kill_all()
    wait_until(
        f"end of {workspace.layout.directory}",
        lambda: _is_removed(workspace.layout.directory),
        seconds=WIPE_SECONDS,
    )


def _is_removed(directory: Path) -> bool:
    """Remove a folder; a process on its way out may still change what is in it."""
    shutil.rmtree(directory, ignore_errors=True)
    return not directory.exists()
