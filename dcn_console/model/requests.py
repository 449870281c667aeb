"""What a person asks for, before it is planned: one struct an operation.

Faces make them, ``Workspace.plan`` turns each into plans. They hold names and choices, no
facts: planning looks those up.
"""

from enum import StrEnum

import msgspec

from dcn_console.model.mirroring import MirrorMode, PeerDirection, PoolMode
from dcn_console.model.plans import VerifyLevel


class ContentCheck(StrEnum):
    """How thoroughly both sides of a mirrored RBD image are compared."""

    METADATA = "metadata"
    """Size, mode and states of both sides, no data."""
    SAMPLED = "sampled"
    """Also some objects' data, a share of those that hold any."""
    FULL = "full"
    """Also the data of every object that holds any."""


class RbdSubject(msgspec.Struct, frozen=True, kw_only=True):
    """An RBD image to act on. ``volume_id`` is None for one that is no Cinder volume.

    ``pool`` and ``image`` are Ceph's names; ``label`` is what people call it; ``site`` is where
    Cinder has the volume, "" when not known.
    """

    pool: str
    image: str
    volume_id: str | None = None
    label: str = ""
    site: str = ""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Anything that can be planned."""


class CopyImages(Request, frozen=True, kw_only=True):
    """Copy images to ``sites``, or to every edge lacking them when None."""

    image_ids: tuple[str, ...]
    sites: tuple[str, ...] | None = None
    verify: VerifyLevel = VerifyLevel.METADATA


class EnableMirroring(Request, frozen=True, kw_only=True):
    """Mirror RBD images to ``destination``, or to the one site that receives their pool when None.

    ``schedule`` is the interval of mirror snapshots ("15m"), "" for none. ``flatten`` agrees
    to a copy-on-write clone being made independent of its parent first.
    """

    subjects: tuple[RbdSubject, ...]
    mode: MirrorMode
    destination: str | None = None
    schedule: str = ""
    flatten: bool = False


class DisableMirroring(Request, frozen=True, kw_only=True):
    """Stop mirroring RBD images: the primary stays, the copies elsewhere are removed by Ceph."""

    subjects: tuple[RbdSubject, ...]


class TakeMirrorSnapshot(Request, frozen=True, kw_only=True):
    """Take a mirror snapshot now and wait until it has arrived."""

    subjects: tuple[RbdSubject, ...]


class AddSchedule(Request, frozen=True, kw_only=True):
    """Have mirror snapshots taken at an interval; ``image`` is None for the whole pool."""

    site: str
    pool: str
    interval: str
    image: str | None = None


class RemoveSchedule(Request, frozen=True, kw_only=True):
    """End a schedule of mirror snapshots."""

    site: str
    pool: str
    interval: str
    image: str | None = None


class Relocate(Request, frozen=True, kw_only=True):
    """Make ``destination`` primary in an orderly way, nothing lost; None is the other site.

    ``stop_server`` agrees to the server being stopped first, and started again where that can
    work. ``check`` is how the outcome is compared.
    """

    subjects: tuple[RbdSubject, ...]
    destination: str | None = None
    stop_server: bool = False
    check: ContentCheck = ContentCheck.SAMPLED
    sample_percent: float = 5.0


class FailOver(Request, frozen=True, kw_only=True):
    """Make ``destination`` primary although the primary is lost; what had not arrived is lost.

    ``deadline_seconds`` bounds the forced promotion.
    """

    subjects: tuple[RbdSubject, ...]
    destination: str | None = None
    deadline_seconds: float = 120.0


class FailBack(Request, frozen=True, kw_only=True):
    """After a failover: give up the old primary's own changes, resync it, make it primary again.

    ``safety_copy`` keeps those changes in an RBD image beside it first.
    """

    subjects: tuple[RbdSubject, ...]
    destination: str | None = None
    safety_copy: bool = True
    stop_server: bool = False
    check: ContentCheck = ContentCheck.SAMPLED
    sample_percent: float = 5.0


class Resync(Request, frozen=True, kw_only=True):
    """Throw away what the ``victim`` site holds of an RBD image and copy it from the primary anew.

    ``safety_copy`` keeps the victim's data in an RBD image beside it first.
    """

    subjects: tuple[RbdSubject, ...]
    victim: str
    safety_copy: bool = True


class VerifyMirror(Request, frozen=True, kw_only=True):
    """Compare both sides at the same consistent point; ``sample_percent`` is 0 to 100."""

    subjects: tuple[RbdSubject, ...]
    check: ContentCheck
    sample_percent: float = 5.0


class Rehearse(Request, frozen=True, kw_only=True):
    """Prove on a scratch copy that RBD images would work at ``destination``; None: the other."""

    subjects: tuple[RbdSubject, ...]
    destination: str | None = None


class ConnectPeers(Request, frozen=True, kw_only=True):
    """Make a pool of two sites each other's peer, switching mirroring on where it is off.

    With the direction RECEIVE only ``destination`` receives, with BOTH each does.
    """

    pool: str
    source: str
    destination: str
    direction: PeerDirection = PeerDirection.RECEIVE
    mode: PoolMode = PoolMode.IMAGE


class RemovePeer(Request, frozen=True, kw_only=True):
    """Take a peer off a pool at ``site``; ``uuid`` may also be the name of the peer's site."""

    site: str
    pool: str
    uuid: str


class ChangePoolMode(Request, frozen=True, kw_only=True):
    """Choose which RBD images of a pool at ``site`` are mirrored."""

    site: str
    pool: str
    mode: PoolMode


class NameMirrorSite(Request, frozen=True, kw_only=True):
    """Give the cluster of ``site`` the name by which its peers know it."""

    site: str
    site_name: str
