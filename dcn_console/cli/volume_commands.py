"""``volume create|extend|snapshot|upload|delete`` and ``snapshot delete``."""

from collections.abc import Callable, Sequence

import click

from dcn_console.cli.columns import require_sites
from dcn_console.cli.core import core
from dcn_console.cli.framework import Command, Session, open_session, split_names
from dcn_console.cli.reading import SNAPSHOTS, Reading, report_problems
from dcn_console.cli.status import ExitStatus
from dcn_console.cli.submitting import Choices, carry_out, change_options
from dcn_console.config.topology import EVERY_EDGE
from dcn_console.model.errors import UsageError
from dcn_console.model.plans import Plan
from dcn_console.model.requests import Request
from dcn_console.model.sites import Topology
from dcn_console.model.storage_requests import (
    CreateVolume,
    DeleteSnapshots,
    DeleteVolumes,
    ExtendVolumes,
    SnapshotVolumes,
    UploadVolumes,
)
from dcn_console.workspace.interface import Workspace
from dcn_console.workspace.resolve import find_one

GIB = 1024**3
DISK_FORMATS = ("raw", "qcow2", "vmdk", "vdi", "vhd", "vhdx")
"""What Cinder makes of a volume's bytes (Cinder API ref: os-volume_upload_image)."""
Asking = Callable[[tuple[str, ...]], Request]
"""What to ask for, given the ids of volumes."""
_VOLUMES = frozenset({"volumes"})
_IMAGES = frozenset({"images"})


@click.command("create", cls=Command)
@click.argument("name", metavar="NAME")
@click.option("--at", "site", metavar="SITE", required=True, help="The site that it is to be at.")
@click.option(
    "--size",
    metavar="GIB",
    type=click.IntRange(min=1),
    default=None,
    help="Its size in GiB; that of the image or snapshot if not given.",
)
@click.option("--image", metavar="IMAGE", default="", help="Make it of this image's copy there.")
@click.option("--snapshot", metavar="SNAPSHOT", default="", help="Make it of this snapshot.")
@click.option("--type", "volume_type", metavar="TYPE", default="", help="Its volume type.")
@change_options
def volume_create(
    name: str,
    site: str,
    size: int | None,
    image: str,
    snapshot: str,
    volume_type: str,
    choices: Choices,
) -> ExitStatus:
    """Create a volume at a site: empty, of an image or of a snapshot.

    Of a raw image with a copy at the site it is a copy-on-write clone, which is then seen in its
    RBD image. Zone, host and size are checked too.
    """
    if image and snapshot:
        raise UsageError("Say either --image or --snapshot.")
    session = open_session()
    require_sites(session.settings.topology, (site,))

    async def planning(workspace: Workspace) -> tuple[Plan, ...]:
        request = CreateVolume(
            site=site,
            name=name,
            size=None if size is None else size * GIB,
            image_id=await _image_id(session, image) if image else None,
            snapshot_id=(await _snapshot_ids(session, (snapshot,)))[0] if snapshot else None,
            volume_type=volume_type,
        )
        return await workspace.plan(request)

    return carry_out(session, planning, choices)


@click.command("extend", cls=Command)
@click.argument("names", metavar="VOLUME...", nargs=-1, required=True)
@click.option(
    "--size",
    metavar="GIB",
    type=click.IntRange(min=1),
    required=True,
    help="The new size in GiB, of each volume.",
)
@change_options
def volume_extend(names: tuple[str, ...], size: int, choices: Choices) -> ExitStatus:
    """Make volumes larger, also those in use."""
    return _with_volumes(names, choices, lambda ids: ExtendVolumes(volume_ids=ids, size=size * GIB))


@click.command("snapshot", cls=Command)
@click.argument("names", metavar="VOLUME...", nargs=-1, required=True)
@click.option("--name", default="", help="Name of the snapshot; the volume's and the time if none.")
@click.option(
    "--stop-server", is_flag=True, help="Stop servers that use it for that, and start them again."
)
@change_options
def volume_snapshot(
    names: tuple[str, ...], name: str, stop_server: bool, choices: Choices
) -> ExitStatus:
    """Take snapshots of volumes.

    A volume in use is taken as after a power cut, unless its servers are stopped for it.
    """
    return _with_volumes(
        names,
        choices,
        lambda ids: SnapshotVolumes(volume_ids=ids, name=name, stop_server=stop_server),
    )


@click.command("upload", cls=Command)
@click.argument("names", metavar="VOLUME...", nargs=-1, required=True)
@click.option("--name", default="", help="Name of the image; the volume's if none.")
@click.option(
    "--to",
    "targets",
    metavar=f"SITE[,SITE]|{EVERY_EDGE}",
    multiple=True,
    help="Sites that are to have it besides the hub; the volume's own if not given.",
)
@click.option(
    "--format",
    "disk_format",
    type=click.Choice(DISK_FORMATS),
    default="raw",
    show_default=True,
    help="Only of raw images volumes are clones.",
)
@change_options
def volume_upload(
    names: tuple[str, ...],
    name: str,
    targets: tuple[str, ...],
    disk_format: str,
    choices: Choices,
) -> ExitStatus:
    """Make images of volumes, at the hub and at other sites.

    Of a volume in use a snapshot is uploaded. The bytes are watched as they arrive, some of them
    compared with the volume, and every copy is seen whole.
    """
    sites = _sites(open_session().settings.topology, split_names(targets))
    return _with_volumes(
        names,
        choices,
        lambda ids: UploadVolumes(volume_ids=ids, name=name, disk_format=disk_format, sites=sites),
    )


@click.command("delete", cls=Command)
@click.argument("names", metavar="VOLUME...", nargs=-1, required=True)
@click.option("--with-snapshots", is_flag=True, help="Also delete their snapshots.")
@change_options
def volume_delete(names: tuple[str, ...], with_snapshots: bool, choices: Choices) -> ExitStatus:
    """Delete volumes. Snapshots, clones, copies and backups are told of first."""
    return _with_volumes(
        names, choices, lambda ids: DeleteVolumes(volume_ids=ids, with_snapshots=with_snapshots)
    )


@click.command("delete", cls=Command)
@click.argument("names", metavar="SNAPSHOT...", nargs=-1, required=True)
@change_options
def snapshot_delete(names: tuple[str, ...], choices: Choices) -> ExitStatus:
    """Delete snapshots of volumes. Clones of them are told of first."""
    session = open_session()

    async def planning(workspace: Workspace) -> tuple[Plan, ...]:
        ids = await _snapshot_ids(session, names)
        return await workspace.plan(DeleteSnapshots(snapshot_ids=ids))

    return carry_out(session, planning, choices)


def _with_volumes(names: Sequence[str], choices: Choices, asking: Asking) -> ExitStatus:
    """Carry out what ``asking`` returns for the ids of the volumes that ``names`` mean."""
    session = open_session()

    async def planning(workspace: Workspace) -> tuple[Plan, ...]:
        reading = await _read(session, _VOLUMES, "volumes")
        volumes = tuple(row.volume for row in reading.rows.volumes)
        ids = (find_one(volumes, name, "volume").id for name in names)
        return await workspace.plan(asking(tuple(dict.fromkeys(ids))))

    return carry_out(session, planning, choices)


async def _read(session: Session, wanted: frozenset[str], main: str) -> Reading:
    reading = await core().read(session, wanted)
    report_problems(reading, main)
    return reading


async def _image_id(session: Session, text: str) -> str:
    reading = await _read(session, _IMAGES, "images")
    return find_one(reading.inventory.images.rows, text, "image").id


async def _snapshot_ids(session: Session, names: Sequence[str]) -> tuple[str, ...]:
    reading = await _read(session, SNAPSHOTS, "snapshots")
    snapshots = tuple(row.snapshot for row in reading.rows.snapshots)
    return tuple(dict.fromkeys(find_one(snapshots, name, "snapshot").id for name in names))


def _sites(topology: Topology, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the sites of --to, every edge for its word, none when it was not given."""
    named = tuple(name for name in names if name != EVERY_EDGE)
    require_sites(topology, named)
    edges = tuple(site.name for site in topology.edges) if EVERY_EDGE in names else ()
    return tuple(dict.fromkeys((*named, *edges)))
