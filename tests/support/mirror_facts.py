"""Short ways to say what clusters tell of mirroring, for tests of the judgement and the join."""

from datetime import UTC, datetime, timedelta
from typing import Any

from dcn_console.model.inventory import (
    Inventory,
    MirroredPool,
    MirrorState,
    Noticed,
    Snapshot,
    Source,
)
from dcn_console.model.mirroring import (
    MirrorImage,
    MirrorMode,
    MirrorPeer,
    MirrorPool,
    PeerDirection,
    PoolMode,
    RemoteStatus,
    ReplayState,
    ReplayStatus,
    SnapshotSchedule,
)
from dcn_console.model.sites import ClusterAccess, Role, Site, Topology

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SITES = Topology(
    sites=(
        Site(name="paris", role=Role.HUB, cluster=ClusterAccess(conf="p")),
        Site(name="lyon", cluster=ClusterAccess(conf="l")),
        Site(name="nice", cluster=ClusterAccess(conf="n")),
    )
)
GLOBAL_ID = "g1"


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def report(state: str = "replaying", age: float = 5, **fields: Any) -> ReplayStatus:
    known: dict[str, Any] = {"up": True, "reported_at": ago(age), "description": state}
    return ReplayStatus(state=ReplayState(state), **(known | fields))


def journal(behind: int | None = 0, age: float = 5, **fields: Any) -> ReplayStatus:
    return report(age=age, entries_behind=behind, **fields)


def snapshot(
    local: float | None = 60, remote: float = 60, age: float = 5, **fields: Any
) -> ReplayStatus:
    known: dict[str, Any] = {
        "replay": "idle",
        "local_snapshot_at": None if local is None else ago(local),
        "remote_snapshot_at": ago(remote),
    }
    return report(age=age, **(known | fields))


def image(
    status: ReplayStatus | None = None,
    *,
    primary: bool = False,
    mode: MirrorMode | None = MirrorMode.JOURNAL,
    name: str = "volume-v1",
    global_id: str = GLOBAL_ID,
    **fields: Any,
) -> MirrorImage:
    if primary and status is None:
        status = report("stopped", description="local image is primary")
    return MirrorImage(
        name=name,
        id=fields.pop("id", f"id-{name}"),
        global_id=global_id,
        mode=mode,
        primary=primary,
        status=status,
        **fields,
    )


def told(site: str, status: ReplayStatus) -> RemoteStatus:
    return RemoteStatus(mirror_uuid=f"uuid-{site}", status=status)


def peer(site: str, direction: PeerDirection, *, met: bool = True) -> MirrorPeer:
    return MirrorPeer(
        uuid=f"peer-{site}",
        site_name=site,
        direction=direction,
        mirror_uuid=f"uuid-{site}" if met else "",
    )


PEERS = {
    "paris": (peer("lyon", PeerDirection.BOTH), peer("nice", PeerDirection.SEND)),
    "lyon": (peer("paris", PeerDirection.BOTH),),
    "nice": (peer("paris", PeerDirection.RECEIVE, met=False),),
}
"""As a lab has them: the hub and one edge both ways, the other edge only receives."""


def pool(
    site: str,
    *images: MirrorImage,
    peers: tuple[MirrorPeer, ...] | None = None,
    schedules: tuple[SnapshotSchedule, ...] | None = (),
    name: str = "volumes",
    noticed: dict[str, Noticed] | None = None,
    **fields: Any,
) -> MirroredPool:
    settings = MirrorPool(
        name=name,
        mode=PoolMode.IMAGE,
        site_name=site,
        mirror_uuid=f"uuid-{site}",
        peers=PEERS[site] if peers is None else peers,
    )
    return MirroredPool(
        pool=settings, images=images, schedules=schedules, noticed=noticed or {}, **fields
    )


def state(site: str, *pools: MirroredPool, **fields: Any) -> Snapshot[MirrorState]:
    known: dict[str, Any] = {"source": Source.LIVE, "taken_at": NOW, "complete": True}
    return Snapshot(rows=(MirrorState(site=site, pools=pools),), **(known | fields))


def unreachable(*, last: Snapshot[MirrorState] | None = None) -> Snapshot[MirrorState]:
    rows = last.rows if last is not None else ()
    return Snapshot(rows=rows, source=Source.LIVE, error="no answer", failing_since=ago(60))


def world(
    paris: Snapshot[MirrorState] | MirroredPool | MirrorImage | None = None,
    lyon: Snapshot[MirrorState] | MirroredPool | MirrorImage | None = None,
    nice: Snapshot[MirrorState] | MirroredPool | MirrorImage | None = None,
    **fields: Any,
) -> Inventory:
    """Return an inventory; None is a site that has the pool without the RBD image."""
    told_by = {"paris": paris, "lyon": lyon, "nice": nice}
    mirrors = {}
    for site, said in told_by.items():
        if isinstance(said, MirrorImage):
            said = pool(site, said)  # noqa: PLW2901 - the short form of the long one
        if said is None:
            said = pool(site)  # noqa: PLW2901
        mirrors[site] = state(site, said) if isinstance(said, MirroredPool) else said
    return Inventory(topology=fields.pop("topology", SITES), mirrors=mirrors, **fields)
