"""Cinder's API for uwsgi, with two faults of Cinder 21.3 mended.

It drops the availability zone of a backup-create (Launchpad 1949061), and it sends an empty
`properties` to Glance, which refuses it with 400, when it uploads a volume whose image metadata
holds os_glance_* keys only, as that of every imported or copied image does.
"""

import inspect
import threading
from typing import Any

from cinder import objects  # type: ignore[import-not-found]

objects.register_all()

from cinder.backup import api as backup_api  # type: ignore[import-not-found]  # noqa: E402
from cinder.image import glance  # type: ignore[import-not-found]  # noqa: E402
from cinder.scheduler import rpcapi  # type: ignore[import-not-found]  # noqa: E402
from cinder.wsgi.wsgi import (  # type: ignore[import-not-found]  # noqa: E402
    initialize_application,
)

_asked = threading.local()
_create = backup_api.API.create
_cast = rpcapi.SchedulerAPI.create_backup
_translate = glance.GlanceImageService._translate_to_glance


def create(self: Any, *arguments: Any, **options: Any) -> Any:
    """Remember the zone that was asked for while the backup is being created."""
    given = inspect.signature(_create).bind(self, *arguments, **options).arguments
    _asked.zone = given.get("availability_zone")
    return _create(self, *arguments, **options)


def create_backup(self: Any, context: Any, backup: Any) -> Any:
    """Put the zone that was asked for into the backup before the scheduler sees it."""
    zone = getattr(_asked, "zone", None)
    if zone:
        backup.availability_zone = zone
        backup.save()
    return _cast(self, context, backup)


def translate_to_glance(image_meta: Any) -> Any:
    """Leave `properties` out when there are none."""
    translated = _translate(image_meta)
    if not translated.get("properties", True):
        translated.pop("properties")
    return translated


backup_api.API.create = create
rpcapi.SchedulerAPI.create_backup = create_backup
glance.GlanceImageService._translate_to_glance = staticmethod(translate_to_glance)

application = initialize_application()
