"""What Glance sends, and its conversion to the model (Glance API ref: Images, Stores, Tasks)."""

from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any
from urllib.parse import unquote

import msgspec

from dcn_console.clouds.wire import shared, utc
from dcn_console.model.inventory import Image, ImageTask, RbdLocation, Store

Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class WireLocation(msgspec.Struct):
    """An entry of ``locations``."""

    url: str
    metadata: dict[str, Any] | None = None


class WireImage(msgspec.Struct):
    """An image; stores are comma-separated text (glance/api/v2/images.py)."""

    id: str
    name: str | None = None
    status: str | None = None
    disk_format: str | None = None
    container_format: str | None = None
    size: Count | None = None
    virtual_size: Count | None = None
    visibility: str | None = None
    owner: str | None = None
    protected: bool | None = None
    os_hidden: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    stores: str | None = None
    os_glance_importing_to_stores: str | None = None
    os_glance_failed_import: str | None = None
    os_glance_import_task: str | None = None
    os_hash_algo: str | None = None
    os_hash_value: str | None = None
    locations: list[WireLocation] | None = None
    tags: list[str] | None = None


class WireStore(msgspec.Struct):
    """A store; ``default`` and ``read-only`` are the text "true" where they are set at all."""

    id: str
    description: str | None = None
    default: str | bool | None = None
    read_only: str | bool | None = msgspec.field(default=None, name="read-only")
    type: str | None = None
    properties: dict[str, Any] | None = None


class WireTask(msgspec.Struct):
    """A task; ``input`` repeats the import request."""

    id: str
    status: str | None = None
    type: str | None = None
    message: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    input: dict[str, Any] | None = None


def image_from(wire: WireImage) -> Image:
    """Return the image that Glance described."""
    locations = wire.locations
    return Image(
        id=wire.id,
        name=wire.name,
        status=shared(wire.status),
        disk_format=shared(wire.disk_format),
        container_format=shared(wire.container_format),
        size=wire.size,
        virtual_size=wire.virtual_size,
        visibility=shared(wire.visibility),
        owner=shared(wire.owner),
        protected=bool(wire.protected),
        hidden=bool(wire.os_hidden),
        created_at=utc(wire.created_at),
        updated_at=utc(wire.updated_at),
        stores=_names(wire.stores),
        importing_to=_names(wire.os_glance_importing_to_stores),
        failed_stores=_names(wire.os_glance_failed_import),
        import_task=wire.os_glance_import_task or None,
        hash_algorithm=shared(wire.os_hash_algo),
        hash_value=wire.os_hash_value,
        locations=_locations_from(locations) if locations else (),
        tags=tuple(wire.tags) if wire.tags else (),
    )


def store_from(wire: WireStore) -> Store:
    """Return the store that Glance described, with pool and fsid where the detail gave them."""
    properties = wire.properties or {}
    return Store(
        id=wire.id,
        description=wire.description or "",
        default=_is_true(wire.default),
        read_only=_is_true(wire.read_only),
        type=wire.type,
        pool=_text(properties.get("pool")),
        fsid=_text(properties.get("fsid")),
    )


def task_from(wire: WireTask) -> ImageTask:
    """Return the task that Glance described, with the method and stores of its request."""
    request = (wire.input or {}).get("import_req")
    request = request if isinstance(request, dict) else {}
    method = request.get("method")
    stores = request.get("stores") or (wire.input or {}).get("backend")
    return ImageTask(
        id=wire.id,
        status=wire.status,
        type=wire.type,
        message=wire.message or "",
        created_at=utc(wire.created_at),
        updated_at=utc(wire.updated_at),
        method=_text(method.get("name")) if isinstance(method, dict) else None,
        stores=tuple(name for name in stores if isinstance(name, str))
        if isinstance(stores, list)
        else (),
    )


@lru_cache(maxsize=1024)
def _split(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _names(text: str | None) -> tuple[str, ...]:
    return _split(text) if text else ()


def _locations_from(locations: list[WireLocation]) -> tuple[RbdLocation, ...]:
    found = []
    for location in locations:
        scheme, _, rest = location.url.partition("://")
        fsid, _, path = rest.partition("/")
        pool = path.partition("/")[0]
        store = _text((location.metadata or {}).get("store"))
        if scheme == "rbd" and fsid and pool and store:
            found.append(_location(store, fsid, pool))
    return _together(tuple(found))


@lru_cache(maxsize=1024)
def _location(store: str, fsid: str, pool: str) -> RbdLocation:
    return RbdLocation(store=store, fsid=fsid, pool=unquote(pool))


@lru_cache(maxsize=1024)
def _together(locations: tuple[RbdLocation, ...]) -> tuple[RbdLocation, ...]:
    return locations


def _is_true(value: str | bool | None) -> bool:
    return value is True or (isinstance(value, str) and value.strip().lower() == "true")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
