"""What a volume is made of, judged before it is made: an image's copy at the site, a snapshot."""

from dataclasses import dataclass

import msgspec

from dcn_console.clouds.cinder_volumes import gibibytes
from dcn_console.clouds.cinder_wire import GIB
from dcn_console.clouds.wire import decode_one
from dcn_console.inventory.services import Services
from dcn_console.model.errors import ClusterError, RbdImageNotFound, UsageError
from dcn_console.model.inventory import Image
from dcn_console.model.plans import Check, ObjectReference
from dcn_console.model.sites import Site
from dcn_console.model.storage_requests import CreateVolume
from dcn_console.model.text import format_bytes, printable
from dcn_console.operations.backups.where import image_of, site_of
from dcn_console.operations.create_volume.names import GLANCE_SNAP
from dcn_console.operations.mirror_subject import fine, refused, warned

RAW = "raw"


@dataclass(frozen=True)
class Source:
    """What a volume is made of. Sizes are bytes.

    ``size`` is the volume's, in whole GiB; ``parent`` the RBD snapshot (POOL/IMAGE@SNAPSHOT) it
    is to be a clone of, "" for none. ``total`` are the bytes that will be copied.
    """

    size: int
    checks: tuple[Check, ...] = ()
    objects: tuple[ObjectReference, ...] = ()
    words: str = "empty"
    parent: str = ""
    may_be_flat: bool = False
    bootable: bool = False
    total: int | None = 0


class _Needs(msgspec.Struct):
    """What of an image's body only volumes need; ``min_disk`` is in GiB."""

    min_disk: int | None = None


async def source_of(services: Services, request: CreateVolume, site: Site) -> Source:
    """Look at what the volume is to be made of.

    Raises ObjectNotFound for what is not there, UsageError when nothing tells its size.
    """
    if request.image_id is not None and request.snapshot_id is not None:
        raise UsageError("A volume is made of an image or of a snapshot, not of both.")
    if request.size is not None and request.size < 1:
        raise UsageError("A volume has 1 GiB at least.")
    if request.image_id is not None:
        return await _image(services, request.image_id, request.size, site)
    if request.snapshot_id is not None:
        return await _snapshot(services, request.snapshot_id, request.size, site)
    if request.size is None:
        raise UsageError(
            "How large is the volume to be?", way_out="Give its size in GiB.", option="--size GIB"
        )
    return Source(size=_whole(request.size))


async def _image(services: Services, image_id: str, size: int | None, site: Site) -> Source:
    image = await services.glance.image(image_id)
    label = f"image “{printable(image.label, 60)}”"
    body = await services.glance.image_body(image_id)
    least = (decode_one(f"Glance: show {label}", body, None, _Needs).min_disk or 0) * GIB
    raw = image.disk_format == RAW
    content = image.virtual_size or (image.size if raw else None) or 0
    wanted = size or max(content, least)
    if not wanted:
        raise UsageError(
            f"Glance does not tell how large {label} is when unpacked.",
            way_out="Give its size in GiB.",
            option="--size GIB",
        )
    wanted = _whole(wanted)
    checks = [*_image_checks(image, label, site), *_size_checks(label, wanted, content, least)]
    at_site = site.store is not None and site.store in image.stores
    clone = raw and at_site
    if clone:
        found = await _copy_checks(services, image, label, site)
        checks += found
    pool = site.cluster.images_pool if site.cluster is not None else ""
    return Source(
        size=wanted,
        checks=tuple(checks),
        objects=(ObjectReference(kind="image", id=image.id, name=printable(image.label, 60)),),
        words=f"{'a clone' if clone else 'a full copy'} of {label}",
        parent=f"{pool}/{image.id}@{GLANCE_SNAP}" if clone and pool else "",
        bootable=True,
        total=0 if clone else (content or image.size),
    )


def _image_checks(image: Image, label: str, site: Site) -> list[Check]:
    checks = []
    if image.status != "active":
        checks.append(refused(f"{label} is {image.status}, not active.", "Wait until it is."))
    if site.store is None:
        checks.append(warned(f"{site.name} has no Glance store: the data comes from elsewhere."))
    elif site.store not in image.stores:
        where = ", ".join(image.stores) or "no store"
        checks.append(
            refused(
                f"{label} has no copy at {site.name}, only in {printable(where, 120)}: the volume "
                "would be fetched from there whole, and be no clone.",
                f"Copy it first: dcn-console image copy {image.id} --to {site.name}",
            )
        )
    if image.disk_format != RAW:
        checks.append(
            warned(
                f"{label} is {printable(image.disk_format or 'of no format', 40)}, not raw: Cinder "
                "unpacks it on its own disk and copies every byte; the volume is no clone.",
                "Import it again as raw.",
            )
        )
    return checks


def _size_checks(label: str, wanted: int, content: int, least: int) -> list[Check]:
    needed = max(_whole(content), least)
    if wanted < needed:
        text = (
            f"{label} needs {format_bytes(needed)}, the volume would have {format_bytes(wanted)}."
        )
        return [
            refused(text, f"Give it {gibibytes(needed)} GiB.", option=f"--size {gibibytes(needed)}")
        ]
    return []


async def _copy_checks(services: Services, image: Image, label: str, site: Site) -> list[Check]:
    """See that the copy at the site is whole: its RBD image with Glance's protected snapshot."""
    cluster = services.clusters.get(site.name)
    if cluster is None or site.cluster is None:
        return [fine(f"{label} has a copy at {site.name}, as Glance says.")]
    try:
        found = await cluster.rbd_image(site.cluster.images_pool, image.id)
    except RbdImageNotFound:
        text = f"Glance lists a copy of {label} at {site.name}, but its RBD image is gone."
        command = f"dcn-console image copy {image.id} --to {site.name}"
        return [refused(text, f"Delete that copy, and copy it anew: {command}")]
    except ClusterError as error:
        return [warned(f"Whether the copy is whole is not known: {error.message}", error.way_out)]
    if found.snap is False:
        text = f"The copy of {label} at {site.name} lacks the snapshot that clones are made of."
        return [refused(text, "Copy it anew.")]
    return [fine(f"{label} has a whole copy at {site.name}: the volume will be a clone of it.")]


async def _snapshot(services: Services, snapshot_id: str, size: int | None, site: Site) -> Source:
    snapshot = await services.cinder.snapshots.snapshot(snapshot_id)
    label = f"snapshot “{printable(snapshot.label, 60)}”"
    wanted = _whole(size or snapshot.size or 0)
    if not wanted:
        raise UsageError(
            f"Cinder does not tell the size of {label}.",
            way_out="Give its size in GiB.",
            option="--size GIB",
        )
    checks = []
    if snapshot.status != "available":
        checks.append(refused(f"{label} is {snapshot.status}, not available."))
    if snapshot.size is not None and wanted < snapshot.size:
        need, have = format_bytes(snapshot.size), format_bytes(wanted)
        checks.append(refused(f"{label} needs {need}, the volume would have {have}."))
    volume = await services.cinder.volume(snapshot.volume_id or "")
    home = site_of(services, volume)
    if home is None or home.name != site.name:
        where = home.name if home is not None else f"zone {volume.availability_zone}"
        checks.append(
            refused(
                f"{label} is at {printable(where, 60)}; a volume of it can only be made there "
                "(cloned_volume_same_az).",
                f"Back the snapshot up and restore it at {site.name}: dcn-console backup create "
                f"--snapshot {snapshot.id} {volume.id}",
            )
        )
    pool = site.cluster.volumes_pool if site.cluster is not None else ""
    return Source(
        size=wanted,
        checks=tuple(checks),
        objects=(
            ObjectReference(kind="snapshot", id=snapshot.id, name=printable(snapshot.label, 60)),
        ),
        words=f"of {label}",
        parent=f"{pool}/{image_of(volume.id)}@snapshot-{snapshot.id}" if pool else "",
        may_be_flat=True,
        bootable=volume.bootable,
        total=None,
    )


def _whole(size: int) -> int:
    """Return a size rounded up to whole GiB, as Cinder does."""
    return gibibytes(size) * GIB
