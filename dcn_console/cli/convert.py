"""Rows of the inventory into the objects of the JSON contract."""

from datetime import UTC, datetime

from dcn_console.cli.contract import (
    AttachmentObject,
    FindingObject,
    ImageObject,
    PlacementObject,
    SiteObject,
    StoreObject,
    VolumeObject,
)
from dcn_console.model.rows import Cell, Finding, ImageRow, SiteRow, StoreRow, VolumeRow


def utc(time: datetime | None) -> datetime | None:
    """Return ``time`` in UTC; None stays None."""
    return None if time is None else time.astimezone(UTC)


def site_object(row: SiteRow) -> SiteObject:
    """Return the JSON object of a site."""
    site, capacity = row.site, row.capacity
    reachable = None
    if site.cluster is not None:
        reachable = row.unreachable_since is None and row.error is None
    return SiteObject(
        name=site.name,
        role=site.role.value,
        read_only=site.read_only,
        store=site.store,
        availability_zone=site.availability_zone,
        fsid=(site.cluster.fsid or None) if site.cluster else None,
        reachable=reachable,
        unreachable_since=utc(row.unreachable_since),
        health=row.health,
        warnings=row.warnings,
        total_bytes=capacity.total if capacity else None,
        used_bytes=capacity.used if capacity else None,
        available_bytes=capacity.available if capacity else None,
        used_percent=round(capacity.used_percent, 2) if capacity else None,
        images=row.images,
        volumes=row.volumes,
        error=row.error,
        findings=finding_objects(row.findings),
    )


def store_object(row: StoreRow) -> StoreObject:
    """Return the JSON object of a store."""
    store, capacity = row.store, row.capacity
    return StoreObject(
        id=store.id,
        type=store.type,
        description=store.description,
        default=store.default,
        read_only=store.read_only,
        site=row.site,
        pool=store.pool,
        fsid=store.fsid,
        total_bytes=capacity.total if capacity else None,
        used_bytes=capacity.used if capacity else None,
        available_bytes=capacity.available if capacity else None,
        images=row.images,
    )


def image_object(row: ImageRow) -> ImageObject:
    """Return the JSON object of an image."""
    image = row.image
    return ImageObject(
        id=image.id,
        name=image.name,
        status=image.status,
        size_bytes=image.size,
        virtual_size_bytes=image.virtual_size,
        disk_format=image.disk_format,
        container_format=image.container_format,
        visibility=image.visibility,
        owner=image.owner,
        protected=image.protected,
        hidden=image.hidden,
        created_at=utc(image.created_at),
        updated_at=utc(image.updated_at),
        hash_algorithm=image.hash_algorithm,
        hash_value=image.hash_value,
        tags=image.tags,
        stores=image.stores,
        sites={cell.site: _placement(cell) for cell in row.cells},
        findings=finding_objects(row.findings),
    )


def volume_object(row: VolumeRow) -> VolumeObject:
    """Return the JSON object of a volume."""
    volume = row.volume
    return VolumeObject(
        id=volume.id,
        name=volume.name,
        status=volume.status,
        size_bytes=volume.size,
        site=row.site,
        availability_zone=volume.availability_zone,
        host=volume.host,
        project_id=volume.project_id,
        volume_type=volume.volume_type,
        bootable=volume.bootable,
        encrypted=volume.encrypted,
        image_id=volume.image_id,
        image_name=row.parent_image,
        server=row.server,
        attachments=tuple(
            AttachmentObject(server_id=attachment.server_id, device=attachment.device)
            for attachment in volume.attachments
        ),
        snapshot_id=volume.snapshot_id,
        source_volume_id=volume.source_volume_id,
        created_at=utc(volume.created_at),
        updated_at=utc(volume.updated_at),
        findings=finding_objects(row.findings),
    )


def _placement(cell: Cell) -> PlacementObject:
    return PlacementObject(
        state=cell.state.value, percent=cell.percent, task=cell.task, text=cell.text
    )


def finding_objects(findings: tuple[Finding, ...]) -> tuple[FindingObject, ...]:
    """Return the JSON objects of findings."""
    return tuple(
        FindingObject(
            kind=finding.kind,
            severity=finding.severity.value,
            site=finding.site,
            text=finding.text,
            way_out=finding.way_out,
        )
        for finding in findings
    )
