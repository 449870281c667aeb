"""Snapshots, backups, quotas and messages as Cinder sends them (Cinder API ref, v3)."""

from datetime import datetime
from typing import Annotated, Any

import msgspec

from dcn_console.clouds.cinder_wire import GIB, Gibibytes
from dcn_console.clouds.wire import shared, utc
from dcn_console.model.storage import (
    Allowance,
    Backup,
    StorageQuota,
    UserMessage,
    VolumeSnapshot,
)

Texts = dict[str, str]


class WireSnapshot(msgspec.Struct):
    """A snapshot of ``/snapshots/detail``."""

    id: str
    name: str | None = None
    description: str | None = None
    status: str | None = None
    volume_id: str | None = None
    size: Gibibytes | None = None
    project_id: str | None = msgspec.field(
        default=None, name="os-extended-snapshot-attributes:project_id"
    )
    metadata: Texts | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class WireBackup(msgspec.Struct):
    """A backup of ``/backups/detail``.

    Its metadata since 3.43, its project since 3.18 and for administrators, the key of an
    encrypted one since 3.64.
    """

    id: str
    name: str | None = None
    description: str | None = None
    status: str | None = None
    volume_id: str | None = None
    snapshot_id: str | None = None
    size: Gibibytes | None = None
    availability_zone: str | None = None
    container: str | None = None
    is_incremental: bool | None = None
    has_dependent_backups: bool | None = None
    encryption_key_id: str | None = None
    fail_reason: str | None = None
    project_id: str | None = msgspec.field(default=None, name="os-backup-project-attr:project_id")
    metadata: Texts | None = None
    data_timestamp: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class WireMessage(msgspec.Struct):
    """An entry of ``/messages``."""

    id: str
    user_message: str | None = None
    message_level: str | None = None
    resource_uuid: str | None = None
    resource_type: str | None = None
    created_at: datetime | None = None


class WireMetadata(msgspec.Struct):
    """A body that holds metadata; what is no text is left out."""

    metadata: dict[str, Any] | None = None


_Number = Annotated[int, msgspec.Meta(ge=-1, lt=2**33)]


class WireUsage(msgspec.Struct):
    """One quota of ``/os-quota-sets/PROJECT?usage=true``; a limit of -1 is none."""

    limit: _Number = -1
    in_use: _Number = 0
    reserved: _Number = 0


class WireQuotas(msgspec.Struct):
    """The quotas that count here; those of the volume types are ignored."""

    volumes: WireUsage | None = None
    gigabytes: WireUsage | None = None
    snapshots: WireUsage | None = None
    backups: WireUsage | None = None
    backup_gigabytes: WireUsage | None = None
    per_volume_gigabytes: WireUsage | None = None


def snapshot_from(wire: WireSnapshot) -> VolumeSnapshot:
    """Return the snapshot that Cinder described, its volume's size in bytes."""
    return VolumeSnapshot(
        id=wire.id,
        name=wire.name or None,
        description=wire.description or None,
        status=shared(wire.status),
        volume_id=wire.volume_id,
        size=None if wire.size is None else wire.size * GIB,
        project_id=shared(wire.project_id),
        metadata=wire.metadata or {},
        created_at=utc(wire.created_at),
        updated_at=utc(wire.updated_at),
    )


def backup_from(wire: WireBackup) -> Backup:
    """Return the backup that Cinder described, its volume's size in bytes."""
    return Backup(
        id=wire.id,
        name=wire.name or None,
        description=wire.description or None,
        status=shared(wire.status),
        volume_id=shared(wire.volume_id),
        snapshot_id=wire.snapshot_id or None,
        size=None if wire.size is None else wire.size * GIB,
        availability_zone=shared(wire.availability_zone),
        container=shared(wire.container),
        incremental=bool(wire.is_incremental),
        has_dependents=bool(wire.has_dependent_backups),
        encrypted=bool(wire.encryption_key_id),
        fail_reason=wire.fail_reason or None,
        project_id=shared(wire.project_id),
        metadata=wire.metadata or {},
        data_at=utc(wire.data_timestamp),
        created_at=utc(wire.created_at),
        updated_at=utc(wire.updated_at),
    )


def message_from(wire: WireMessage) -> UserMessage:
    """Return the message that Cinder described."""
    return UserMessage(
        id=wire.id,
        text=wire.user_message or "",
        level=wire.message_level,
        resource_id=wire.resource_uuid,
        resource_type=wire.resource_type,
        created_at=utc(wire.created_at),
    )


def quota_from(wire: WireQuotas) -> StorageQuota:
    """Return the quotas that Cinder described; what is reserved counts as used."""
    largest = wire.per_volume_gigabytes
    return StorageQuota(
        volumes=_allowance(wire.volumes),
        volume_bytes=_allowance(wire.gigabytes, GIB),
        snapshots=_allowance(wire.snapshots),
        backups=_allowance(wire.backups),
        backup_bytes=_allowance(wire.backup_gigabytes, GIB),
        largest_volume=None if largest is None or largest.limit < 0 else largest.limit * GIB,
    )


def texts_from(metadata: dict[str, Any] | None) -> Texts:
    """Return the metadata that is text."""
    return {key: value for key, value in (metadata or {}).items() if isinstance(value, str)}


def _allowance(usage: WireUsage | None, unit: int = 1) -> Allowance:
    if usage is None:
        return Allowance()
    return Allowance(
        used=max(0, usage.in_use) * unit + max(0, usage.reserved) * unit,
        allowed=None if usage.limit < 0 else usage.limit * unit,
    )
