"""An RBD image and a cluster of ``fake_mirroring.World``, as plain state."""

from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace

from dcn_console.model.mirroring import (
    ImageSnapshot,
    MirrorMode,
    MirrorSnapshot,
    PoolMode,
    RbdParent,
    ReplayStatus,
    Watcher,
)


@dataclass
class Held:
    """An RBD image at one site. ``data`` maps an object's number to its content.

    ``history`` is who was promoted and demoted: one that begins with the other's can follow it.
    """

    id: str
    size: int
    created_at: datetime
    data: dict[int, str] = field(default_factory=dict)
    mode: MirrorMode | None = None
    global_id: str = ""
    primary: bool = False
    history: list[str] = field(default_factory=list)
    features: int = 61
    flags: int = 0
    parent: RbdParent | None = None
    modified_at: datetime | None = None
    written: int = 0
    """Journal entries so far; a secondary's are those it has replayed."""
    watchers: tuple[Watcher, ...] = ()
    lock_owner: str = ""
    snapshots: tuple[ImageSnapshot, ...] = ()
    frozen: dict[int, dict[int, str]] = field(default_factory=dict)
    """Data at each snapshot, by its id."""
    mirror_snapshots: tuple[MirrorSnapshot, ...] = ()
    raw: bytes = b""
    """What reading by bytes gives, followed by zeros."""
    owner: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    syncing: bool = False
    copied: int = 0
    resync_asked: bool = False
    status: ReplayStatus | None = None
    remote: dict[str, ReplayStatus] = field(default_factory=dict)
    """What each peer reported of it, by the peer's site."""
    _ids: int = 0

    def next_id(self) -> int:
        self._ids += 1
        return self._ids

    def take(self, state: str, at: datetime, of: int | None = None) -> int:
        """Take a mirror snapshot; ``of`` is the primary's that it received."""
        number = self.next_id()
        self.frozen[number] = dict(self.data)
        taken = MirrorSnapshot(id=number, state=state, primary_snapshot_id=of, taken_at=at)
        self.mirror_snapshots = (*self.mirror_snapshots[-4:], taken)
        return number

    def replay_snapshots(self, primary: "Held") -> None:
        """Have the snapshots that the journal of ``primary`` tells of, under ids of our own."""
        here = {one.name: one for one in self.snapshots}
        kept = []
        for one in primary.snapshots:
            if one.name not in here:
                here[one.name] = replace(one, id=self.next_id())
                self.frozen[here[one.name].id] = dict(primary.frozen[one.id])
            kept.append(here[one.name])
        self.snapshots = tuple(kept)

    @property
    def newest(self) -> MirrorSnapshot | None:
        return self.mirror_snapshots[-1] if self.mirror_snapshots else None


@dataclass
class Plant:
    """What one cluster holds, and how its daemon does. ``receives_from`` are sites."""

    site: str
    reachable: bool = True
    writable: bool = True
    """Whether the user's capabilities allow to change RBD images."""
    daemon: bool = True
    manager: bool = True
    receives_from: list[str] = field(default_factory=list)
    sends_to: list[str] = field(default_factory=list)
    pool_mode: PoolMode = PoolMode.IMAGE
    images: dict[tuple[str, str], Held] = field(default_factory=dict)
    schedules: list[tuple[str | None, str]] = field(default_factory=list)
    available: int = 10**12
    reported_at: datetime | None = None
    site_name: str = ""
    """What the cluster calls itself; the fsid, which is the site's name here, without one."""
    pools: tuple[str, ...] = ("images", "volumes")
    administrator: bool = True
    """Whether the configured user may change peers."""
    peer_names: dict[str, str] = field(default_factory=dict)
    """Names of peers, by site, that differ from what those call themselves."""
    daemon_problems: tuple[str, ...] = ()


def follows(mine: Held, theirs: Held) -> bool:
    """Whether ``mine`` can receive what ``theirs`` has: no promotion of its own in between."""
    return mine.history == theirs.history[: len(mine.history)]


def is_behind(mine: Held, theirs: Held) -> bool:
    """Whether there is something for ``mine`` to receive."""
    if mine.history != theirs.history:
        return True
    if mine.mode is MirrorMode.JOURNAL:
        return mine.written != theirs.written
    newest = theirs.newest
    have = {snapshot.primary_snapshot_id for snapshot in mine.mirror_snapshots}
    return newest is not None and theirs.primary and newest.id not in have
