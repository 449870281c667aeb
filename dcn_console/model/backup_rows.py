"""Rows of what storage keeps besides images and volumes: backups as trees, snapshots, servers."""

from datetime import datetime

import msgspec

from dcn_console.model.backup_chains import BackupNode
from dcn_console.model.backup_plans import BackupPlan, DueState
from dcn_console.model.findings import Finding
from dcn_console.model.inventory import Server, Volume
from dcn_console.model.storage import Backup, VolumeSnapshot

VERIFIED_AT = "dcn_console_verified_at"
"""The metadata key of a backup that a check has proved; its value is the moment, ISO 8601."""


class BackupRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A backup in its chain; the rows come in the order to draw the trees.

    ``volume`` is the name of the volume, or its id, None when Cinder tells neither;
    ``volume_exists`` is None while volumes are not known. ``site`` is where the volume is,
    ``stored_at`` the site of the backup's own availability zone. ``verified_on`` is when a
    restore of it was last compared.
    """

    node: BackupNode
    volume: str | None = None
    volume_exists: bool | None = None
    site: str | None = None
    stored_at: str | None = None
    verified_on: datetime | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def key(self) -> str:
        """The backup's id."""
        return self.node.backup.id

    @property
    def backup(self) -> Backup:
        """The backup itself."""
        return self.node.backup

    @property
    def depth(self) -> int:
        """How many backups it builds on."""
        return self.node.depth

    @property
    def parent(self) -> str | None:
        """The id of the backup it builds on."""
        return self.node.parent

    @property
    def obstacle(self) -> str:
        """Why it cannot be deleted by itself, "" when it can."""
        return self.node.obstacle

    @property
    def data_at(self) -> datetime | None:
        """The moment whose data it holds: the age of a backup counts from here."""
        return self.node.backup.data_at or self.node.backup.created_at


class DueRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A volume of a backup plan, or a plan whose volumes are not known here.

    ``volume`` is its name, or its id; ``volume_id`` and ``state`` are None for a plan that chooses
    volumes by their metadata until Cinder told which carry it. ``last_good`` is its newest backup
    that can be restored,
    ``incremental`` whether the next one builds on it. ``failed`` is why the newest one failed.
    """

    plan: BackupPlan
    volume_id: str | None = None
    volume: str | None = None
    site: str | None = None
    state: DueState | None = None
    last_good: Backup | None = None
    incremental: bool = False
    failed: str = ""

    @property
    def key(self) -> str:
        """The plan's name and the volume's id."""
        return f"{self.plan.name}/{self.volume_id or ''}"


class SnapshotRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A snapshot with its volume's name, or id, and the volume's site."""

    snapshot: VolumeSnapshot
    volume: str | None = None
    site: str | None = None

    @property
    def key(self) -> str:
        """The snapshot's id."""
        return self.snapshot.id


class ServerRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A server with its site and its volumes.

    ``root`` is the volume it boots from, None for one that boots from an image's copy on the
    compute host. A volume that Cinder does not list has only its id.
    """

    server: Server
    site: str | None = None
    root: Volume | None = None
    data: tuple[Volume, ...] = ()

    @property
    def key(self) -> str:
        """The server's id."""
        return self.server.id

    @property
    def volumes(self) -> tuple[Volume, ...]:
        """All its volumes, the root first."""
        return (self.root, *self.data) if self.root is not None else self.data
