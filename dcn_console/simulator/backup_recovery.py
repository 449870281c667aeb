"""Giving up what a backup was at: after a restart of cinder-backup, or by an administrator's word.

Source: cinder/backup/manager.py, _cleanup_incomplete_backup_operations.
"""

from msgspec.structs import replace

from dcn_console.simulator.backup_clock import fail_backup
from dcn_console.simulator.block_records import BackupRecord
from dcn_console.simulator.world import World

RESTARTED = "incomplete backup reset on manager restart"
NOT_BEGUN = "Create backup aborted, expected volume status backing-up but got available."
"""The service resets the volume first, and then takes up the request that waited for it."""


def reset_incomplete(world: World, site: str) -> None:
    """What cinder-backup does when it comes back: it gives up what it was at."""
    for backup in tuple(world.block.backups.values()):
        if backup.site != site:
            continue
        if backup.status == "creating":
            fail_backup(world, backup, RESTARTED if backup.base else NOT_BEGUN)
        elif backup.status == "restoring":
            world.block.drop_transfer(backup.id)
            volume = world.volumes.get(backup.restored_to)
            if volume is not None and volume.status == "restoring-backup":
                world.put_volume(replace(volume, status="error_restoring", updated_at=world.now))
            world.block.put_backup(
                replace(backup, status="available", restored_to="", updated_at=world.now)
            )


def reset_backup(world: World, backup: BackupRecord, status: str) -> None:
    """Set a backup's status, as an administrator may; what it was at is given up."""
    world.block.drop_transfer(backup.id)
    world.block.put_backup(replace(backup, status=status, updated_at=world.now, due_at=None))
