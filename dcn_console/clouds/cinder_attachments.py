"""What Cinder knows of volumes attached to servers (Cinder API ref, v3: Attachments)."""

import msgspec

from dcn_console.clouds.service_api import ServiceApi, path_of
from dcn_console.clouds.wire import decode_page
from dcn_console.model.storage import VolumeAttachment
from dcn_console.model.text import printable

_SINCE = "3.27"
"""The first microversion with attachments (Cinder API history)."""
_WAYS_OUT = {409: "Nova says that its server still uses the volume."}


class WireAttachment(msgspec.Struct):
    """An entry of ``/attachments``."""

    id: str
    status: str | None = None
    instance: str | None = None


class CinderAttachments:
    """The attachments of one Cinder. Everything raises as ``Cloud.request``."""

    def __init__(self, api: ServiceApi) -> None:
        self._api = api

    async def of_volume(self, volume_id: str) -> tuple[VolumeAttachment, ...]:
        """The attachments of a volume, also those only reserved, which the volume does not show."""
        doing = f"Cinder: list attachments of volume {printable(volume_id, 60)}"
        query = {"volume_id": volume_id, "all_tenants": "1"}
        answer = await self._api.get("/attachments", doing, query, self._api.header(_SINCE))
        items = decode_page(doing, answer.content, "attachments", WireAttachment).items
        return tuple(
            VolumeAttachment(id=item.id, status=item.status, server_id=item.instance)
            for item in items
        )

    async def delete(self, attachment_id: str) -> None:
        """Remove an attachment; HttpError 409 while its server is there and uses the volume.

        Cinder asks Nova (cinder/volume/api.py, attachment_deletion_allowed).
        """
        await self._api.change(
            "DELETE",
            path_of("attachments", attachment_id),
            f"Cinder: delete attachment {printable(attachment_id, 60)}",
            microversion=_SINCE,
            ways_out=_WAYS_OUT,
        )
