"""RBD mirroring of one pool: hub and first edge both ways, hub to every other edge.

A pool may have one receiving peer only (rbd-mirror 16.2: "multiple RX peers are not currently
supported"), so the hub can pull volumes back from one edge: the first.
"""

import json

from dcn_lab.ceph import Cluster, clusters
from dcn_lab.ceph_conf import mirror_user
from dcn_lab.daemons import Daemon
from dcn_lab.errors import LabError
from dcn_lab.files import write_private
from dcn_lab.topology import SiteSpec
from dcn_lab.workspace import Workspace


def mirror_daemon(workspace: Workspace, site: SiteSpec) -> Daemon:
    """Return the rbd-mirror daemon of a site: it pulls from the site's peers."""
    layout = workspace.layout
    cluster = Cluster(workspace, site)
    pool = workspace.topology.mirrored_pool

    def ready(_age_seconds: float) -> bool:
        try:
            status = json.loads(cluster.rbd("mirror", "pool", "status", pool, "--format", "json"))
        except LabError:
            return False
        return bool(status["summary"]["daemon_health"] in {"OK", "WARNING"})

    name = site.cluster
    return Daemon(
        name=f"rbd-mirror.{site.name}",
        arguments=("rbd-mirror", "--cluster", name, "--id", mirror_user(site), "-f"),
        # it reads the conf of its own cluster and of its peers' by the cluster's name
        environment=workspace.environment(CEPH_CONF=str(layout.ceph / "$cluster.conf")),
        ready=ready,
        log=layout.log / f"{name}-rbd-mirror.log",
    )


def mirror_up(workspace: Workspace) -> None:
    """Make the clusters peers of each other; needs all of them up."""
    workspace.once("mirror", lambda: _make_peers(workspace))


def _make_peers(workspace: Workspace) -> None:
    pool = workspace.topology.mirrored_pool
    everyone = clusters(workspace)
    for cluster in everyone:
        name = cluster.site.cluster
        cluster.rbd("mirror", "pool", "enable", "--site-name", name, pool, "image")
    hub = next(cluster for cluster in everyone if cluster.site.hub)
    edges = [cluster for cluster in everyone if not cluster.site.hub]
    for index, edge in enumerate(edges):
        _introduce(workspace, hub, edge, "rx-tx" if index == 0 else "rx-only")


def _introduce(workspace: Workspace, hub: Cluster, edge: Cluster, direction: str) -> None:
    """Let `edge` pull from `hub`, and `hub` from `edge` when the direction is rx-tx."""
    pool = workspace.topology.mirrored_pool
    bootstrap = ("mirror", "pool", "peer", "bootstrap")
    token = workspace.layout.temporary / f"peer-{edge.site.cluster}"
    name = hub.site.cluster
    write_private(token, hub.rbd(*bootstrap, "create", "--site-name", name, pool))
    try:
        edge.rbd(
            *bootstrap, "import", "--site-name", edge.site.cluster, "--direction", direction,
            pool, str(token),
        )  # fmt: skip
    finally:
        token.unlink()
