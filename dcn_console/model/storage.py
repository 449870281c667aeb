"""What Cinder keeps besides volumes: snapshots, backups, quotas and messages, as plain data.

Sizes are bytes, times are aware datetimes in UTC. Any field an API may leave out or send
as null is optional here.
"""

from datetime import datetime

import msgspec


class VolumeSnapshot(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A Cinder snapshot (Cinder API ref: Volume snapshots). ``size`` is its volume's, in bytes."""

    id: str
    name: str | None = None
    description: str | None = None
    status: str | None = None
    volume_id: str | None = None
    size: int | None = None
    project_id: str | None = None
    metadata: dict[str, str] = {}
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def label(self) -> str:
        """The name, or the id of a snapshot without one."""
        return self.name or self.id


class Backup(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A Cinder backup (Cinder API ref: Backups). ``size`` is its volume's, in bytes.

    ``incremental`` is what Cinder recorded, ``has_dependents`` whether a later increment needs
    it. ``data_at`` is the moment whose data it holds; the API names no parent of an increment.
    ``fail_reason`` is Cinder's text of what went wrong.
    """

    id: str
    name: str | None = None
    description: str | None = None
    status: str | None = None
    volume_id: str | None = None
    snapshot_id: str | None = None
    size: int | None = None
    availability_zone: str | None = None
    container: str | None = None
    incremental: bool = False
    has_dependents: bool = False
    encrypted: bool = False
    fail_reason: str | None = None
    project_id: str | None = None
    metadata: dict[str, str] = {}
    data_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def label(self) -> str:
        """The name, or the id of a backup without one."""
        return self.name or self.id


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """One quota: what is used of what is allowed; ``allowed`` is None for no limit.

    In bytes where it is about room, else a count.
    """

    used: int = 0
    allowed: int | None = None

    @property
    def free(self) -> int | None:
        """What is left, None for no limit."""
        return None if self.allowed is None else max(0, self.allowed - self.used)


class StorageQuota(msgspec.Struct, frozen=True, kw_only=True):
    """The quotas of a project in Cinder (Cinder API ref: Limits).

    ``largest_volume`` is in bytes, None for no limit.
    """

    volumes: Allowance = Allowance()
    volume_bytes: Allowance = Allowance()
    snapshots: Allowance = Allowance()
    backups: Allowance = Allowance()
    backup_bytes: Allowance = Allowance()
    largest_volume: int | None = None


class VolumeAttachment(msgspec.Struct, frozen=True, kw_only=True):
    """A volume's attachment to a server (Cinder API ref: Attachments).

    ``status`` is reserved, attaching, attached, detaching or an error.
    """

    id: str
    status: str | None = None
    server_id: str | None = None


class UserMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What Cinder told the user about an object (Cinder API ref: Messages, 3.3)."""

    id: str
    text: str = ""
    level: str | None = None
    resource_id: str | None = None
    resource_type: str | None = None
    created_at: datetime | None = None


class NewVolume(msgspec.Struct, frozen=True, kw_only=True):
    """A volume to be created: empty, or of one of image, snapshot, volume and backup.

    ``size`` is in bytes, None to take that of the source.
    """

    name: str
    size: int | None = None
    availability_zone: str = ""
    description: str = ""
    volume_type: str = ""
    image_id: str | None = None
    snapshot_id: str | None = None
    source_volume_id: str | None = None
    backup_id: str | None = None
    metadata: dict[str, str] = {}


class NewBackup(msgspec.Struct, frozen=True, kw_only=True):
    """A backup to be made; ``force`` is needed for a volume that is in use."""

    volume_id: str
    name: str
    description: str = ""
    availability_zone: str = ""
    incremental: bool = False
    force: bool = False
    snapshot_id: str | None = None
    metadata: dict[str, str] = {}
