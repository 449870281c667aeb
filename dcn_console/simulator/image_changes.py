"""Creating, changing and deleting images (glance/api/v2/images.py)."""

import re
import uuid
from typing import Any

from msgspec.structs import replace

from dcn_console.simulator.records import ImageRecord
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.tokens import Identity
from dcn_console.simulator.world import World

RESERVED_PREFIX = "os_glance"
DISK_FORMATS = (
    "ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop",
)  # fmt: skip
CONTAINER_FORMATS = ("ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed")
VISIBILITIES = ("community", "public", "private", "shared")

_DISALLOWED = ("direct_url", "self", "file", "schema", "stores")
_READ_ONLY = (
    "created_at", "updated_at", "status", "checksum", "size", "virtual_size", "direct_url",
    "self", "file", "schema", "id", "os_hash_algo", "os_hash_value",
)  # fmt: skip
_RESERVED = ("location", "deleted", "deleted_at")
_FIELDS = {
    "name": "name",
    "visibility": "visibility",
    "owner": "owner",
    "disk_format": "disk_format",
    "container_format": "container_format",
    "min_disk": "min_disk",
    "min_ram": "min_ram",
    "protected": "protected",
    "os_hidden": "hidden",
    "tags": "tags",
}
_CHOICES = {
    "disk_format": (*DISK_FORMATS, None),
    "container_format": (*CONTAINER_FORMATS, None),
    "visibility": VISIBILITIES,
}
_TYPES: dict[str, tuple[type, ...]] = {
    "name": (str, type(None)),
    "owner": (str, type(None)),
    "min_disk": (int,),
    "min_ram": (int,),
    "protected": (bool,),
    "os_hidden": (bool,),
    "tags": (list,),
}
_NAME_LIMIT = 255
_LAST_OF_THREE_BYTES = 0xFFFF
_DENIED = "Access was denied to this resource."
_CONFLICT = "There was a conflict when trying to complete your request."


def visible_image(world: World, who: Identity, image_id: str) -> ImageRecord:
    """Return an image that the user may see; raise Refusal 404."""
    image = world.images.get(image_id)
    if image is None or not who.may_see_image(image):
        raise Refusal(404, f"No image found with ID {image_id}")
    return image


def changeable_image(world: World, who: Identity, image_id: str) -> ImageRecord:
    """Return an image that the user may change; raise Refusal 403 or 404."""
    image = visible_image(world, who, image_id)
    if not who.may_change_image(image):
        raise Refusal(403, f"You are not permitted to modify image {image_id}.")
    return image


def create_image(world: World, who: Identity, body: Any) -> ImageRecord:
    """Create a queued image from a request's body; raise Refusal 400, 403 or 409."""
    if not isinstance(body, dict):
        raise Refusal(400, "Body expected in request.")
    for key in _DISALLOWED:
        if key in body:
            raise Refusal(403, f"Attribute '{key}' is read-only.")
    identifier = body.get("id") or world.new_identifier("image")
    if not _is_uuid(identifier):
        raise Refusal(400, f"Provided object does not match schema 'image': {identifier!r}")
    if identifier in world.images:
        raise Refusal(409, f"Image ID {identifier} already exists!")
    image = ImageRecord(
        id=identifier, owner=who.project_id, created_at=world.now, updated_at=world.now
    )
    for key, value in body.items():
        if key != "id":
            _refuse_reserved(key, ("status", "size", "checksum"))
            image = _with(who, image, key, value)
    world.put_image(image)
    return image


def patch_image(world: World, who: Identity, image_id: str, changes: Any) -> ImageRecord:
    """Apply a JSON patch (add, replace, remove) to an image; raise Refusal as Glance does."""
    image = changeable_image(world, who, image_id)
    if not isinstance(changes, list):
        raise Refusal(400, "Request body must be a JSON array of operation objects.")
    for change in changes:
        image = _apply(who, image, change)
    image = replace(image, updated_at=world.now)
    world.put_image(image)
    return image


def _apply(who: Identity, image: ImageRecord, change: Any) -> ImageRecord:
    if not isinstance(change, dict):
        raise Refusal(400, "Operations must be JSON objects.")
    operation, path = change.get("op"), change.get("path")
    if operation not in ("add", "remove", "replace"):
        raise Refusal(
            400,
            f"Invalid operation: `{operation}`. It must be one of the following: "
            "add, remove, replace.",
        )
    if isinstance(path, str) and not path.startswith("/"):
        raise Refusal(400, f'Pointer `{path}` does not start with "/".')
    if not isinstance(path, str) or not re.fullmatch(r"/[^/]+", path):
        raise Refusal(400, f"Invalid JSON pointer for this resource: '{path}'")
    key = path[1:].replace("~1", "/").replace("~0", "~")
    _refuse_reserved(key, _READ_ONLY)
    if key == "locations":
        raise Refusal(403, "It's not allowed to change locations of an image.")
    if operation == "remove":
        if key in _FIELDS:
            raise Refusal(403, f"{_DENIED} Property {key} may not be removed.")
        if key not in image.properties:
            raise Refusal(409, f"{_CONFLICT} Property {key} does not exist.")
        left = {name: value for name, value in image.properties.items() if name != key}
        return replace(image, properties=left)
    if "value" not in change:
        raise Refusal(400, f'Operation "{operation}" requires a member named "value".')
    if operation == "replace" and key not in _FIELDS and key not in image.properties:
        raise Refusal(409, f"{_CONFLICT} Property {key} does not exist.")
    return _with(who, image, key, change["value"])


def _refuse_reserved(key: str, read_only: tuple[str, ...]) -> None:
    if key in read_only:
        raise Refusal(403, f"Attribute '{key}' is read-only.")
    if key in _RESERVED or key.startswith(RESERVED_PREFIX):
        raise Refusal(403, f"{_DENIED} Attribute '{key}' is reserved.")


def _with(who: Identity, image: ImageRecord, key: str, value: Any) -> ImageRecord:
    """Return the image with one attribute or property set; raise Refusal 400, 403 or 409."""
    _check_value(key, value)
    if key == "visibility" and value == "public" and not who.is_admin:
        raise Refusal(403, "You are not authorized to complete publicize_image action.")
    if key in ("disk_format", "container_format") and image.status != "queued":
        raise Refusal(403, f"Attribute {key} can be only replaced for a queued image.")
    if key == "tags":
        return replace(image, tags=tuple(dict.fromkeys(str(tag) for tag in value)))
    if key in _FIELDS:
        return replace(image, **{_FIELDS[key]: value})
    if len(key) > _NAME_LIMIT:
        raise Refusal(400, "Custom property should not be greater than 255 characters.")
    return replace(image, properties={**image.properties, key: value})


def _check_value(key: str, value: Any) -> None:
    wrong = f"Provided object does not match schema 'image': {value!r} is not valid for {key}"
    if key in _CHOICES and value not in _CHOICES[key]:
        raise Refusal(400, wrong)
    types = _TYPES.get(key, () if key in _CHOICES else (str,))
    if types and not isinstance(value, types):
        raise Refusal(400, wrong)
    if key == "name" and isinstance(value, str):
        if len(value) > _NAME_LIMIT:
            raise Refusal(400, wrong)
        if any(ord(character) > _LAST_OF_THREE_BYTES for character in value):
            raise Refusal(400, "Name can't contain 4 byte unicode characters.")


def _is_uuid(text: object) -> bool:
    try:
        return str(uuid.UUID(str(text))) == str(text).lower()
    except ValueError:
        return False


def delete_image(world: World, who: Identity, image_id: str) -> None:
    """Delete an image with all its copies; raise Refusal 403, 404 or 409.

    An image with a copy-on-write clone at one site answers 409, and by then the copies at the
    other sites are gone: seen on real services.
    """
    image = world.images.get(image_id)
    if image is None or not who.may_see_image(image):
        raise Refusal(404, f"Failed to find image {image_id} to delete")
    if not who.may_change_image(image):
        raise Refusal(403, f"You are not permitted to delete image {image_id}.")
    if image.protected:
        raise Refusal(403, f"Image {image_id} is protected and cannot be deleted.")
    kept = []
    for store in image.stores:
        site = world.deployment.site_of_store(store)
        if site is not None and world.clones_of(site, image_id):
            kept.append(store)
        elif site is not None:
            world.drop_rbd(site, site.images_pool, image_id)
    if kept:
        world.put_image(replace(image, stores=tuple(kept)))
        raise Refusal(
            409,
            f"Image {image_id} could not be deleted because it is in use: "
            "The image cannot be deleted because it is in use through the backend store "
            "outside of Glance.",
        )
    for site in world.deployment.sites:
        record = world.rbd(site, site.images_pool).get(image_id)
        if record is not None and not record.snap:
            world.drop_rbd(site, site.images_pool, image_id)
    world.drop_image(image_id)


def delete_from_store(world: World, who: Identity, store: str, image_id: str) -> None:
    """Delete one copy of an image; raise Refusal 403, 404 or 409 as Glance does."""
    if store not in world.deployment.store_ids:
        raise Refusal(409, f"The selected store {store} is not available on this node.")
    image = visible_image(world, who, image_id)
    if not who.is_admin:
        raise Refusal(403, "You are not authorized to complete delete_image_location action.")
    if image.status != "active":
        raise Refusal(
            409,
            "It's not allowed to remove image data from store if image status is not 'active'",
        )
    if len(image.stores) == 1:
        raise Refusal(
            403,
            "Cannot delete image data from the only store containing it. "
            "Consider deleting the image instead.",
        )
    if store not in image.stores:
        raise Refusal(404, f"Image {image_id} is not stored in store {store}.")
    site = world.deployment.site_of_store(store)
    if site is not None:
        if world.clones_of(site, image_id):
            raise Refusal(
                409,
                f"The data for Image {image_id} could not be deleted because it is in use: "
                "The image cannot be deleted because it has snapshot(s).",
            )
        world.drop_rbd(site, site.images_pool, image_id)
    left = tuple(name for name in image.stores if name != store)
    world.put_image(replace(image, stores=left, updated_at=world.now))
