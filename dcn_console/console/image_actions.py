"""The images' menu and its actions: part of the one table of actions."""

from collections.abc import Callable

from dcn_console.console.action import IMAGES, Action, Menu
from dcn_console.console.image_availability import (
    with_chosen_images,
    with_copies,
    with_hub_store,
)
from dcn_console.console.situation import IMAGE_PLACES, Situation
from dcn_console.model.image_requests import DeleteCopies, DeleteImages, ImportImage
from dcn_console.model.requests import Request

IMAGE_MENU = Menu(key="I", title="Images")


def _action(
    name: str,
    letter: str,
    title: str,
    description: str,
    available: Callable[[Situation], str],
    request: type[Request],
) -> Action:
    return Action(
        id=name,
        menu=IMAGE_MENU,
        letter=letter,
        title=title,
        description=description,
        group=IMAGES,
        places=IMAGE_PLACES,
        changes=True,
        available=available,
        requests=(request,),
    )


IMAGE_ACTIONS: tuple[Action, ...] = (
    _action(
        "import_image",
        "i",
        "import",
        "Make an image of a file or a URL: raw, central first, then at edges.",
        with_hub_store,
        ImportImage,
    ),
    _action(
        "delete_copies",
        "d",
        "delete copy",
        "Delete the copy at a site; the image stays elsewhere.",
        with_copies,
        DeleteCopies,
    ),
    _action(
        "delete_images",
        "x",
        "delete",
        "Delete the images everywhere, unless something is a clone of one.",
        with_chosen_images,
        DeleteImages,
    ),
)
