"""Mirroring of one cluster: what its pools and RBD images say, and the steps to steer it.

A change runs in an agent process of its own and is asked for exactly once: whoever repeats it
looks first whether it happened. Cancelling kills the process.
"""

import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec

from dcn_console.ceph.explain import Subject
from dcn_console.ceph.link import ClusterLink, LoneAgent
from dcn_console.ceph.mirror_wire import WireImage
from dcn_console.model.errors import ClusterUnreachable
from dcn_console.model.mirroring import (
    MirrorDaemon,
    MirrorImage,
    MirrorMode,
    MirrorPool,
    PeerDirection,
    PoolMode,
    SnapshotSchedule,
    SyncProgress,
)
from dcn_console.model.text import printable

_CHANGE_SECONDS = 120.0
_ANSWER_SECONDS = 30.0
"""What a change may take, and what one answer of the cluster may take within it."""
_PEER_SECONDS = 60.0
_MANAGER_SECONDS = 30.0
"""Loading and saving all schedules of a cluster."""
_SLOW_FACTOR = 3.0
_MANAGER_NEEDS = "mon 'profile rbd', mgr 'profile rbd'"
_PEER_NEEDS = "mon 'allow *', osd 'profile rbd': use the cluster's admin"
"""Capabilities, as ``ceph auth`` writes them (Ceph documentation: User management)."""

_Nothing = dict[str, Any]


class _Created(msgspec.Struct, frozen=True):
    id: int


class _Token(msgspec.Struct, frozen=True):
    token: str

    def __repr__(self) -> str:
        return "_Token()"


class ClusterMirroring:
    """Raises ``ClusterUnreachable``, ``AgentError`` or ``ClusterError``, as ``Cluster`` does.

    Of the latter RbdImageNotFound, RbdImageBusy (primary elsewhere, or in use) and NoSpace are
    told apart.
    """

    def __init__(self, link: ClusterLink) -> None:
        self._link = link

    async def pool(self, pool: str) -> MirrorPool:
        """Return mode, names and peers of a pool. The manager is not asked."""
        return await self._link.ask(MirrorPool, "mirror_pool", Subject(pool=pool))

    async def daemons(self, pool: str) -> tuple[MirrorDaemon, ...]:
        """Return the rbd-mirror daemons that serve a pool, and what they complain of.

        A user without the capability ``mgr 'allow r'`` is told the cluster's daemons, but neither
        who leads nor of what they complain. Raises ClusterUnreachable while the cluster has no
        active manager, the source of this.
        """
        return await self._link.ask(
            tuple[MirrorDaemon, ...],
            "mirror_daemons",
            Subject(pool=pool, needs=_MANAGER_NEEDS),
            through_manager=True,
        )

    async def images(self, pool: str) -> AsyncIterator[tuple[MirrorImage, ...]]:
        """Yield all RBD images of a pool that are mirrored, in parts as they are read."""
        source = self._link.parts(tuple[WireImage, ...], "mirror_images", Subject(pool=pool))
        async with contextlib.aclosing(source) as parts:
            async for part in parts:
                yield tuple(image.parsed() for image in part)

    async def schedules(self, pool: str) -> tuple[SnapshotSchedule, ...]:
        """Return the schedules of a pool and of its RBD images, those of this cluster only.

        Raises ClusterUnreachable while the cluster has no active manager.
        """
        return await self._link.ask(
            tuple[SnapshotSchedule, ...],
            "mirror_schedules",
            Subject(pool=pool, needs=_MANAGER_NEEDS),
            through_manager=True,
        )

    async def progress(self, pool: str, name: str) -> SyncProgress:
        """Return how much of a sync has arrived here. Raises RbdImageNotFound."""
        return await self._link.ask(
            SyncProgress,
            "sync_progress",
            Subject(pool=pool, name=name),
            seconds=self._link.deadline * _SLOW_FACTOR,
        )

    async def enable(self, pool: str, name: str, mode: MirrorMode) -> None:
        """Begin to mirror an RBD image. Journal mode switches journaling on by itself."""
        subject = _change(pool, name, "is not mirrored", "See `rbd info` and the pool's mode.")
        await self._change("mirror_enable", subject, {"mode": mode.value})

    async def disable(self, pool: str, name: str, *, force: bool = False) -> None:
        """Stop to mirror an RBD image: its copies at the peers are removed by their daemons.

        ``force`` is needed where it is not primary.
        """
        subject = _change(pool, name, "stays mirrored", "Disable it at its primary side.")
        await self._change("mirror_disable", subject, {"force": force})

    async def promote(
        self, pool: str, name: str, *, force: bool = False, seconds: float = 120.0
    ) -> None:
        """Make this side the primary one; killed after ``seconds``, as ``force`` may hang.

        Raises RbdImageBusy while the other side is primary, or a daemon still replays here.
        Source: ceph-csi, issue 2736; internal/rbd/mirror.go.
        """
        subject = _change(
            pool,
            name,
            "is not promoted",
            "Demote the other side first, and wait until both say so.",
        )
        await self._change("mirror_promote", subject, {"force": force}, seconds)

    async def demote(self, pool: str, name: str) -> None:
        """Make this side a secondary one: it cannot be written to any more."""
        subject = _change(pool, name, "is not demoted", "See `rbd mirror image status`.")
        await self._change("mirror_demote", subject)

    async def resync(self, pool: str, name: str, image_id: str) -> None:
        """Ask the daemon here to throw this side's data away and copy the primary's again.

        Only the request is written: the RBD image vanishes some time later and comes back with
        another id. Raises RbdImageNotFound when the one with ``image_id`` is gone already.
        """
        subject = _change(pool, name, "is not resynced", "Only the side that is not primary can.")
        await self._change("mirror_resync", subject, {"id": image_id})

    async def snapshot(self, pool: str, name: str) -> int:
        """Take a mirror snapshot at the primary side; return its id."""
        subject = _change(
            pool, name, "gets no mirror snapshot", "Take it at the primary side, in snapshot mode."
        )
        async with self._alone(subject) as agent:
            return (await agent.ask(_Created, "mirror_snapshot")).id

    async def add_schedule(self, pool: str, name: str | None, interval: str) -> None:
        """Have mirror snapshots taken of one RBD image, or of all in a pool, as in "15m"."""
        await self._schedule("mirror_schedule_add", pool, name, interval)

    async def remove_schedule(self, pool: str, name: str | None, interval: str) -> None:
        """Take a schedule away; no error where there is none."""
        await self._schedule("mirror_schedule_remove", pool, name, interval)

    async def set_pool_mode(self, pool: str, mode: PoolMode) -> None:
        """Choose which RBD images of a pool are mirrored; DISABLED needs a pool without peers."""
        subject = _change(pool, "", "keeps its mirroring mode", "See `rbd mirror pool info`.")
        await self._change("mirror_pool_mode", subject, {"mode": mode.value})

    async def set_site_name(self, name: str) -> None:
        """Say what this cluster calls itself to its peers."""
        subject = Subject(needs=_PEER_NEEDS)
        await self._change("mirror_site_name", subject, {"name": name})

    async def check_peer_permission(self) -> None:
        """Return if the user may make peers; raises ClusterError that says what it takes.

        Making a bootstrap token creates a user, which takes the right to read users' keys too.
        """
        subject = Subject(needs=_PEER_NEEDS)
        await self._link.ask(_Nothing, "mirror_peer_permission", subject)

    async def receive_from(
        self, pool: str, source: "ClusterMirroring", direction: PeerDirection
    ) -> None:
        """Have this cluster's pool receive from the same pool of the cluster of ``source``.

        Only this cluster is changed, and one that receives from there already gets fresh
        addresses and a fresh key, so that it is safe to repeat. ``direction`` is what the peer is
        listed with here: RECEIVE, or BOTH. The bootstrap token goes from one agent's pipe to the
        other's and nowhere else. Using it contacts ``source`` from where the agent of this
        cluster runs.
        """
        way_out = "The modes of both pools must allow mirroring; see `rbd mirror pool info`."
        subject = Subject(pool=pool, failed="gets no new peer", way_out=way_out, needs=_PEER_NEEDS)
        alone = {"deadline": _PEER_SECONDS, "operation_seconds": _PEER_SECONDS / 2}
        async with source._link.alone(subject, **alone) as agent:
            made = await agent.ask(_Token, "mirror_peer_token")
        parameters = {"token": made.token, "direction": direction.value}
        try:
            async with self._link.alone(subject, **alone) as agent:
                await agent.ask(_Nothing, "mirror_peer_import", parameters)
        except ClusterUnreachable as error:
            there = printable(source._link.site, 60)
            raise ClusterUnreachable(
                f"{error.message} It was connecting to the cluster of site {there}.",
                way_out=f"Its hosts must reach the monitors of {there}; {error.way_out}",
            ) from error

    async def rename_peer(self, pool: str, uuid: str, name: str) -> None:
        """Give a peer the name that its cluster now has."""
        await self._change("mirror_peer_rename", _peer(pool), {"uuid": uuid, "name": name})

    async def remove_peer(self, pool: str, uuid: str) -> None:
        """Forget a peer; what was mirrored stays."""
        await self._change("mirror_peer_remove", _peer(pool), {"uuid": uuid})

    async def _schedule(self, operation: str, pool: str, name: str | None, interval: str) -> None:
        subject = Subject(
            pool=pool,
            name=name or "",
            failed="keeps its schedules",
            way_out='An interval is a number and d, h or m, as in "15m".',
            needs=_MANAGER_NEEDS,
        )
        await self._change(
            operation, subject, {"name": name, "interval": interval}, _MANAGER_SECONDS
        )

    def _alone(
        self, subject: Subject, seconds: float = _CHANGE_SECONDS
    ) -> AbstractAsyncContextManager[LoneAgent]:
        return self._link.alone(
            subject, deadline=seconds, operation_seconds=min(_ANSWER_SECONDS, seconds / 2)
        )

    async def _change(
        self,
        operation: str,
        subject: Subject,
        parameters: dict[str, Any] | None = None,
        seconds: float = _CHANGE_SECONDS,
    ) -> None:
        async with self._alone(subject, seconds) as agent:
            await agent.ask(_Nothing, operation, parameters)


def _change(pool: str, name: str, failed: str, way_out: str) -> Subject:
    return Subject(pool=pool, name=name, failed=failed, way_out=way_out)


def _peer(pool: str) -> Subject:
    way_out = "See `rbd mirror pool info`."
    return Subject(pool=pool, failed="keeps its peer", way_out=way_out, needs=_PEER_NEEDS)
