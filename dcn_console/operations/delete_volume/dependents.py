"""What depends on a volume that is to be deleted: servers, snapshots, clones, copies, backups."""

from collections.abc import Sequence
from datetime import datetime

from dcn_console.inventory.services import Services
from dcn_console.model.backup_chains import last_good
from dcn_console.model.errors import ClusterError, ServiceError
from dcn_console.model.inventory import RbdChild
from dcn_console.model.plans import Check
from dcn_console.model.storage import VolumeSnapshot
from dcn_console.model.text import count, format_age, printable
from dcn_console.operations.backups.where import image_of
from dcn_console.operations.mirror_steps.in_use import writer_of
from dcn_console.operations.mirror_subject import fine, refused, warned
from dcn_console.operations.volumes.scene import Scene

DELETABLE = frozenset(
    {"available", "error", "error_restoring", "error_extending", "error_managing"}
)
"""Statuses of a volume that Cinder deletes (cinder/volume/api.py, delete)."""
DELETABLE_SNAPSHOT = frozenset({"available", "error"})
OF_A_SNAPSHOT = "snapshot-"
"""How the names of RBD snapshots begin that are Cinder's snapshots (snapshot_name_template)."""
MOST_NAMES = 5


def state_checks(scene: Scene) -> list[Check]:
    """Refuse a volume that a server has, or in a state in which Cinder deletes none."""
    volume, detail = scene.volume, scene.detail
    if volume.attachments:
        servers = named([attachment.server_id for attachment in volume.attachments])
        text = f"“{scene.label}” is attached to server {servers}."
        return [refused(text, "Detach it, or delete the server first.")]
    if volume.status not in DELETABLE:
        status = printable(volume.status or "unknown", 40)
        text = f"“{scene.label}” is {status}; Cinder deletes only what is available or failed."
        hangs = f"One that hangs: openstack volume set --state error {volume.id}"
        return [refused(text, f"Wait until that is over. {hangs}")]
    if detail is not None and detail.mirroring is None and writer_of(detail):
        text = f"Somebody besides Cinder has its RBD image open: {writer_of(detail)}."
        return [refused(text, "Stop that first; a killed client is forgotten after 30 s.")]
    return []


def snapshot_checks(snapshots: Sequence[VolumeSnapshot], *, agreed: bool) -> list[Check]:
    """Tell of the volume's snapshots; refuse them unless it was agreed that they go too."""
    if not snapshots:
        return []
    names = named([one.label for one in snapshots])
    if not agreed:
        text = f"It has {count(len(snapshots), 'snapshot')}: {names}."
        return [refused(text, "Agree to their going too.", option="--with-snapshots")]
    busy = [one for one in snapshots if one.status not in DELETABLE_SNAPSHOT]
    if busy:
        one = busy[0]
        status = printable(one.status or "unknown", 40)
        return [refused(f"Its snapshot “{printable(one.label, 60)}” is {status}.", "Wait for it.")]
    return [warned(f"{count(len(snapshots), 'snapshot')} of it will be deleted too: {names}.")]


async def image_checks(services: Services, snapshots: Sequence[VolumeSnapshot]) -> list[Check]:
    """Tell of images of servers that are nothing without one of the snapshots."""
    ids = {one.id for one in snapshots}
    if not ids:
        return []
    try:
        images = await services.glance.images.booting_from(ids)
    except ServiceError as error:
        text = f"Whether an image of a server needs it is not known: {error.message}"
        return [warned(text, error.way_out)]
    if not images:
        return []
    needs = "needs it" if len(images) == 1 else "need it"
    text = f"{named([f'image “{one.label}”' for one in images])} {needs}: no server boots from "
    return [warned(f"{text}{'that' if len(images) == 1 else 'those'} then.", "Delete that too.")]


async def clone_checks(services: Services, scene: Scene) -> list[Check]:
    """Tell of the clones of the volume's RBD image; those of its snapshots forbid the deletion."""
    children, unknown = await children_of(services, scene)
    if unknown:
        return unknown
    of_snapshots = [one for one in children if one.snapshot.startswith(OF_A_SNAPSHOT)]
    if of_snapshots:
        return [clones_refused(of_snapshots, "its snapshots")]
    if children:
        text = (
            f"{_clones(children)} of it: Cinder keeps its RBD image under another name, and no "
            "room is free, until those are gone."
        )
        return [warned(text, "Delete or flatten them first where the room matters.")]
    return []


async def children_of(services: Services, scene: Scene) -> tuple[tuple[RbdChild, ...], list[Check]]:
    """Return the clones of a volume's RBD image, or a check saying that they are not known.

    Neither without Ceph access, of which the plan tells anyway.
    """
    cluster = services.clusters.get(scene.site.name)
    if cluster is None or scene.detail is None:
        return (), []
    try:
        return await cluster.content.children(scene.pool, image_of(scene.volume.id)), []
    except ClusterError as error:
        return (), [warned(f"Whether it has clones is not known: {error.message}", error.way_out)]


def clones_refused(children: Sequence[RbdChild], of: str) -> Check:
    """Refuse a deletion for clones of snapshots.

    Cinder 21.3 begins, finds the snapshot busy and gives up; Cinder 29 first makes the clones
    independent, each taking room for all its data (seen with both).
    """
    first = children[0]
    return refused(
        f"{_clones(children)} of {of}: Cinder gives up then, or fills the clones with data first.",
        "Delete those first, or make them independent: "
        f"rbd flatten {printable(first.pool)}/{printable(first.image)}",
    )


def mirror_checks(scene: Scene) -> list[Check]:
    """Say that the copies at other sites go with a mirrored primary (measured on 16.2)."""
    if scene.detail is None or scene.detail.mirroring is None:
        return []
    if not scene.detail.mirroring.primary:
        return []
    text = "It is mirrored: its copies at other sites will be deleted with it."
    way_out = "To keep one, switch mirroring off first: dcn-console mirror disable"
    return [warned(text, way_out)]


async def backup_checks(services: Services, volume_id: str, now: datetime) -> list[Check]:
    """Say which backups stay, or that there is none."""
    try:
        backups = await services.cinder.backups.of_volume(volume_id)
    except ServiceError as error:
        return [warned(f"Whether it has backups is not known: {error.message}", error.way_out)]
    last = last_good(backups)
    if last is None:
        way_out = f"Make one: dcn-console backup create {volume_id}"
        return [warned("There is no good backup of it.", way_out)]
    age = format_age(last.data_at or last.created_at, now)
    backups_stay = f"{count(len(backups), 'backup')} of it"
    text = f"{backups_stay} will stay; the newest good one is {age} old. None can build on them."
    return [fine(text)]


def named(names: Sequence[str]) -> str:
    """Return names in a sentence, the first few of them."""
    shown = ", ".join(printable(name, 60) for name in names[:MOST_NAMES])
    left = len(names) - MOST_NAMES
    return f"{shown} and {left} more" if left > 0 else shown


def _clones(children: Sequence[RbdChild]) -> str:
    words = named(
        [f"{one.pool}/{one.image}{' (in the trash)' if one.trashed else ''}" for one in children]
    )
    are = "is a clone" if len(children) == 1 else "are clones"
    return f"{words} {are}"
