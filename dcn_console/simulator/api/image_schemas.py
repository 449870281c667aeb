"""The JSON schemas of images and lists of images, in short (Glance API ref: Image Schemas)."""

from typing import Any

from dcn_console.simulator.image_changes import (
    CONTAINER_FORMATS,
    DISK_FORMATS,
    VISIBILITIES,
)


def _text(*, nullable: bool = False, **more: Any) -> dict[str, Any]:
    return {"type": ["null", "string"] if nullable else "string", "description": "", **more}


def _number(*, nullable: bool = False, **more: Any) -> dict[str, Any]:
    return {"type": ["null", "integer"] if nullable else "integer", "description": "", **more}


_READ_ONLY = {"readOnly": True}
_IMAGE: dict[str, Any] = {
    "name": "image",
    "properties": {
        "id": _text(pattern="^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}"
                    "-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$"),
        "name": _text(nullable=True, maxLength=255),
        "status": _text(**_READ_ONLY),
        "visibility": _text(enum=list(VISIBILITIES)),
        "protected": {"type": "boolean", "description": ""},
        "os_hidden": {"type": "boolean", "description": ""},
        "checksum": _text(nullable=True, **_READ_ONLY),
        "os_hash_algo": _text(nullable=True, **_READ_ONLY),
        "os_hash_value": _text(nullable=True, **_READ_ONLY),
        "owner": _text(nullable=True, maxLength=255),
        "size": _number(nullable=True, **_READ_ONLY),
        "virtual_size": _number(nullable=True, **_READ_ONLY),
        "container_format": _text(nullable=True, enum=[None, *CONTAINER_FORMATS]),
        "disk_format": _text(nullable=True, enum=[None, *DISK_FORMATS]),
        "created_at": _text(**_READ_ONLY),
        "updated_at": _text(**_READ_ONLY),
        "tags": {"type": "array", "description": "", "items": {"type": "string"}},
        "direct_url": _text(**_READ_ONLY),
        "min_ram": _number(),
        "min_disk": _number(),
        "self": _text(**_READ_ONLY),
        "file": _text(**_READ_ONLY),
        "schema": _text(**_READ_ONLY),
        "stores": _text(**_READ_ONLY),
        "locations": {
            "type": "array",
            "description": "",
            "items": {
                "type": "object",
                "required": ["url", "metadata"],
                "properties": {"url": {"type": "string"}, "metadata": {"type": "object"}},
            },
        },
    },
    "additionalProperties": {"type": "string"},
    "links": [
        {"rel": "self", "href": "{self}"},
        {"rel": "enclosure", "href": "{file}"},
        {"rel": "describedby", "href": "{schema}"},
    ],
}  # fmt: skip


def _list_of(name: str, item: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "properties": {
            name: {"type": "array", "items": item},
            "first": {"type": "string"},
            "next": {"type": "string"},
            "schema": {"type": "string"},
        },
        "links": [
            {"rel": "first", "href": "{first}"},
            {"rel": "next", "href": "{next}"},
            {"rel": "describedby", "href": "{schema}"},
        ],
    }


SCHEMAS: dict[str, dict[str, Any]] = {
    "image": _IMAGE,
    "images": _list_of("images", _IMAGE),
    "member": {"name": "member", "properties": {}},
    "members": _list_of("members", {"name": "member", "properties": {}}),
}
