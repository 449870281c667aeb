"""The images' menu and its actions: part of the one table of actions."""

from dcn_console.console.action import IMAGES, Action, Menu
from dcn_console.console.image_availability import (
    with_chosen_images,
    with_copies,
    with_hub_store,
)
from dcn_console.console.situation import IMAGE_PLACES
from dcn_console.model.image_requests import DeleteCopies, DeleteImages, ImportImage

IMAGE_MENU = Menu(key="I", title="Images", group=IMAGES, places=IMAGE_PLACES)

IMAGE_ACTIONS: tuple[Action, ...] = (
    IMAGE_MENU.action(
        "import_image",
        "i",
        "import",
        "Make an image of a file or a URL: raw, central first, then at edges.",
        with_hub_store,
        ImportImage,
    ),
    IMAGE_MENU.action(
        "delete_copies",
        "d",
        "delete copy",
        "Delete the copy at a site; the image stays elsewhere.",
        with_copies,
        DeleteCopies,
    ),
    IMAGE_MENU.action(
        "delete_images",
        "x",
        "delete",
        "Delete the images everywhere, unless something is a clone of one.",
        with_chosen_images,
        DeleteImages,
    ),
)
