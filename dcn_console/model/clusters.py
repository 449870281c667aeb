"""What the sites' Ceph clusters hold, as plain data: room, RBD images, mirroring.

Sizes are bytes, times are aware datetimes in UTC. What there may be hundreds of thousands of is
``gc=False``, as in ``model.inventory``.
"""

from datetime import datetime

import msgspec

from dcn_console.model.mirroring import (
    MirrorDaemon,
    MirrorImage,
    MirrorPool,
    SnapshotSchedule,
)
from dcn_console.model.tasks import Progress


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of a Ceph cluster; ``available`` is what a pool can still take."""

    total: int
    used: int
    available: int

    @property
    def used_percent(self) -> float:
        """Used bytes as a percentage of the total; 0 for an empty cluster."""
        return 100.0 * self.used / self.total if self.total else 0.0


class RbdImage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An RBD image of a pool.

    ``snap`` tells whether it has Glance's snapshot of that name; None when not looked at.
    """

    name: str
    size: int | None = None
    snap: bool | None = None
    snap_protected: bool | None = None


class RbdChild(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A clone of an RBD image: where it is, which snapshot it is of, whether it is in the trash."""

    pool: str
    image: str
    snapshot: str = ""
    trashed: bool = False


class ClusterState(msgspec.Struct, frozen=True, kw_only=True):
    """What one site's Ceph cluster said last.

    ``images`` maps the RBD images of the Glance pool by name; None before they were listed.
    ``health`` is Ceph's word (HEALTH_OK …), ``warnings`` its checks in short.
    """

    site: str
    fsid: str | None = None
    health: str | None = None
    warnings: tuple[str, ...] = ()
    capacity: Capacity | None = None
    images: dict[str, RbdImage] | None = None
    images_complete: bool = False


class Noticed(msgspec.Struct, frozen=True, kw_only=True):
    """What was noticed of one mirrored RBD image in one cluster by looking again and again.

    ``since`` is when it was first seen as it is (with this id, primary or not), None when it was
    so at the first look. ``consistent_at`` is the newest point in time that it was seen to hold
    whole as a secondary, ``behind_since`` when it was first seen behind after that.
    ``gone_since`` is when it was first seen to be gone, None while it is there.
    """

    id: str = ""
    primary: bool = False
    since: datetime | None = None
    consistent_at: datetime | None = None
    behind_since: datetime | None = None
    gone_since: datetime | None = None


class MirroredPool(msgspec.Struct, frozen=True, kw_only=True):
    """A pool with mirroring on, in one cluster.

    ``daemons`` and ``schedules`` are the manager's and None before it told; ``daemons_error`` is
    why it did not tell last time, the others are then its last answer. ``noticed`` and
    ``progress``, the figures of what arrives, are by global id.
    """

    pool: MirrorPool
    images: tuple[MirrorImage, ...] = ()
    daemons: tuple[MirrorDaemon, ...] | None = None
    daemons_error: str = ""
    schedules: tuple[SnapshotSchedule, ...] | None = None
    noticed: dict[str, Noticed] = {}
    progress: dict[str, Progress] = {}


class MirrorState(msgspec.Struct, frozen=True, kw_only=True):
    """Mirroring in one site's cluster: its pools that have mirroring on."""

    site: str
    pools: tuple[MirroredPool, ...] = ()

    def pool(self, name: str) -> MirroredPool | None:
        """Return the mirrored pool called ``name``."""
        return next((pool for pool in self.pools if pool.pool.name == name), None)
