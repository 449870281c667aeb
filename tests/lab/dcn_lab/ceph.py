"""One site's Ceph cluster: a mon, a mgr and an osd on a sparse file, all on the loopback."""

import configparser
import json
import shutil
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from dcn_lab.ceph_conf import (
    MGR_NAME,
    MON_NAME,
    OSD_ID,
    SERVICE_USER,
    mirror_user,
    monitor_addresses,
    new_key,
    render_ceph_conf,
    render_keyring,
)
from dcn_lab.daemons import Daemon
from dcn_lab.errors import LabError
from dcn_lab.execution import wait_until
from dcn_lab.files import make_folder, write_private
from dcn_lab.topology import SiteSpec
from dcn_lab.workspace import Workspace

CONNECT_SECONDS = 30
OPERATION_SECONDS = 60
"""A healthy osd whose disk is busy may let a single operation wait for long."""
COMMAND_SECONDS = 300
CLEAN_SECONDS = 600
STOP_SECONDS = 60
"""An osd that is killed before it has told its mon that it goes stays up in the mon's eyes."""
CAPABILITIES = {
    "client.admin": {"mon": "allow *", "osd": "allow *", "mds": "allow *", "mgr": "allow *"},
    f"mgr.{MGR_NAME}": {"mon": "allow profile mgr", "osd": "allow *", "mds": "allow *"},
    f"client.{SERVICE_USER}": {"mon": "profile rbd", "mgr": "profile rbd", "osd": "profile rbd"},
}
MIRROR_CAPABILITIES = {"mon": "profile rbd-mirror", "mgr": "profile rbd", "osd": "profile rbd"}


class Cluster:
    """The cluster of `site`."""

    def __init__(self, workspace: Workspace, site: SiteSpec) -> None:
        self.site = site
        self.conf = workspace.layout.ceph_conf(site)
        self._workspace = workspace
        self._data = workspace.layout.data / "ceph" / site.cluster

    def ceph(self, *arguments: str, connect_seconds: int = CONNECT_SECONDS) -> str:
        """Run the `ceph` command as admin and return its stdout; raise LabError if it fails."""
        timeout = ("--connect-timeout", str(connect_seconds))
        return self._run("ceph", "-c", self.conf, *timeout, *arguments)

    def ceph_json(self, *arguments: str, connect_seconds: int = CONNECT_SECONDS) -> Any:
        """Run the `ceph` command and return its decoded JSON output, None when it says nothing."""
        said = self.ceph(*arguments, "-f", "json", connect_seconds=connect_seconds)
        return json.loads(said) if said.strip() else None

    def rbd(self, *arguments: str, operation_seconds: int = OPERATION_SECONDS) -> str:
        """Run the `rbd` command as admin and return its stdout; raise LabError if it fails.

        A dead mon is bounded by client_mount_timeout only, a dead osd by rados_osd_op_timeout
        only (measured on 16.2): both are set.
        """
        timeouts = (
            f"--client-mount-timeout={CONNECT_SECONDS}",
            f"--rados-osd-op-timeout={operation_seconds}",
        )
        return self._run("rbd", "-c", self.conf, *timeouts, *arguments)

    def fsid(self) -> str:
        """Return the cluster's id, as its ceph.conf has it."""
        parser = configparser.ConfigParser(interpolation=None)
        if not parser.read(self.conf):
            raise LabError(f"{self.conf}: missing; `lab up` writes it")
        return parser["global"]["fsid"]

    def daemons(self) -> tuple[Daemon, ...]:
        """Return mon, mgr and osd, in the order they start."""
        ports = self._workspace.ports
        index = self._workspace.topology.index(self.site)
        name = self.site.name
        return (
            self._daemon(f"mon.{name}", "mon", MON_NAME, self._mon_ready, ports.monitor(index)),
            self._daemon(f"mgr.{name}", "mgr", MGR_NAME, self._mgr_ready),
            self._daemon(f"osd.{name}", "osd", OSD_ID, self._osd_ready),
        )

    def up(self) -> None:
        """Bring the cluster up, making it first when there is none."""
        supervisor = self._workspace.supervisor
        monitor, manager, osd = self.daemons()
        mark = f"ceph-{self.site.cluster}"
        fresh = not (self._workspace.layout.done / mark).exists()
        if fresh:
            for daemon in (osd, manager, monitor):
                supervisor.kill(daemon.name)
            self._make_monitor()
        make_folder(self._workspace.layout.run / self.site.cluster)
        supervisor.start(monitor)
        if fresh:
            self._make_osd()
        supervisor.start(osd)
        supervisor.start(manager)
        if fresh:
            self._make_pools(self._pools())
        self._workspace.once(mark, self._wait_until_clean)

    def problems(self) -> tuple[str, ...]:
        """Return what is wrong with the cluster in a line each; empty when it serves."""
        try:
            status = self.ceph_json("status")
        except LabError as error:
            return (f"cluster {self.site.cluster}: {error}",)
        osds = status["osdmap"]
        if osds["num_up_osds"] < osds["num_osds"]:
            return (f"cluster {self.site.cluster}: osd.{self.site.name} is down",)
        return ()

    def _pools(self) -> tuple[str, ...]:
        names = (*self.site.pools.names(), self._workspace.topology.mirrored_pool)
        return tuple(dict.fromkeys(names))

    def _make_monitor(self) -> None:
        """Write conf and keyrings and make the mon's store, which takes the keys over."""
        layout = self._workspace.layout
        shutil.rmtree(self._data, ignore_errors=True)
        for folder in ("mon", "mgr", "osd", "crash"):
            make_folder(self._data / folder)
        fsid = str(uuid.uuid4())
        write_private(self.conf, render_ceph_conf(self._workspace, self.site, fsid))
        keyrings = [render_keyring("mon.", new_key(), {"mon": "allow *"})]
        mirror = {f"client.{mirror_user(self.site)}": MIRROR_CAPABILITIES}
        for entity, capabilities in (CAPABILITIES | mirror).items():
            key = new_key()
            keyrings.append(render_keyring(entity, key, capabilities))
            is_client = entity.startswith("client.")
            path = layout.keyring(self.site, entity) if is_client else self._data / "mgr/keyring"
            write_private(path, render_keyring(entity, key, {}))
        collected = self._data / "initial.keyring"
        write_private(collected, "\n".join(keyrings))
        addresses = monitor_addresses(self._workspace, self.site)
        monmap = self._data / "monmap"
        self._run(
            "monmaptool", "--create", "--addv", MON_NAME, addresses, "--fsid", fsid, "--clobber",
            monmap,
        )  # fmt: skip
        self._run(
            "ceph-mon", "-c", self.conf, "--mkfs", "-i", MON_NAME, "--monmap", monmap,
            "--keyring", collected,
        )  # fmt: skip
        collected.unlink()

    def _make_osd(self) -> None:
        """Register the osd with the mon and make its store."""
        identity, key = str(uuid.uuid4()), new_key()
        secret = self._data / "osd-secret.json"
        write_private(secret, json.dumps({"cephx_secret": key}))
        self.ceph("osd", "new", identity, OSD_ID, "-i", str(secret))
        secret.unlink()
        write_private(self._data / "osd/keyring", render_keyring(f"osd.{OSD_ID}", key, {}))
        self._run("ceph-osd", "-c", self.conf, "-i", OSD_ID, "--mkfs", "--osd-uuid", identity)

    def _make_pools(self, names: Iterable[str]) -> None:
        for name in names:
            self.ceph("osd", "pool", "create", name)
        for name in names:
            self.rbd("pool", "init", name, operation_seconds=COMMAND_SECONDS)

    def _wait_until_clean(self) -> None:
        log = self._workspace.layout.log / f"{self.site.cluster}-cluster.log"
        wait_until(
            f"placement groups of {self.site.cluster}",
            lambda: self._succeeds(self._clean),
            seconds=CLEAN_SECONDS,
            logs=(log,),
        )

    def _clean(self) -> bool:
        groups = self.ceph_json("status")["pgmap"]
        clean = sum(
            state["count"]
            for state in groups.get("pgs_by_state", [])
            if state["state_name"].startswith("active+clean")
        )
        return bool(0 < clean == groups["num_pgs"])

    def _mon_ready(self, _age_seconds: float) -> bool:
        return self._succeeds(lambda: bool(self.ceph("mon", "stat", connect_seconds=5)))

    def _mgr_ready(self, _age_seconds: float) -> bool:
        return self._succeeds(lambda: bool(self.ceph_json("mgr", "stat")["available"]))

    def _osd_ready(self, _age_seconds: float) -> bool:
        """Tell whether the osd is up and, once pools exist, reads from one."""

        def probe() -> bool:
            if self.ceph_json("osd", "stat")["num_up_osds"] != 1:
                return False
            if (self._workspace.layout.done / f"ceph-{self.site.cluster}").exists():
                self.rbd("ls", self.site.pools.volumes, operation_seconds=5)
            return True

        return self._succeeds(probe)

    @staticmethod
    def _succeeds(probe: Callable[[], bool]) -> bool:
        try:
            return probe()
        except LabError:
            return False

    def _daemon(
        self,
        name: str,
        kind: str,
        identity: str,
        ready: Callable[[float], bool],
        port: int | None = None,
    ) -> Daemon:
        return Daemon(
            name=name,
            arguments=(f"ceph-{kind}", "-c", str(self.conf), "-i", identity, "-f"),
            environment=self._workspace.environment(),
            ready=ready,
            log=self._workspace.layout.log / f"{self.site.cluster}-{kind}.{identity}.log",
            port=port,
            stop_seconds=STOP_SECONDS,
        )

    def _run(self, *arguments: str | Path) -> str:
        return self._workspace.run(*arguments, seconds=COMMAND_SECONDS)


def clusters(workspace: Workspace) -> tuple[Cluster, ...]:
    """Return the cluster of every site, in the topology's order."""
    return tuple(Cluster(workspace, site) for site in workspace.topology.sites)
