"""A lab as tests see it: its sites, its switches, and the commands to look behind the scenes."""

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcn_lab.ceph import Cluster
from dcn_lab.clouds_file import member_cloud
from dcn_lab.errors import LabError
from dcn_lab.execution import PYTHON, port_is_open, run
from dcn_lab.layout import Layout
from dcn_lab.ports import free_port_base
from dcn_lab.services import Services
from dcn_lab.topology import Pools, Topology
from dcn_lab.workspace import Workspace, open_workspace

COMMAND = Path(__file__).parent.parent / "lab"
OPENSTACK_SECONDS = 300
BRING_UP_SECONDS = 1800
"""Allows for the installation of all packages over a slow line."""


@dataclass(frozen=True)
class LabSite:
    """One site of a running lab."""

    name: str
    store: str
    availability_zone: str
    cluster: str
    hub: bool
    pools: Pools
    conf: Path
    """The ceph.conf of the site's cluster; it names the keyrings."""
    _cluster: Cluster

    def fsid(self) -> str:
        """Return the id of the site's cluster."""
        return self._cluster.fsid()

    def ceph(self, *arguments: str) -> Any:
        """Run `ceph` on the site's cluster and return its decoded JSON output."""
        return self._cluster.ceph_json(*arguments)

    def rbd(self, *arguments: str) -> Any:
        """Run `rbd` on the site's cluster; see `Lab.rbd`."""
        return _decoded(self._cluster.rbd(*arguments), arguments)


class Lab:
    """The lab in a folder. It has to be up; see `bring_up`."""

    def __init__(self, layout: Layout) -> None:
        self._workspace: Workspace = open_workspace(layout)
        self._services = Services(self._workspace)
        self.directory: Path = layout.directory
        self.topology: Topology = self._workspace.topology
        self.cloud: str = self.topology.cloud
        """The entry of clouds.yaml with an admin's credentials."""
        self.member_cloud: str = member_cloud(self.cloud)
        """The entry of clouds.yaml with a plain member's credentials."""
        self.clouds_yaml: Path = layout.clouds_yaml
        self.ceph_folder: Path = layout.ceph
        self.staging_folder: Path = layout.staging
        """Where the central glance-api stages images, a file named by the image's id each."""
        self.log_folder: Path = layout.log
        self.download_port: int = self.topology.ports.download
        """The only loopback port that Glance's web-download may fetch from."""
        self.sites: tuple[LabSite, ...] = tuple(
            LabSite(
                name=site.name,
                store=site.store,
                availability_zone=site.availability_zone,
                cluster=site.cluster,
                hub=site.hub,
                pools=site.pools,
                conf=layout.ceph_conf(site),
                _cluster=Cluster(self._workspace, site),
            )
            for site in self.topology.sites
        )

    @property
    def hub(self) -> LabSite:
        """The site with the control plane."""
        return next(site for site in self.sites if site.hub)

    @property
    def edges(self) -> tuple[LabSite, ...]:
        """Every other site, in the topology's order."""
        return tuple(site for site in self.sites if not site.hub)

    def site(self, name: str) -> LabSite:
        """Return the site called `name`; raise LabError when there is none."""
        return self.sites[self.topology.index(self.topology.site(name))]

    def start(self, name: str) -> None:
        """Start the daemon `name` (such as osd.dcn0) and wait until it serves."""
        self._services.start(name)

    def stop(self, name: str) -> None:
        """Ask the daemon `name` to end, and wait until it has."""
        self._services.stop(name)

    def kill(self, name: str) -> None:
        """Kill the daemon `name`, as a power cut would."""
        self._services.kill(name)

    @contextmanager
    def without(self, name: str) -> Iterator[None]:
        """Stop the daemon `name` for the length of a with block, and start it again."""
        self.stop(name)
        try:
            yield
        finally:
            self.start(name)

    def pids(self, name: str) -> tuple[int, ...]:
        """Return the processes of the daemon `name`; empty when it isn't running."""
        return self._workspace.supervisor.members(name)

    def daemons(self) -> tuple[str, ...]:
        """Return the names of all daemons."""
        return tuple(self._services.daemons())

    def problems(self) -> tuple[str, ...]:
        """Return what is wrong with the lab in a line each; empty when it serves."""
        return self._services.problems()

    def healthy(self) -> bool:
        """Tell whether every daemon runs and every service answers."""
        return not self.problems()

    def rbd(self, site: LabSite | str, *arguments: str) -> Any:
        """Run `rbd` on a site's cluster as admin, bounded in time; raise LabError if it fails.

        Returns decoded JSON when the arguments ask for it (`--format json`), else the text.
        """
        return (self.site(site) if isinstance(site, str) else site).rbd(*arguments)

    def openstack(self, *arguments: str, cloud: str | None = None) -> Any:
        """Run the `openstack` command, as admin unless `cloud` says otherwise.

        Returns decoded JSON when the arguments ask for it (`-f json`), else the text. Raises
        LabError with the command's message when it fails.
        """
        environment = self._workspace.environment(
            OS_CLIENT_CONFIG_FILE=str(self.clouds_yaml), OS_CLOUD=cloud or self.cloud
        )
        text = run(("openstack", *arguments), environment, seconds=OPENSTACK_SECONDS)
        return _decoded(text, arguments)


def bring_up(
    directory: Path, *, topology: Path | None = None, port_base: int | None = None
) -> None:
    """Run `lab up` under the system's own interpreter; raise LabError with what it said."""
    options: list[str | Path] = []
    if topology is not None:
        options += ["--topology", topology]
    if port_base is not None:
        options += ["--port-base", str(port_base)]
    _command("up", "--dir", directory, *options)


def bring_up_anew(directory: Path, lowest_port_base: int, *, topology: Path | None = None) -> None:
    """Make a new lab on free ports; once more, with a warning, where one of its daemons hangs."""

    def made() -> None:
        base = free_port_base(lowest_port_base, port_is_open)
        bring_up(directory, topology=topology, port_base=base)

    try:
        made()
    except LabError as error:
        warnings.warn(f"the lab is made a second time: {error}", stacklevel=1)
        wipe(directory)
        made()


def wipe(directory: Path) -> None:
    """Run `lab wipe`: nothing is left of the lab in `directory`."""
    _command("wipe", "--dir", directory)


def _command(*arguments: str | Path) -> None:
    run((PYTHON, COMMAND, *arguments), {}, seconds=BRING_UP_SECONDS)


def _decoded(text: str, arguments: tuple[str, ...]) -> Any:
    wants_json = "json" in arguments or "--format=json" in arguments
    return json.loads(text) if wants_json else text
