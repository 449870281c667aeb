"""Taking an image's data from a client: directly into a store, or to the staging folder.

Source: glance/api/v2/image_data.py.
"""

from msgspec.structs import replace

from dcn_console.simulator.capacity import fill
from dcn_console.simulator.data import Digests
from dcn_console.simulator.image_changes import changeable_image
from dcn_console.simulator.records import Content, ImageRecord, RbdRecord
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.tokens import Identity
from dcn_console.simulator.world import World


def begin_upload(
    world: World, who: Identity, image_id: str, store: str | None, *, staging: bool
) -> str:
    """Mark a queued image as taking data; return the store. Raise Refusal 400, 403, 404, 409."""
    image = changeable_image(world, who, image_id)
    target = store or world.deployment.default_store
    if target not in world.deployment.store_ids:
        raise Refusal(400, f"Store for identifier {target} not found")
    missing = [name for name in ("disk_format", "container_format") if not getattr(image, name)]
    if missing and not staging:
        raise Refusal(400, f"Properties {', '.join(missing)} must be set prior to saving data.")
    if image.status != "queued":
        verb = "uploading" if staging else "saving"
        raise Refusal(409, f"Image status transition from {image.status} to {verb} is not allowed")
    if world.deployment.site_of_store(target) is None and not staging:
        raise Refusal(410, "Error in store configuration. Adding images to store is disabled.")
    status = "uploading" if staging else "saving"
    world.put_image(replace(image, status=status, updated_at=world.now))
    return target


def break_off(world: World, image_id: str) -> None:
    """Put an image whose upload broke off back to queued."""
    image = world.images.get(image_id)
    if image is not None and image.status in ("saving", "uploading"):
        world.put_image(replace(image, status="queued"))


def finish_upload(
    world: World, image_id: str, store: str, known: Digests, content: Content
) -> None:
    """Make the image active in ``store``; raise Refusal 404, 410 or 413."""
    image = world.images.get(image_id)
    site = world.deployment.site_of_store(store)
    if image is None or site is None:
        raise Refusal(410, f"Image {image_id} could not be found after upload.")
    if fill(world, site).available < known.size:
        break_off(world, image_id)
        raise Refusal(413, "Image storage media is full: insufficient space available")
    record = RbdRecord(size=known.size, used=known.size)
    world.put_rbd(site, site.images_pool, image_id, record)
    world.put_image(
        replace(_with_digests(image, known, content), status="active", stores=(store,),
                updated_at=world.now)
    )  # fmt: skip


def finish_staging(world: World, image_id: str, known: Digests, content: Content) -> None:
    """Note that the data is in the staging folder; raise Refusal 410."""
    image = world.images.get(image_id)
    if image is None:
        raise Refusal(410, f"Image {image_id} could not be found after upload.")
    world.staged.add(image_id)
    world.put_image(replace(_with_digests(image, known, content), updated_at=world.now))


def _with_digests(image: ImageRecord, known: Digests, content: Content) -> ImageRecord:
    return replace(
        image,
        size=known.size,
        virtual_size=known.size if image.disk_format == "raw" else None,
        checksum=known.checksum,
        hash_algorithm="sha512",
        hash_value=known.sha512,
        content=content,
    )
