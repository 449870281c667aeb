"""Telling a user of Cinder what went wrong with an object (cinder/message/message_field.py)."""

from typing import NamedTuple

from dcn_console.simulator.block_records import MessageRecord
from dcn_console.simulator.world import World


class Event(NamedTuple):
    """What was being done to which kind of object, and what happened, in numbers and words."""

    resource_type: str
    action: str
    detail: str
    text: str
    level: str = "ERROR"


SNAPSHOT_BUSY = Event("VOLUME_SNAPSHOT", "010", "015", "delete snapshot:Snapshot is busy.")
BACKUP_UNSCHEDULED = Event(
    "VOLUME_BACKUP",
    "013",
    "024",
    "create backup:Backup failed to schedule. Service not found for creating backup.",
)
BACKUP_BROKEN = Event(
    "VOLUME_BACKUP", "013", "020", "create backup:Backup driver failed to create backup."
)
BACKUP_FORCED_FULL = Event(
    "VOLUME_BACKUP",
    "013",
    "030",
    "create backup:Incremental backup not possible, forcing full backup.",
    "WARNING",
)
RESTORE_UNATTACHED = Event("VOLUME_BACKUP", "015", "021", "restore backup:Failed to attach volume.")


def tell(world: World, event: Event, project_id: str, resource_id: str) -> None:
    """Add a message about an object of a project."""
    world.block.add_message(
        MessageRecord(
            id=world.new_identifier("message"),
            project_id=project_id,
            request_id=f"req-{world.new_identifier('request')}",
            resource_type=event.resource_type,
            resource_id=resource_id,
            event_id=f"VOLUME_{event.resource_type}_{event.action}_{event.detail}",
            text=event.text,
            created_at=world.now,
            level=event.level,
        )
    )
