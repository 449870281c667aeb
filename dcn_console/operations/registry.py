"""All operations, by name. A new one is a package beside this module and a line here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from dcn_console.model.errors import UsageError
from dcn_console.model.requests import Request
from dcn_console.operations.back_up import BackupCreate
from dcn_console.operations.base import Operation
from dcn_console.operations.check_backups import BackupCheck
from dcn_console.operations.connect_peers import MirrorPeerConnect
from dcn_console.operations.copy_image import CopyImage
from dcn_console.operations.create_server import ServerCreate
from dcn_console.operations.create_volume import VolumeCreate
from dcn_console.operations.delete_backups import BackupDelete
from dcn_console.operations.delete_copies import ImageDeleteCopy
from dcn_console.operations.delete_images import ImageDelete
from dcn_console.operations.delete_servers import ServerDelete
from dcn_console.operations.delete_snapshot import SnapshotDelete
from dcn_console.operations.delete_volume import VolumeDelete
from dcn_console.operations.disable_mirroring import MirrorDisable
from dcn_console.operations.enable_mirroring import MirrorEnable
from dcn_console.operations.extend_volume import VolumeExtend
from dcn_console.operations.fail_back import MirrorFailback
from dcn_console.operations.failover import MirrorFailover
from dcn_console.operations.import_image import ImageImport
from dcn_console.operations.mirror_schedules import MirrorScheduleAdd, MirrorScheduleRemove
from dcn_console.operations.mirror_site_name import MirrorSiteName
from dcn_console.operations.mirror_snapshot import MirrorSnapshotNow
from dcn_console.operations.pool_mode import MirrorPoolMode
from dcn_console.operations.rehearse import MirrorRehearse
from dcn_console.operations.relocate import MirrorRelocate
from dcn_console.operations.remove_peer import MirrorPeerRemove
from dcn_console.operations.restore_backup import BackupRestore
from dcn_console.operations.resync import MirrorResync
from dcn_console.operations.server_image import ServerImage
from dcn_console.operations.server_power import ServerStart, ServerStop
from dcn_console.operations.snapshot_volume import VolumeSnapshotNow
from dcn_console.operations.upload_volume import VolumeUpload
from dcn_console.operations.validate_site import SiteValidate
from dcn_console.operations.verify_mirror import MirrorVerify

_ALL: tuple[Operation[Any], ...] = (
    CopyImage(),
    ImageImport(),
    ImageDeleteCopy(),
    ImageDelete(),
    MirrorEnable(),
    MirrorDisable(),
    MirrorSnapshotNow(),
    MirrorScheduleAdd(),
    MirrorScheduleRemove(),
    MirrorRelocate(),
    MirrorFailover(),
    MirrorFailback(),
    MirrorResync(),
    MirrorVerify(),
    MirrorRehearse(),
    MirrorPeerConnect(),
    MirrorPeerRemove(),
    MirrorPoolMode(),
    MirrorSiteName(),
    BackupCreate(),
    BackupRestore(),
    BackupDelete(),
    BackupCheck(),
    VolumeCreate(),
    VolumeSnapshotNow(),
    VolumeExtend(),
    VolumeUpload(),
    VolumeDelete(),
    SnapshotDelete(),
    ServerStop(),
    ServerStart(),
    ServerCreate(),
    ServerDelete(),
    ServerImage(),
    SiteValidate(),
)

OPERATIONS: Mapping[str, Operation[Any]] = MappingProxyType(
    {operation.name: operation for operation in _ALL}
)
_BY_REQUEST: Mapping[type[Request], Operation[Any]] = MappingProxyType(
    {operation.request: operation for operation in _ALL}
)


def operation(name: str) -> Operation[Any]:
    """Return the operation of that name; raises UsageError for one this version lacks."""
    try:
        return OPERATIONS[name]
    except KeyError:
        raise UsageError(
            f"This version knows no operation “{name}”.",
            way_out="The task was submitted by another version; use that one.",
        ) from None


def operation_for(request: Request) -> Operation[Any]:
    """Return the operation that plans ``request``; raises UsageError when there is none."""
    try:
        return _BY_REQUEST[type(request)]
    except KeyError:
        raise UsageError(
            f"This version cannot do that yet ({type(request).__name__}).",
            way_out="Use the rbd command for it.",
        ) from None
