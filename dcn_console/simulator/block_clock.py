"""Cinder in time: volumes, snapshots and backups, and the data on its way between clusters."""

from msgspec.structs import replace

from dcn_console.simulator.backup_clock import advance_backups, finish_backup
from dcn_console.simulator.backup_recovery import reset_incomplete
from dcn_console.simulator.block_records import TransferKind, TransferRecord
from dcn_console.simulator.faults import Faults
from dcn_console.simulator.rbd_content import holding
from dcn_console.simulator.restores import finish_restore
from dcn_console.simulator.transfers import move_transfers
from dcn_console.simulator.volume_clock import advance_snapshots, advance_volumes
from dcn_console.simulator.volume_uploads import finish_upload
from dcn_console.simulator.world import World


def advance_block(world: World, since: float) -> None:
    """Let everything happen that is due, ``since`` being when this was done last."""
    advance_volumes(world)
    advance_snapshots(world)
    advance_backups(world)
    for transfer in move_transfers(world, since):
        _FINISHERS[transfer.kind](world, transfer)


def note_services(world: World, before: Faults) -> None:
    """Let each cinder-backup that came back give up what it was at when it died."""
    for site in before.backup_down:
        if site not in world.faults.backup_down:
            reset_incomplete(world, site)


def _finish_copy(world: World, transfer: TransferRecord) -> None:
    """Make a volume available that was filled in full."""
    world.block.drop_transfer(transfer.id)
    volume = world.volumes.get(transfer.id)
    site = world.deployment.site(transfer.target)
    record = world.record(transfer.target, transfer.pool, transfer.name)
    if volume is None or site is None or record is None:
        return
    world.put_rbd(site, transfer.pool, transfer.name, holding(record, transfer.data))
    world.put_volume(replace(volume, status="available", bootable=True, updated_at=world.now))


_FINISHERS = {
    TransferKind.BACKUP: finish_backup,
    TransferKind.RESTORE: finish_restore,
    TransferKind.UPLOAD: finish_upload,
    TransferKind.COPY: _finish_copy,
}
