"""The JSON of mirroring: the third part of the contract."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from dcn_console.cli.contract import FindingObject
from dcn_console.cli.contract_tasks import ProgressObject


class JudgementObject(msgspec.Struct, frozen=True, kw_only=True):
    """An answer made of both sides, and its reason."""

    holds: Annotated[bool | None, Meta(description="the answer; null when it cannot be told")]
    why: Annotated[str, Meta(description="the reason")]


class ReplayObject(msgspec.Struct, frozen=True, kw_only=True):
    """What a side's rbd-mirror daemon reports of an RBD image."""

    state: Annotated[
        str,
        Meta(
            description="unknown, error, syncing, starting_replay, replaying, stopping_replay "
            "or stopped"
        ),
    ]
    up: Annotated[bool, Meta(description="a daemon holds the RBD image")]
    description: Annotated[str, Meta(description="the daemon's words")]
    reported_at: Annotated[datetime | None, Meta(description="when it wrote them")]
    entries_behind: Annotated[int | None, Meta(description="journal entries to replay")]
    syncing_percent: Annotated[float | None, Meta(description="of a mirror snapshot's sync")]
    last_snapshot_bytes: Annotated[int | None, Meta(description="size of the last sync")]


class MirrorSideObject(msgspec.Struct, frozen=True, kw_only=True):
    """A mirrored RBD image at one of two sites."""

    site: Annotated[str, Meta(description="the site; empty for none of ours")]
    reachable: Annotated[bool, Meta(description="its cluster answers")]
    exists: Annotated[bool | None, Meta(description="the RBD image is there; null if unknown")]
    primary: Annotated[bool | None, Meta(description="it can be written to there")]
    image_id: Annotated[str, Meta(description="Ceph's id of the RBD image")]
    status: Annotated[ReplayObject | None, Meta(description="its own daemon's report")]


class ScheduleObject(msgspec.Struct, frozen=True, kw_only=True):
    """When mirror snapshots are taken: ``mirror schedule list``."""

    site: Annotated[str, Meta(description="the site whose cluster has it")]
    pool: Annotated[str, Meta(description="the pool")]
    image: Annotated[str | None, Meta(description="the RBD image; null for the whole pool")]
    interval: Annotated[str, Meta(description="a number and d, h or m")]
    start_time: Annotated[str, Meta(description="when it begins; empty for at once")]


class MirrorScheduleObject(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule that applies to a mirrored RBD image."""

    interval: Annotated[str, Meta(description="a number and d, h or m")]
    start_time: Annotated[str, Meta(description="when it begins; empty for at once")]
    image: Annotated[str | None, Meta(description="the RBD image; null for the whole pool")]


class MirrorObject(msgspec.Struct, frozen=True, kw_only=True):
    """A mirrored RBD image and a pair of sites: ``mirror status``."""

    pool: Annotated[str, Meta(description="the pool")]
    image: Annotated[str, Meta(description="the RBD image")]
    global_id: Annotated[str, Meta(description="the same at every site")]
    volume_id: Annotated[str | None, Meta(description="the Cinder volume")]
    volume_name: Annotated[str | None, Meta(description="its name, as Cinder has it")]
    size_bytes: Annotated[int | None, Meta(description="size of the volume, null without one")]
    mode: Annotated[str | None, Meta(description="journal or snapshot")]
    source: Annotated[MirrorSideObject, Meta(description="the primary side, where there is one")]
    destination: Annotated[MirrorSideObject, Meta(description="the side that receives")]
    condition: Annotated[
        str,
        Meta(
            description="in sync, replaying, syncing, starting, resyncing, both secondary, "
            "both primary, split-brain, orphan, not at peer, daemon dead, error or unknown"
        ),
    ]
    text: Annotated[str, Meta(description="more about it")]
    progress: Annotated[ProgressObject | None, Meta(description="of data that arrives")]
    behind: Annotated[str, Meta(description="how far the destination is behind, in words")]
    consistent_at: Annotated[
        datetime | None, Meta(description="newest point in time the destination holds whole")
    ]
    lag_seconds: Annotated[
        float | None, Meta(description="time since then: what a failover would lose")
    ]
    reported_at: Annotated[datetime | None, Meta(description="the destination's newest report")]
    protected: Annotated[JudgementObject, Meta(description="a failover would keep the data")]
    peer_ready: Annotated[JudgementObject, Meta(description="the destination could take over")]
    schedules: Annotated[tuple[MirrorScheduleObject, ...], Meta(description="of mirror snapshots")]
    findings: Annotated[tuple[FindingObject, ...], Meta(description="what is wrong")]
    task: Annotated[int | None, Meta(description="number of the task at work on it")]


class DaemonObject(msgspec.Struct, frozen=True, kw_only=True):
    """An rbd-mirror daemon."""

    name: Annotated[str, Meta(description="its name")]
    hostname: Annotated[str, Meta(description="its host")]
    version: Annotated[str, Meta(description="its release")]
    leader: Annotated[bool, Meta(description="it leads for the pool")]
    problems: Annotated[tuple[str, ...], Meta(description="what it complains of")]


class PeerObject(msgspec.Struct, frozen=True, kw_only=True):
    """A mirrored pool at a site, with one of its peers: ``mirror peer list``."""

    site: Annotated[str, Meta(description="the site")]
    pool: Annotated[str, Meta(description="the pool")]
    mode: Annotated[str, Meta(description="image, pool or disabled")]
    site_name: Annotated[
        str,
        Meta(description="the cluster's own; its fsid where none is set or told"),
    ]
    uuid: Annotated[str | None, Meta(description="the peer's; null for a pool without peers")]
    peer: Annotated[str | None, Meta(description="the peer's own name for itself")]
    peer_site: Annotated[str | None, Meta(description="which of our sites it is")]
    direction: Annotated[str | None, Meta(description="rx-only, tx-only or rx-tx")]
    client_name: Annotated[str | None, Meta(description="the cephx user it is reached as")]
    images: Annotated[int, Meta(description="mirrored RBD images in the pool")]
    daemons: Annotated[
        tuple[DaemonObject, ...] | None,
        Meta(description="the site's daemons; null when the manager did not tell"),
    ]
    daemons_error: Annotated[str, Meta(description="why it did not")]


class HealthObject(msgspec.Struct, frozen=True, kw_only=True):
    """Mirroring in one word: ``mirror health``."""

    status: Annotated[str, Meta(description="OK, WARNING, CRITICAL or UNKNOWN")]
    text: Annotated[str, Meta(description="the line that is printed")]
    conditions: Annotated[
        dict[str, int],
        Meta(description="by condition, once a site that receives"),
    ]
    unprotected: Annotated[int, Meta(description="RBD images not protected at some site")]
    worst_lag_seconds: Annotated[float | None, Meta(description="the largest lag")]
    findings: Annotated[tuple[FindingObject, ...], Meta(description="what is wrong")]
