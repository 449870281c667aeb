"""What the operator is looking at: all that decides which actions can be run."""

from dataclasses import dataclass
from enum import StrEnum

from dcn_console.model.backup_rows import BackupRow, ServerRow, SnapshotRow
from dcn_console.model.mirror_rows import MirrorPair, MirrorRow
from dcn_console.model.requests import Request
from dcn_console.model.rows import ImageRow, VolumeRow
from dcn_console.model.sites import Topology
from dcn_console.model.tasks import Task


class Place(StrEnum):
    """Where the focus is; the words are those of help and messages."""

    SITES = "sites"
    STORES = "stores"
    FINDINGS = "findings"
    IMAGES = "images"
    VOLUMES = "volumes"
    TASKS = "tasks"
    IMAGE = "an image's page"
    VOLUME = "a volume's page"
    SITE = "a site's page"
    TASK = "a task's page"
    MIRRORS = "mirrored RBD images"
    PAIRS = "pairs of sites"
    MIRROR = "a mirrored RBD image's page"
    PAIR = "the page of a pair of sites"
    DUES = "volumes of backup plans"
    BACKUPS = "backups"
    BACKUP = "a backup's page"
    SNAPSHOTS = "snapshots"
    SNAPSHOT = "a snapshot's page"
    SERVERS = "servers"
    SERVER = "a server's page"
    PAGE = "a page"


PANES = frozenset(
    {Place.SITES, Place.STORES, Place.FINDINGS, Place.IMAGES, Place.VOLUMES, Place.TASKS}
)
IMAGE_PLACES = frozenset({Place.IMAGES, Place.IMAGE})
TASK_PLACES = frozenset({Place.TASKS, Place.TASK})
BACKUP_PLACES = frozenset({Place.DUES, Place.BACKUPS, Place.BACKUP})
SNAPSHOT_PLACES = frozenset({Place.SNAPSHOTS, Place.SNAPSHOT})
SERVER_PLACES = frozenset({Place.SERVERS, Place.SERVER})
STORED_PLACES = frozenset({Place.DUES, Place.BACKUPS, Place.SNAPSHOTS, Place.SERVERS})
TABLE_PLACES = PANES | {Place.MIRRORS, Place.PAIRS} | STORED_PLACES
MARKED_PLACES = frozenset({Place.IMAGES, Place.VOLUMES, Place.MIRRORS}) | STORED_PLACES
VOLUME_PLACES = frozenset({Place.VOLUMES, Place.VOLUME})
SITE_PLACES = frozenset({Place.SITES, Place.SITE})
MIRROR_PLACES = VOLUME_PLACES | {Place.MIRRORS, Place.MIRROR, Place.PAIRS, Place.PAIR}
BODY_PLACES = (
    IMAGE_PLACES
    | VOLUME_PLACES
    | BACKUP_PLACES
    | SNAPSHOT_PLACES
    | SERVER_PLACES
    | TASK_PLACES
    | {Place.MIRRORS, Place.MIRROR}
)


NO_SITES = Topology()


@dataclass(frozen=True)
class Subject:
    """An object: its kind ("image", "volume", "task", "backup", "server"), id and name."""

    kind: str
    id: str
    name: str


@dataclass(frozen=True)
class Situation:
    """Place, objects and policy at the moment a key is pressed.

    ``images``, ``volumes`` and ``mirrors`` are the marked ones, else the one under the cursor;
    of volumes also their mirrors. Of ``backups``, ``snapshots`` and ``servers`` the volumes that
    are still there are ``volumes``.
    ``pair``, ``task``, ``site`` and ``subject`` are what the cursor or the page is on.
    ``plannable`` are the kinds of requests that can be planned at all.
    """

    place: Place
    topology: Topology = NO_SITES
    read_only_reason: str = ""
    plannable: frozenset[type[Request]] = frozenset()
    images: tuple[ImageRow, ...] = ()
    volumes: tuple[VolumeRow, ...] = ()
    mirrors: tuple[MirrorRow, ...] = ()
    backups: tuple[BackupRow, ...] = ()
    snapshots: tuple[SnapshotRow, ...] = ()
    servers: tuple[ServerRow, ...] = ()
    pair: MirrorPair | None = None
    task: Task | None = None
    subject: Subject | None = None
    site: str = ""
    marks: int = 0
    narrowed: bool = False
