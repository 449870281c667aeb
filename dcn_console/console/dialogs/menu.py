"""A menu of actions: one letter each, those that cannot be run dimmed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Static

from dcn_console.console.action import Action, Menu
from dcn_console.console.actions import menu_actions
from dcn_console.console.content import to_content
from dcn_console.console.dialogs.subjects import what
from dcn_console.console.navigation import front_of
from dcn_console.console.prose import Prose
from dcn_console.console.situation import Situation
from dcn_console.console.spans import Line, Span, Tone, fit, foreign, line

if TYPE_CHECKING:
    from dcn_console.console.host import ConsoleHost

_TITLE = 15


class MenuDialog(ModalScreen[str | None]):
    """Ends with the id of the action whose letter was pressed, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "cancel", show=False),
        Binding("down", "move(1)", "down", show=False),
        Binding("up", "move(-1)", "up", show=False),
        Binding("enter", "choose", "choose", show=False),
    ]

    def __init__(self, menu: Menu, situation: Situation) -> None:
        """Make the dialog of a menu for what is marked or under the cursor."""
        super().__init__()
        self._menu = menu
        self._situation = situation
        self._actions = menu_actions(menu)
        usable = [index for index, item in enumerate(self._actions) if not item.reason(situation)]
        self._index = usable[0] if usable else 0

    @property
    def console(self) -> ConsoleHost:
        """The app, by its own type."""
        return cast("ConsoleHost", self.app)

    def compose(self) -> ComposeResult:
        """The actions and a note."""
        with Vertical(classes="dialog"):
            yield Prose(cut=True, id="menu")
            yield Static(id="menu-note")

    def on_mount(self) -> None:
        """Show the actions."""
        title = f"{self._menu.title} of {what(self._situation)}"
        self.query_one(".dialog").border_title = to_content((foreign(title, Tone.STRONG),))
        self._show()

    def _show(self) -> None:
        lines: list[Line] = []
        group = ""
        for index, action in enumerate(self._actions):
            if action.group != group:
                group = action.group
                heading = self._menu.heading(group, self._situation)
                if heading:
                    lines += [line(""), (foreign(heading, Tone.STRONG),)]
            lines.append(self._line(action, chosen=index == self._index))
        self.query_one("#menu", Prose).show(lines)
        self._note(self._actions[self._index])

    def _line(self, action: Action, *, chosen: bool) -> Line:
        usable = not action.reason(self._situation)
        return (
            Span("▸ " if chosen else "  ", Tone.ACCENT),
            Span(f"{action.letter}  ", Tone.ACCENT if usable else Tone.TRACK),
            *fit(
                (Span(action.title, Tone.STRONG if chosen and usable else _tone(usable=usable)),),
                _TITLE,
            ),
            Span(action.description, Tone.DIM if usable else Tone.TRACK),
        )

    def _note(self, action: Action) -> None:
        reason = action.reason(self._situation)
        note: Line = (
            (Span("not now: ", Tone.WARNING), foreign(reason))
            if reason
            else (Span(f"{action.letter} or enter: ", Tone.ACCENT), Span(action.description))
        )
        self.query_one("#menu-note", Static).update(to_content(note))

    def on_key(self, event: Key) -> None:
        """Run the action of a letter, or say why it cannot be run."""
        for index, action in enumerate(self._actions):
            if action.letter == event.key:
                event.stop()
                self._index = index
                self._show()
                self.action_choose()

    def action_move(self, by: int) -> None:
        """Go to the next or the previous action."""
        self._index = (self._index + by) % len(self._actions)
        self._show()

    def action_choose(self) -> None:
        """End with the action at hand, if it can be run."""
        action = self._actions[self._index]
        if not action.reason(self._situation) and self.app.screen is self:
            self.dismiss(action.id)

    def action_leave(self) -> None:
        """Leave without an answer."""
        if self.app.screen is self:
            self.dismiss(None)


def _tone(*, usable: bool) -> Tone:
    return Tone.PLAIN if usable else Tone.TRACK


def open_menu(app: ConsoleHost, menu: Menu) -> None:
    """Open a menu for what is marked or under the cursor, and run what is chosen."""

    def go_on(name: str | None) -> None:
        if name is not None:
            app.action_run(name)

    app.open_dialog(MenuDialog(menu, front_of(app).situation()), go_on)
