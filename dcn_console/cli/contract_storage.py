"""The JSON of backups, snapshots and servers: as ``contract``, a contract with scripts."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from dcn_console.cli.contract import FindingObject


class BackupObject(msgspec.Struct, frozen=True, kw_only=True):
    """A backup: ``backup list``, each before those that build on it."""

    id: Annotated[str, Meta(description="the backup's id")]
    name: Annotated[str | None, Meta(description="its name, as Cinder has it")]
    status: Annotated[str | None, Meta(description="Cinder's status")]
    incremental: Annotated[bool, Meta(description="it builds on another backup")]
    parent: Annotated[
        str | None, Meta(description="id of the backup it builds on, as far as it can be told")
    ]
    chain: Annotated[str, Meta(description="id of the first backup of its chain")]
    depth: Annotated[int, Meta(description="how many backups it builds on")]
    dependents: Annotated[tuple[str, ...], Meta(description="ids of all that build on it")]
    deletable: Annotated[bool, Meta(description="it can be deleted by itself")]
    obstacle: Annotated[str, Meta(description="why it cannot, else empty")]
    volume_id: Annotated[str | None, Meta(description="id of the volume")]
    volume: Annotated[str | None, Meta(description="name of the volume, or its id")]
    volume_exists: Annotated[bool | None, Meta(description="whether the volume is still there")]
    snapshot_id: Annotated[str | None, Meta(description="snapshot that was backed up")]
    site: Annotated[str | None, Meta(description="the volume's site")]
    stored_at: Annotated[str | None, Meta(description="the site that holds the backup")]
    availability_zone: Annotated[str | None, Meta(description="the backup's availability zone")]
    size_bytes: Annotated[int | None, Meta(description="size of the volume")]
    encrypted: Annotated[bool, Meta(description="the volume was encrypted")]
    project_id: Annotated[str | None, Meta(description="id of its project")]
    fail_reason: Annotated[str | None, Meta(description="why it failed, in Cinder's words")]
    data_at: Annotated[datetime | None, Meta(description="the moment whose data it holds")]
    created_at: Annotated[datetime | None, Meta(description="when it was begun")]
    verified_on: Annotated[
        datetime | None, Meta(description="when a restore of it was last compared")
    ]
    findings: Annotated[tuple[FindingObject, ...], Meta(description="what is wrong")]


class SnapshotObject(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot of a volume: ``snapshot list``."""

    id: Annotated[str, Meta(description="the snapshot's id")]
    name: Annotated[str | None, Meta(description="its name, as Cinder has it")]
    status: Annotated[str | None, Meta(description="Cinder's status")]
    size_bytes: Annotated[int | None, Meta(description="size of the volume")]
    volume_id: Annotated[str | None, Meta(description="id of the volume")]
    volume: Annotated[str | None, Meta(description="name of the volume, or its id")]
    site: Annotated[str | None, Meta(description="the volume's site")]
    project_id: Annotated[str | None, Meta(description="id of its project")]
    created_at: Annotated[datetime | None, Meta(description="when it was taken")]


class ServerVolumeObject(msgspec.Struct, frozen=True, kw_only=True):
    """A volume of a server."""

    id: Annotated[str, Meta(description="the volume's id")]
    name: Annotated[str | None, Meta(description="its name, as Cinder has it")]
    size_bytes: Annotated[int | None, Meta(description="size of the volume")]
    root: Annotated[bool, Meta(description="the server boots from it")]


class ServerObject(msgspec.Struct, frozen=True, kw_only=True):
    """A server: ``server list``."""

    id: Annotated[str, Meta(description="the server's id")]
    name: Annotated[str | None, Meta(description="its name, as Nova has it")]
    status: Annotated[str | None, Meta(description="Nova's status")]
    task_state: Annotated[str | None, Meta(description="what Nova does with it just now")]
    site: Annotated[str | None, Meta(description="the site of its availability zone")]
    availability_zone: Annotated[str | None, Meta(description="its availability zone")]
    host: Annotated[str | None, Meta(description="its compute host, for administrators")]
    flavor: Annotated[str | None, Meta(description="its flavor's name")]
    image_id: Annotated[
        str | None, Meta(description="image it boots from; null when it boots from a volume")
    ]
    volumes: Annotated[tuple[ServerVolumeObject, ...], Meta(description="the root volume first")]
    project_id: Annotated[str | None, Meta(description="id of its project")]
    created_at: Annotated[datetime | None, Meta(description="when it was created")]
