"""The line one types into: a filter after ``/``, a command after ``:``."""

from collections.abc import Callable, Sequence
from enum import StrEnum

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.suggester import SuggestFromList
from textual.widgets import Input, Label


class Mode(StrEnum):
    """What is being typed; the value is the sign shown before it."""

    FILTER = "/"
    COMMAND = ":"


class _Field(Input):
    """An input that hands on Enter at once, so that keys typed after it go where it leads."""

    def __init__(self, accept: Callable[[], None]) -> None:
        super().__init__(select_on_focus=False, compact=True)
        self._accept = accept

    async def action_submit(self) -> None:
        """Take what was typed."""
        self._accept()


class PromptBar(Horizontal):
    """One line with a sign and an input, in place of the footer while it is open."""

    DEFAULT_CSS = """
    PromptBar {
        height: 1;
        background: $panel;
        Label { padding: 0 0 0 1; color: $accent; text-style: bold; }
        Input { border: none; height: 1; padding: 0; background: $panel; }
        Input:focus { border: none; background-tint: $foreground 0%; }
    }
    """
    BINDINGS = [Binding("escape", "close", "close", show=False)]  # noqa: RUF012

    def __init__(
        self, edited: Callable[[Mode, str], None], done: Callable[[Mode, str, bool], None]
    ) -> None:
        """Make a closed prompt; ``edited`` and ``done`` are called at once, not by message.

        ``edited`` gets every change of the text, ``done`` the text and whether it was accepted.
        """
        super().__init__()
        self._edited = edited
        self._done = done
        self.display = False
        self.mode = Mode.COMMAND

    @property
    def is_open(self) -> bool:
        """Whether something is being typed."""
        return bool(self.display)

    def compose(self) -> ComposeResult:
        """The sign and the input."""
        yield Label()
        yield _Field(self.accept)

    def open(self, mode: Mode, text: str, suggestions: Sequence[str] = ()) -> None:
        """Begin to type with ``text``, and take the focus at once."""
        self.mode = mode
        self.query_one(Label).update(mode.value)
        field = self.query_one(Input)
        field.suggester = SuggestFromList(suggestions) if suggestions else None
        with field.prevent(Input.Changed):
            field.value = text
        field.cursor_position = len(text)
        self.display = True
        self.screen.set_focus(field)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.is_open:
            self._edited(self.mode, event.value)

    def accept(self) -> None:
        """Take what was typed."""
        self._finish(accepted=True)

    def action_close(self) -> None:
        """Give up typing."""
        self._finish(accepted=False)

    def _finish(self, *, accepted: bool) -> None:
        if self.is_open:
            self.display = False
            self._done(self.mode, self.query_one(Input).value, accepted)
