"""The JSON of ``-o json``: a contract with scripts, declared once.

Keys are snake_case and stay; new ones may be added. Sizes end in ``_bytes``, times are
ISO 8601 in UTC, durations are seconds. What is not known is null. Lists print an array of
these objects, ``show`` prints one.
"""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta


class FindingObject(msgspec.Struct, frozen=True, kw_only=True):
    """Something wrong that the inventory shows by itself."""

    kind: Annotated[str, Meta(description="no-central-copy, not-raw, copy-gone, …")]
    severity: Annotated[str, Meta(description="notice, warning or error")]
    site: Annotated[str | None, Meta(description="the site it concerns")]
    text: Annotated[str, Meta(description="one sentence")]
    way_out: Annotated[str, Meta(description="what to do about it")]


class SiteObject(msgspec.Struct, frozen=True, kw_only=True):
    """A site: ``site list``."""

    name: Annotated[str, Meta(description="the site's name")]
    role: Annotated[str, Meta(description="hub or edge")]
    read_only: Annotated[bool, Meta(description="changes there are refused")]
    store: Annotated[str | None, Meta(description="id of its Glance store")]
    availability_zone: Annotated[str | None, Meta(description="its availability zone")]
    fsid: Annotated[str | None, Meta(description="its Ceph cluster")]
    reachable: Annotated[
        bool | None, Meta(description="whether the cluster answers; null without Ceph access")
    ]
    unreachable_since: Annotated[
        datetime | None, Meta(description="when the cluster stopped answering")
    ]
    health: Annotated[str | None, Meta(description="HEALTH_OK, HEALTH_WARN or HEALTH_ERR")]
    warnings: Annotated[tuple[str, ...], Meta(description="Ceph's health checks")]
    total_bytes: Annotated[int | None, Meta(description="size of the cluster")]
    used_bytes: Annotated[int | None, Meta(description="used of it")]
    available_bytes: Annotated[int | None, Meta(description="what it can still take")]
    used_percent: Annotated[float | None, Meta(description="used, 0 to 100")]
    images: Annotated[int, Meta(description="images with a copy there")]
    volumes: Annotated[int, Meta(description="volumes there")]
    error: Annotated[str | None, Meta(description="why the last look failed")]
    findings: Annotated[tuple[FindingObject, ...], Meta(description="what is wrong")]


class StoreObject(msgspec.Struct, frozen=True, kw_only=True):
    """A Glance store: ``store list``."""

    id: Annotated[str, Meta(description="the store's id")]
    type: Annotated[str | None, Meta(description="rbd, http, …; null when hidden")]
    description: Annotated[str, Meta(description="Glance's description")]
    default: Annotated[bool, Meta(description="the default store")]
    read_only: Annotated[bool, Meta(description="nothing can be copied to it")]
    site: Annotated[str | None, Meta(description="the site it belongs to")]
    pool: Annotated[str | None, Meta(description="its RBD pool")]
    fsid: Annotated[str | None, Meta(description="its Ceph cluster")]
    total_bytes: Annotated[int | None, Meta(description="size of its cluster")]
    used_bytes: Annotated[int | None, Meta(description="used of it")]
    available_bytes: Annotated[int | None, Meta(description="what it can still take")]
    images: Annotated[int, Meta(description="images with a copy in it")]


class PlacementObject(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one image at one site."""

    state: Annotated[
        str,
        Meta(description="present, absent, copying, queued, failed, missing, gone or unknown"),
    ]
    percent: Annotated[float | None, Meta(description="of a copy whose bytes are counted")]
    task: Annotated[int | None, Meta(description="number of the task that copies it")]
    text: Annotated[str, Meta(description="more about it")]


class ImageObject(msgspec.Struct, frozen=True, kw_only=True):
    """An image: ``image list`` and ``image show``."""

    id: Annotated[str, Meta(description="the image's id")]
    name: Annotated[str | None, Meta(description="its name, as Glance has it")]
    status: Annotated[str | None, Meta(description="Glance's status")]
    size_bytes: Annotated[int | None, Meta(description="size of the data")]
    virtual_size_bytes: Annotated[int | None, Meta(description="size of the disk it holds")]
    disk_format: Annotated[str | None, Meta(description="raw, qcow2, …")]
    container_format: Annotated[str | None, Meta(description="bare, …")]
    visibility: Annotated[str | None, Meta(description="public, private, shared, community")]
    owner: Annotated[str | None, Meta(description="id of the owning project")]
    protected: Annotated[bool, Meta(description="Glance refuses to delete it")]
    hidden: Annotated[bool, Meta(description="left out of default lists")]
    created_at: Annotated[datetime | None, Meta(description="when it was created")]
    updated_at: Annotated[datetime | None, Meta(description="when it last changed")]
    hash_algorithm: Annotated[str | None, Meta(description="algorithm of hash_value")]
    hash_value: Annotated[str | None, Meta(description="os_hash_value of the data")]
    tags: Annotated[tuple[str, ...], Meta(description="its tags")]
    stores: Annotated[tuple[str, ...], Meta(description="stores that hold the data")]
    sites: Annotated[
        dict[str, PlacementObject], Meta(description="its state at each site, by site name")
    ]
    findings: Annotated[tuple[FindingObject, ...], Meta(description="what is wrong")]


class AttachmentObject(msgspec.Struct, frozen=True, kw_only=True):
    """Where a volume is attached."""

    server_id: Annotated[str, Meta(description="id of the server")]
    device: Annotated[str | None, Meta(description="device in the server")]


class VolumeObject(msgspec.Struct, frozen=True, kw_only=True):
    """A volume: ``volume list``."""

    id: Annotated[str, Meta(description="the volume's id")]
    name: Annotated[str | None, Meta(description="its name, as Cinder has it")]
    status: Annotated[str | None, Meta(description="Cinder's status")]
    size_bytes: Annotated[int | None, Meta(description="size of the volume")]
    site: Annotated[str | None, Meta(description="the site of its availability zone")]
    availability_zone: Annotated[str | None, Meta(description="its availability zone")]
    host: Annotated[str | None, Meta(description="host@backend#pool, for administrators")]
    project_id: Annotated[str | None, Meta(description="id of its project")]
    volume_type: Annotated[str | None, Meta(description="its type")]
    bootable: Annotated[bool, Meta(description="it can be booted from")]
    encrypted: Annotated[bool, Meta(description="its data is encrypted")]
    image_id: Annotated[str | None, Meta(description="image it was created from")]
    image_name: Annotated[str | None, Meta(description="name of that image")]
    server: Annotated[str | None, Meta(description="server it is attached to")]
    attachments: Annotated[tuple[AttachmentObject, ...], Meta(description="attachments")]
    snapshot_id: Annotated[str | None, Meta(description="snapshot it was created from")]
    source_volume_id: Annotated[str | None, Meta(description="volume it was cloned from")]
    created_at: Annotated[datetime | None, Meta(description="when it was created")]
    updated_at: Annotated[datetime | None, Meta(description="when it last changed")]
    findings: Annotated[tuple[FindingObject, ...], Meta(description="what is wrong")]
