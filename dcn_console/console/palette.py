"""The command palette: all actions of the registry, and the images and sites by name."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from dcn_console.console.action import Action, keys_text
from dcn_console.console.actions import ACTIONS
from dcn_console.console.screen import ConsoleScreen
from dcn_console.console.situation import Place
from dcn_console.model.text import printable

if TYPE_CHECKING:
    from dcn_console.console.host import ConsoleHost

MOST_OBJECTS = 40
"""Objects offered for one search."""


class ActionProvider(Provider):
    """Offers every action with its keys; those that cannot be run say why."""

    @property
    def _console(self) -> ConsoleHost:
        return cast("ConsoleHost", self.app)

    async def discover(self) -> Hits:
        """Offer all actions before anything was typed."""
        for action in _offered():
            yield DiscoveryHit(
                Content(_label(action)), self._run(action), action.title, self._help(action)
            )

    async def search(self, query: str) -> Hits:
        """Offer the actions whose name or description is like the query."""
        matcher = self.matcher(query)
        for action in _offered():
            score = max(matcher.match(_name(action)), matcher.match(action.description) * 0.8)
            if score > 0:
                yield Hit(
                    score,
                    Content(_label(action)),
                    self._run(action),
                    action.title,
                    self._help(action),
                )

    def _run(self, action: Action) -> partial[None]:
        return partial(self._console.action_run, action.id)

    def _help(self, action: Action) -> str:
        screen = self.screen
        reason = action.reason(screen.situation()) if isinstance(screen, ConsoleScreen) else ""
        return f"Not now: {reason}" if reason else action.description


class ObjectProvider(Provider):
    """Offers images and sites whose name has what was typed."""

    async def search(self, query: str) -> Hits:
        """Offer pages of objects."""
        console = cast("ConsoleHost", self.app)
        wanted = query.lower()
        found = 0
        for place, kind, rows in (
            (Place.SITES, "site", console.rows.sites),
            (Place.IMAGES, "image", console.rows.images),
        ):
            for row in rows:
                name = row.key if place is Place.SITES else row.image.label  # type: ignore[union-attr]
                if wanted not in name.lower():
                    continue
                shown = printable(name, 80)
                yield Hit(
                    0.3,
                    Content(f"{kind}  {shown}"),
                    partial(console.open_row, place, row.key),
                    shown,
                    printable(row.key),
                )
                found += 1
                if found >= MOST_OBJECTS:
                    return


def _offered() -> tuple[Action, ...]:
    return tuple(action for action in ACTIONS if not action.by_table and action.id != "palette")


def _label(action: Action) -> str:
    return f"{_name(action)}  ({keys_text(action)})"


def _name(action: Action) -> str:
    """Return the action's title, after that of its menu: several menus can delete."""
    return f"{action.menu.title}: {action.title}" if action.menu is not None else action.title
