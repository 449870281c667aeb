"""The line one types into: a filter after ``/``, a command after ``:``."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input, Label

from dcn_console.console.prompt_mode import Mode


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

    @dataclass
    class Edited(Message):
        """The text changed."""

        mode: Mode
        text: str

    @dataclass
    class Done(Message):
        """Enter was pressed (``accepted``) or escape."""

        mode: Mode
        text: str
        accepted: bool

    def __init__(self, mode: Mode, text: str, suggestions: Sequence[str] = ()) -> None:
        """Make a prompt that begins with ``text``."""
        super().__init__()
        self.mode = mode
        self._text = text
        self._suggestions = suggestions

    def compose(self) -> ComposeResult:
        """The sign and the input."""
        yield Label(self.mode.value)
        yield Input(
            self._text,
            select_on_focus=False,
            compact=True,
            suggester=SuggestFromList(self._suggestions) if self._suggestions else None,
        )

    def on_mount(self) -> None:
        """Take the focus."""
        self.query_one(Input).focus()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Edited(self.mode, event.value))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Done(self.mode, event.value, accepted=True))

    def action_close(self) -> None:
        """Give up typing."""
        self.post_message(self.Done(self.mode, self.query_one(Input).value, accepted=False))
