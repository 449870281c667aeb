"""Cinder's quotas: what a project uses, what it may use, and how it is told of the difference.

Source: cinder/quota_utils.py and cinder/exception.py; sizes are in GiB.
"""

from typing import NamedTuple

from dcn_console.simulator.block_records import UNLIMITED
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.world import World

OVER = 413


class Usage(NamedTuple):
    """What a project has; ``gigabytes`` are those of volumes and snapshots together."""

    volumes: int
    gigabytes: int
    snapshots: int
    backups: int
    backup_gigabytes: int


def usage(world: World, project_id: str) -> Usage:
    """Return what a project uses."""
    volumes = [item.size for item in world.volumes.values() if item.project_id == project_id]
    block = world.block
    snapshots = [item.size for item in block.snapshots.values() if item.project_id == project_id]
    backups = [item.size for item in block.backups.values() if item.project_id == project_id]
    return Usage(
        volumes=len(volumes),
        gigabytes=sum(volumes) + sum(snapshots),
        snapshots=len(snapshots),
        backups=len(backups),
        backup_gigabytes=sum(backups),
    )


def reserve_volume(world: World, project_id: str, size: int) -> None:
    """Raise Refusal 413 if the project may have no further volume of ``size`` GiB."""
    quota = world.block.quota(project_id)
    _check_one(quota.per_volume_gigabytes, size)
    if quota.volumes == quota.gigabytes == UNLIMITED:
        return
    used = usage(world, project_id)
    _check_room(quota.gigabytes, used.gigabytes, size)
    if _is_over(quota.volumes, used.volumes, 1):
        raise Refusal(
            OVER,
            f"VolumeLimitExceeded: Maximum number of volumes allowed ({quota.volumes}) exceeded "
            "for quota 'volumes'.",
        )


def reserve_growth(world: World, project_id: str, size: int, more: int) -> None:
    """Raise Refusal 413 if a volume may not grow by ``more`` GiB to ``size``."""
    quota = world.block.quota(project_id)
    _check_one(quota.per_volume_gigabytes, size)
    if quota.gigabytes != UNLIMITED:
        _check_room(quota.gigabytes, usage(world, project_id).gigabytes, more)


def reserve_snapshot(world: World, project_id: str, size: int) -> None:
    """Raise Refusal 413 if the project may have no further snapshot of ``size`` GiB."""
    quota = world.block.quota(project_id)
    if quota.snapshots == quota.gigabytes == UNLIMITED:
        return
    used = usage(world, project_id)
    _check_room(quota.gigabytes, used.gigabytes, size)
    if _is_over(quota.snapshots, used.snapshots, 1):
        raise Refusal(
            OVER,
            f"SnapshotLimitExceeded: Maximum number of snapshots allowed ({quota.snapshots}) "
            "exceeded",
        )


def reserve_backup(world: World, project_id: str, size: int) -> None:
    """Raise Refusal 413 if the project may have no further backup of ``size`` GiB."""
    quota = world.block.quota(project_id)
    if quota.backups == quota.backup_gigabytes == UNLIMITED:
        return
    used = usage(world, project_id)
    if _is_over(quota.backup_gigabytes, used.backup_gigabytes, size):
        raise Refusal(
            OVER,
            "VolumeBackupSizeExceedsAvailableQuota: Requested backup exceeds allowed Backup "
            f"gigabytes quota. Requested {size}G, quota is {quota.backup_gigabytes}G and "
            f"{used.backup_gigabytes}G has been consumed.",
        )
    if _is_over(quota.backups, used.backups, 1):
        raise Refusal(
            OVER,
            f"BackupLimitExceeded: Maximum number of backups allowed ({quota.backups}) exceeded",
        )


def _is_over(allowed: int, used: int, more: int) -> bool:
    return allowed != UNLIMITED and used + more > allowed


def _check_one(allowed: int, size: int) -> None:
    if _is_over(allowed, 0, size):
        raise Refusal(
            OVER,
            f"VolumeSizeExceedsLimit: Requested volume size {size}G is larger than maximum "
            f"allowed limit {allowed}G.",
        )


def _check_room(allowed: int, used: int, more: int) -> None:
    if _is_over(allowed, used, more):
        raise Refusal(
            OVER,
            "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed "
            f"gigabytes quota. Requested {more}G, quota is {allowed}G and {used}G has been "
            "consumed.",
        )
