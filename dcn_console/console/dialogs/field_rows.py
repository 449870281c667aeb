"""The rows of a dialog's fields: one to choose on, one to type in."""

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Key
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from dcn_console.console.content import to_content
from dcn_console.console.details.document import LABEL_WIDTH
from dcn_console.console.dialogs.forms import Field, Option
from dcn_console.console.spans import Span, Tone, cells, foreign


class ChoiceRow(Widget, can_focus=True):
    """A label and its options; the arrow keys and space choose, a letter the next that has it."""

    DEFAULT_CSS = """
    ChoiceRow { height: 1; width: 1fr; }
    ChoiceRow:focus { background: $primary-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,space", "choose(1)", "next", show=False),
        Binding("left", "choose(-1)", "previous", show=False),
    ]

    class Changed(Message):
        """Another option was chosen."""

    def __init__(self, field: Field, start: str, kind: str = "field") -> None:
        """Make the row of a field with the option ``start`` chosen, else the first."""
        super().__init__(id=f"{kind}-{field.id}")
        self.field = field
        values = [option.value for option in field.options]
        self._index = values.index(start) if start in values else 0

    @property
    def value(self) -> str:
        """The chosen option's value."""
        return self.field.options[self._index].value

    def render(self) -> Content:
        """Show all options where they fit, else the chosen one between arrows."""
        label = Span(f"{self.field.label:<{LABEL_WIDTH}}", Tone.DIM)
        spans = [label]
        room = self.size.width - LABEL_WIDTH
        if sum(cells(option.words) + 4 for option in self.field.options) - 2 <= room:
            for index, option in enumerate(self.field.options):
                chosen = index == self._index
                spans.append(Span("● " if chosen else "○ ", Tone.ACCENT if chosen else Tone.DIM))
                spans.append(foreign(option.words, Tone.STRONG if chosen else Tone.DIM))
                spans.append(Span("  "))
        else:
            option = self.field.options[self._index]
            of = f"  {self._index + 1} of {len(self.field.options)}"
            spans += (
                Span("‹ ", Tone.ACCENT),
                foreign(option.words, Tone.STRONG),
                Span(" ›", Tone.ACCENT),
                Span(of, Tone.DIM),
            )
        return to_content(tuple(spans))

    def action_choose(self, by: int) -> None:
        """Choose the next or the previous option."""
        self._index = (self._index + by) % len(self.field.options)
        self.refresh()
        self.post_message(self.Changed())

    def on_click(self) -> None:
        """Choose the next option."""
        self.action_choose(1)

    def on_key(self, event: Key) -> None:
        """Choose the next option that begins with the letter pressed."""
        letter = (event.character or "").casefold()
        if not letter.isalnum():
            return
        options = self.field.options
        for by in range(1, len(options) + 1):
            if options[(self._index + by) % len(options)].words.casefold().startswith(letter):
                event.stop()
                self.action_choose(by)
                return


class TextRow(Horizontal):
    """A label and an input."""

    DEFAULT_CSS = """
    TextRow { height: 1; width: 1fr; }
    TextRow Static { width: 14; color: $text-muted; }
    TextRow Input { width: 1fr; border: none; height: 1; padding: 0 1; background: $panel; }
    TextRow Input:focus { border: none; background: $primary-muted; }
    """

    def __init__(self, field: Field, start: str, accept: Callable[[], None]) -> None:
        """Make the row of a field that holds ``start``; ``accept`` is called on Enter."""
        super().__init__(id=f"field-{field.id}")
        self.field = field
        self._input = Input(value=start, select_on_focus=False, compact=True)
        self._accept = accept

    def compose(self) -> ComposeResult:
        """The label and the input."""
        yield Static(self.field.label, markup=False)
        yield self._input

    @property
    def value(self) -> str:
        """What was typed."""
        return self._input.value.strip()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._accept()


def picked_row(typed: TextRow, picks: tuple[Option, ...]) -> ChoiceRow:
    """Return the row on which one chooses what was to be typed; what was typed stays chosen."""
    nothing = () if typed.field.is_needed else (Option(value="", words=typed.field.nothing),)
    start, options = _with_typed(typed.value, picks)
    field = replace(typed.field, options=(*nothing, *options))
    return ChoiceRow(field, start, kind="pick")


def _with_typed(text: str, picks: tuple[Option, ...]) -> tuple[str, tuple[Option, ...]]:
    """Return what to begin with, and the options with what was typed where it is none of them.

    The beginning of one option alone stands for it.
    """
    if not text or any(pick.value == text for pick in picks):
        return text, picks
    begun = [pick for pick in picks if pick.words.casefold().startswith(text.casefold())]
    if len(begun) == 1:
        return begun[0].value, picks
    return text, (Option(value=text, words=text, hint="As it was typed."), *picks)
