"""The volumes' menu and its actions: part of the one table of actions."""

from dcn_console.console.action import VOLUMES, Action, Menu
from dcn_console.console.situation import (
    IMAGE_PLACES,
    SNAPSHOT_PLACES,
    VOLUME_PLACES,
)
from dcn_console.console.volume_availability import with_snapshots, with_volume_sites, with_volumes
from dcn_console.model.storage_requests import (
    CreateVolume,
    DeleteSnapshots,
    DeleteVolumes,
    ExtendVolumes,
    SnapshotVolumes,
    UploadVolumes,
)

VOLUME_MENU = Menu(key="V", title="Storage", group=VOLUMES, places=VOLUME_PLACES)

VOLUME_ACTIONS: tuple[Action, ...] = (
    VOLUME_MENU.action(
        "create_volume",
        "c",
        "create",
        "Create a volume at a site: empty, of the image there, of the snapshot.",
        with_volume_sites,
        CreateVolume,
        places=VOLUME_PLACES | IMAGE_PLACES | SNAPSHOT_PLACES,
    ),
    VOLUME_MENU.action(
        "snapshot_volumes",
        "s",
        "snapshot",
        "Take a snapshot, with the server stopped for it if you want.",
        with_volumes,
        SnapshotVolumes,
    ),
    VOLUME_MENU.action(
        "extend_volumes",
        "x",
        "extend",
        "Make the volumes larger, also in use.",
        with_volumes,
        ExtendVolumes,
    ),
    VOLUME_MENU.action(
        "upload_volumes",
        "u",
        "upload",
        "Make an image of the volume, at the hub and at other sites.",
        with_volumes,
        UploadVolumes,
    ),
    VOLUME_MENU.action(
        "delete_volumes",
        "d",
        "delete",
        "Delete the volumes, after saying what depends on them.",
        with_volumes,
        DeleteVolumes,
    ),
    VOLUME_MENU.action(
        "delete_snapshots",
        "D",
        "del snapshot",
        "Delete the snapshots, unless something is a clone of one.",
        with_snapshots,
        DeleteSnapshots,
        places=SNAPSHOT_PLACES,
    ),
)
