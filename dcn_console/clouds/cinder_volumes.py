"""Making, changing and deleting volumes (Cinder API ref, v3: Volumes, Volume actions)."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from dcn_console.clouds.answers import Answer
from dcn_console.clouds.cinder_wire import GIB, WireVolume, volume_from
from dcn_console.clouds.paging import pages
from dcn_console.clouds.service_api import ServiceApi, path_of
from dcn_console.clouds.storage_wire import WireMetadata, texts_from
from dcn_console.clouds.wire import decode_one
from dcn_console.model.errors import ObjectNotFound
from dcn_console.model.inventory import Volume
from dcn_console.model.storage import NewVolume
from dcn_console.model.text import printable

_FROM_BACKUP = "3.47"
_EXTEND_IN_USE = "3.42"
_UPLOAD_VISIBILITY = "3.1"
_OF_THE_IMPORT = "os_glance_"
"""Image properties that were Glance's own business while the image was imported."""
_CREATE_WAYS_OUT = {
    404: "The image, snapshot, volume or backup it is made of is gone, or these credentials may "
    "not see it.",
}
_STATE_WAYS_OUT = {
    400: "See the volume's status with “openstack volume show”.",
    409: "Something else changes the volume: look again when that is over.",
}


class _MarkedVolume(WireVolume):
    """A volume with its metadata."""

    metadata: dict[str, Any] | None = None


class _Upload(msgspec.Struct):
    image_id: str


class CinderVolumes:
    """What changes volumes. Everything raises as ``Cloud.request``; no change is asked twice."""

    def __init__(self, api: ServiceApi) -> None:
        self._api = api

    async def create(self, new: NewVolume) -> Volume:
        """Ask for a volume and return it as Cinder begins it, mostly in the status "creating".

        Its size is rounded up to whole GiB. From a backup needs microversion 3.47 (HttpError
        406); HttpError 413 when a quota is used up, 400 for what cannot be made.
        """
        fields: dict[str, Any] = {
            "name": new.name,
            "size": None if new.size is None else gibibytes(new.size),
            "availability_zone": new.availability_zone,
            "description": new.description,
            "volume_type": new.volume_type,
            "imageRef": new.image_id,
            "snapshot_id": new.snapshot_id,
            "source_volid": new.source_volume_id,
            "backup_id": new.backup_id,
            "metadata": new.metadata,
        }
        doing = f"Cinder: create volume “{printable(new.name)}”"
        answer = await self._api.change(
            "POST",
            "/volumes",
            doing,
            {
                "volume": {
                    key: value for key, value in fields.items() if value not in (None, "", {})
                }
            },
            microversion=_FROM_BACKUP if new.backup_id else "",
            ways_out=_CREATE_WAYS_OUT,
        )
        return volume_from(decode_one(doing, answer.content, "volume", WireVolume))

    async def made_with(self, metadata: Mapping[str, str]) -> tuple[Volume, ...]:
        """The volumes of all projects that carry all of ``metadata``.

        Cinder filters them; where it does not, the rest is left out here.
        """
        doing = "Cinder: look for volumes by their metadata"
        query = {"limit": "1000", "all_tenants": "1", "metadata": as_filter(metadata)}

        async def ask(page_query: dict[str, str]) -> Answer:
            return await self._api.get("/volumes/detail", doing, page_query)

        return tuple(
            [
                volume_from(item)
                async for items in pages(doing, ask, query, "volumes", _MarkedVolume)
                for item in items
                if metadata.items() <= (item.metadata or {}).items()
            ]
        )

    async def extend(self, volume_id: str, size_bytes: int) -> None:
        """Make a volume larger: to ``size_bytes``, rounded up to whole GiB; also while in use.

        HttpError 400 in the wrong state or for a smaller size, 413 when a quota is used up.
        """
        doing = f"Cinder: extend volume {printable(volume_id, 60)}"
        body = {"new_size": gibibytes(size_bytes)}
        await self._act(volume_id, "os-extend", body, doing, _EXTEND_IN_USE)

    async def delete(self, volume_id: str, *, cascade: bool = False) -> None:
        """Ask for a volume's end, and with ``cascade`` for that of its snapshots.

        It is over when the volume is not found. HttpError 400 while it is in use, or has
        snapshots without ``cascade``.
        """
        await self._api.change(
            "DELETE",
            path_of("volumes", volume_id),
            f"Cinder: delete volume {printable(volume_id, 60)}",
            params={"cascade": "true"} if cascade else None,
            ways_out=_STATE_WAYS_OUT,
        )

    async def upload(
        self,
        volume_id: str,
        image_name: str,
        disk_format: str,
        *,
        force: bool = False,
        visibility: str = "private",
    ) -> str:
        """Ask for an image of a volume's content; return the image's id.

        ``force`` is needed for a volume in use, and Cinder's option enable_force_upload. It is
        over when the image is active; a failure deletes the image.
        """
        doing = (
            f"Cinder: upload volume {printable(volume_id, 60)} as image “{printable(image_name)}”"
        )
        body = {
            "image_name": image_name,
            "disk_format": disk_format,
            "container_format": "bare",
            "force": force,
            "visibility": visibility,
        }
        what = "os-volume_upload_image"
        answer = await self._act(volume_id, what, body, doing, _UPLOAD_VISIBILITY)
        return decode_one(doing, answer.content, what, _Upload).image_id

    async def set_bootable(self, volume_id: str, bootable: bool) -> None:
        """Say whether a server may boot from a volume."""
        doing = f"Cinder: set volume {printable(volume_id, 60)} bootable"
        await self._act(volume_id, "os-set_bootable", {"bootable": bootable}, doing)

    async def image_metadata(self, volume_id: str) -> dict[str, str]:
        """What a volume keeps of the image it was made of, without the traces of its import.

        Cinder answers 404 for a volume without any as for one that is not there
        (GlanceMetadataNotFound); only the latter raises ObjectNotFound.
        """
        doing = f"Cinder: show the image metadata of volume {printable(volume_id, 60)}"
        try:
            answer = await self._act(volume_id, "os-show_image_metadata", {}, doing)
        except ObjectNotFound:
            await self.metadata(volume_id)
            return {}
        found = texts_from(decode_one(doing, answer.content, None, WireMetadata).metadata)
        return {key: value for key, value in found.items() if not key.startswith(_OF_THE_IMPORT)}

    async def set_image_metadata(self, volume_id: str, metadata: Mapping[str, str]) -> None:
        """Set some of a volume's image metadata; the rest stays."""
        doing = f"Cinder: set the image metadata of volume {printable(volume_id, 60)}"
        body = {"metadata": dict(metadata)}
        await self._act(volume_id, "os-set_image_metadata", body, doing)

    async def metadata(self, volume_id: str) -> dict[str, str]:
        """A volume's own metadata."""
        doing = f"Cinder: show the metadata of volume {printable(volume_id, 60)}"
        answer = await self._api.get(f"{path_of('volumes', volume_id)}/metadata", doing)
        return texts_from(decode_one(doing, answer.content, None, WireMetadata).metadata)

    async def _act(
        self, volume_id: str, what: str, body: Mapping[str, Any], doing: str, microversion: str = ""
    ) -> Answer:
        return await self._api.change(
            "POST",
            f"{path_of('volumes', volume_id)}/action",
            doing,
            {what: dict(body)},
            microversion=microversion,
            ways_out=_STATE_WAYS_OUT,
        )


def gibibytes(size: int) -> int:
    """Return whole GiB that hold ``size`` bytes."""
    return -(-size // GIB)


def as_filter(metadata: Mapping[str, str]) -> str:
    """Return metadata as Cinder's list filter reads it: a literal (cinder/api/v3/volumes.py)."""
    return json.dumps(dict(metadata))
