"""The volumes' menu and its actions: part of the one table of actions."""

from collections.abc import Callable

from dcn_console.console.action import VOLUMES, Action, Menu
from dcn_console.console.situation import (
    IMAGE_PLACES,
    SNAPSHOT_PLACES,
    VOLUME_PLACES,
    Place,
    Situation,
)
from dcn_console.console.volume_availability import with_snapshots, with_volume_sites, with_volumes
from dcn_console.model.requests import Request
from dcn_console.model.storage_requests import (
    CreateVolume,
    DeleteSnapshots,
    DeleteVolumes,
    ExtendVolumes,
    SnapshotVolumes,
    UploadVolumes,
)

VOLUME_MENU = Menu(key="V", title="Storage")


def _action(
    name: str,
    letter: str,
    title: str,
    description: str,
    available: Callable[[Situation], str],
    request: type[Request],
    places: frozenset[Place] = VOLUME_PLACES,
) -> Action:
    return Action(
        id=name,
        menu=VOLUME_MENU,
        letter=letter,
        title=title,
        description=description,
        group=VOLUMES,
        places=places,
        changes=True,
        available=available,
        requests=(request,),
    )


VOLUME_ACTIONS: tuple[Action, ...] = (
    _action(
        "create_volume",
        "c",
        "create",
        "Create a volume at a site: empty, of the image there, of the snapshot.",
        with_volume_sites,
        CreateVolume,
        VOLUME_PLACES | IMAGE_PLACES | SNAPSHOT_PLACES,
    ),
    _action(
        "snapshot_volumes",
        "s",
        "snapshot",
        "Take a snapshot, with the server stopped for it if you want.",
        with_volumes,
        SnapshotVolumes,
    ),
    _action(
        "extend_volumes",
        "x",
        "extend",
        "Make the volumes larger, also in use.",
        with_volumes,
        ExtendVolumes,
    ),
    _action(
        "upload_volumes",
        "u",
        "upload",
        "Make an image of the volume, at the hub and at other sites.",
        with_volumes,
        UploadVolumes,
    ),
    _action(
        "delete_volumes",
        "d",
        "delete",
        "Delete the volumes, after saying what depends on them.",
        with_volumes,
        DeleteVolumes,
    ),
    _action(
        "delete_snapshots",
        "D",
        "del snapshot",
        "Delete the snapshots, unless something is a clone of one.",
        with_snapshots,
        DeleteSnapshots,
        SNAPSHOT_PLACES,
    ),
)
