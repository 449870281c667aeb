"""What a person asks for about volumes, snapshots and backups, before it is planned."""

from dcn_console.model.requests import ContentCheck, Request


class CreateVolume(Request, frozen=True, kw_only=True):
    """Create a volume at ``site``: empty, of an image's copy there, or of a snapshot.

    ``size`` is in bytes, None for that of the source. ``image_id`` and ``snapshot_id`` exclude
    each other.
    """

    site: str
    name: str
    size: int | None = None
    image_id: str | None = None
    snapshot_id: str | None = None
    volume_type: str = ""


class ExtendVolumes(Request, frozen=True, kw_only=True):
    """Make volumes larger; ``size`` in bytes is the new size."""

    volume_ids: tuple[str, ...]
    size: int


class SnapshotVolumes(Request, frozen=True, kw_only=True):
    """Take a snapshot of each volume.

    ``stop_server`` agrees to servers being stopped for it and started again.
    """

    volume_ids: tuple[str, ...]
    name: str = ""
    stop_server: bool = False


class DeleteVolumes(Request, frozen=True, kw_only=True):
    """Delete volumes; ``with_snapshots`` agrees to their snapshots going too."""

    volume_ids: tuple[str, ...]
    with_snapshots: bool = False


class DeleteSnapshots(Request, frozen=True, kw_only=True):
    """Delete snapshots of volumes."""

    snapshot_ids: tuple[str, ...]


class UploadVolumes(Request, frozen=True, kw_only=True):
    """Make an image of each volume, first in the central store, then at ``sites``.

    ``name`` is the image's, "" for the volume's name. ``disk_format`` is Glance's.
    """

    volume_ids: tuple[str, ...]
    name: str = ""
    disk_format: str = "raw"
    sites: tuple[str, ...] = ()


class BackUpVolumes(Request, frozen=True, kw_only=True):
    """Back volumes up to the hub's availability zone.

    ``incremental`` builds on the last backup, where there is one. ``snapshot_id`` backs up that
    snapshot of the one volume. ``keep`` is how many backups of the volume stay afterwards, None
    for all: older chains are deleted once the new backup was verified.
    """

    volume_ids: tuple[str, ...]
    name: str = ""
    incremental: bool = False
    snapshot_id: str | None = None
    keep: int | None = None


class RestoreBackup(Request, frozen=True, kw_only=True):
    """Restore a backup to a new volume at ``site``, or over the volume ``volume_id``.

    ``check`` says how the outcome is compared with the volume that was backed up, where that
    still exists and is quiet. With ``server``, a name, a server is made of the restored volume;
    ``flavor``, ``network``, ``key`` and ``security_group`` are ids or names of what it uses.
    """

    backup_id: str
    site: str = ""
    name: str = ""
    volume_id: str | None = None
    check: ContentCheck = ContentCheck.SAMPLED
    sample_percent: float = 5.0
    server: str = ""
    flavor: str = ""
    network: str = ""
    key: str = ""
    security_group: str = ""


class DeleteBackups(Request, frozen=True, kw_only=True):
    """Delete backups; ``with_dependents`` agrees to the increments that need them going too."""

    backup_ids: tuple[str, ...]
    with_dependents: bool = False


class CheckBackups(Request, frozen=True, kw_only=True):
    """Prove backups: restore each to a scratch volume at ``site``, compare, remove."""

    backup_ids: tuple[str, ...]
    site: str = ""
    check: ContentCheck = ContentCheck.SAMPLED
    sample_percent: float = 5.0
