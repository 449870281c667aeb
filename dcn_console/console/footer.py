"""The last line: the keys that work here, dimmed where they cannot be used at this moment."""

from textual import events
from textual.content import Content
from textual.widget import Widget

from dcn_console.console.action import Action
from dcn_console.console.actions import RIGHT, footer_actions
from dcn_console.console.content import STYLES
from dcn_console.console.key_names import key_name
from dcn_console.console.situation import Situation
from dcn_console.console.spans import Tone

_GAP = "  "
_ACTION = "app.run('{}')"


class KeyFooter(Widget):
    """Keys and titles from the registry, as many as fit. They can be clicked."""

    DEFAULT_CSS = "KeyFooter { height: 1; width: 1fr; }"
    ALLOW_SELECT = False

    def __init__(self) -> None:
        """Make an empty footer."""
        super().__init__()
        self._items: tuple[tuple[Action, bool], ...] = ()
        self._clicks: list[tuple[range, Action]] = []

    @property
    def items(self) -> tuple[tuple[Action, bool], ...]:
        """The actions offered, and whether each can be run."""
        return self._items

    def show(self, situation: Situation) -> None:
        """Offer what the registry knows for the situation."""
        items = tuple(
            (action, not action.reason(situation)) for action in footer_actions(situation.place)
        )
        if items != self._items:
            self._items = items
            self.refresh()

    def render(self) -> Content:
        """Lay out as many keys as fit: the last ones leave first, those at the right never."""
        always = [item for item in self._items if item[0].footer >= RIGHT]
        end = self.size.width - sum(_size(action) + len(_GAP) for action, _ in always)
        self._clicks = []
        pieces = [Content(" ")]
        x = 1
        for action, usable in self._items:
            right = action.footer >= RIGHT
            if right and x < end:
                pieces.append(Content(" " * (end - x)))
                x = end
            if not right and x + _size(action) > end:
                continue
            pieces += (*self._key(action, usable, x), Content(_GAP))
            x += _size(action) + len(_GAP)
        return Content("").join(pieces)

    def _key(self, action: Action, usable: bool, x: int) -> tuple[Content, Content]:
        """Return key and title, and remember where they are."""
        self._clicks.append((range(x, x + _size(action)), action))
        shade = f"{STYLES[Tone.DIM]} dim"
        return (
            Content.styled(key_name(action.keys[0]), "bold $primary" if usable else shade),
            Content.styled(f" {action.title}", "" if usable else shade),
        )

    async def on_click(self, event: events.Click) -> None:
        """Run the action that was clicked."""
        for cells, action in self._clicks:
            if event.x in cells:
                await self.run_action(_ACTION.format(action.id))


def _size(action: Action) -> int:
    return len(key_name(action.keys[0])) + 1 + len(action.title)
