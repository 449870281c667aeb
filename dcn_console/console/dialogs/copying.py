"""The way from the keys ``c`` and ``e`` to a submitted copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dcn_console.console.dialogs.copy_plan import CopyDialog
from dcn_console.console.dialogs.sites import SitesDialog
from dcn_console.console.navigation import home_of
from dcn_console.console.situation import Place
from dcn_console.model.rows import ImageRow
from dcn_console.model.text import count, printable

if TYPE_CHECKING:
    from dcn_console.console.host import ConsoleHost

_NAME = 60


def describe_images(images: Sequence[ImageRow]) -> str:
    """Return "cirros-0.6" or "3 images"."""
    if len(images) == 1:
        return printable(images[0].image.label, _NAME)
    return count(len(images), "image")


def ask_for_sites(app: ConsoleHost, images: tuple[ImageRow, ...]) -> None:
    """Ask for the sites, then show the plan."""

    def go_on(sites: tuple[str, ...] | None) -> None:
        if sites is not None:
            plan_copy(app, images, sites)

    app.open_dialog(SitesDialog(describe_images(images), images, app.rows.sites), go_on)


def plan_copy(
    app: ConsoleHost, images: tuple[ImageRow, ...], sites: tuple[str, ...] | None
) -> None:
    """Show the plan and submit it when agreed; marks are cleared once it was submitted."""
    keys = tuple(row.key for row in images)

    def go_on(submitted: bool | None) -> None:
        if submitted:
            home_of(app).tables[Place.IMAGES].clear_marks()

    app.open_dialog(CopyDialog(keys, sites, describe_images(images)), go_on)
