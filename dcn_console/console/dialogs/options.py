"""The dialog that asks for the choices of an operation before it is planned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Key
from textual.message import Message
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, Static

from dcn_console.console.content import to_content
from dcn_console.console.details.document import LABEL_WIDTH
from dcn_console.console.dialogs.forms import Answers, Field, Form, Option
from dcn_console.console.journal import describe
from dcn_console.console.prose import Prose
from dcn_console.console.spans import Line, Span, Tone, cells, foreign, line
from dcn_console.model.plans import Plan

if TYPE_CHECKING:
    from dcn_console.console.host import ConsoleHost

_KEYS: Line = (
    Span("↑↓", Tone.ACCENT),
    Span(" fields  ", Tone.DIM),
    Span("←→", Tone.ACCENT),
    Span(" choose  ", Tone.DIM),
    Span("enter", Tone.ACCENT),
    Span(" plans it  ", Tone.DIM),
    Span("esc", Tone.ACCENT),
    Span(" leaves", Tone.DIM),
)


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


class OptionsDialog(ModalScreen["dict[str, str] | None"]):
    """Asks for the fields of a form; ends with the answers, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "cancel", show=False),
        Binding("down", "app.focus_next", "next field", show=False),
        Binding("up", "app.focus_previous", "previous field", show=False),
        Binding("enter", "accept", "plan", show=False),
    ]

    def __init__(self, form: Form, answers: Answers) -> None:
        """Make the dialog of a form; earlier ``answers`` stand instead of the fields' starts."""
        super().__init__()
        self._form = form
        self._given = answers
        self._rows: dict[str, ChoiceRow | TextRow] = {}

    @property
    def console(self) -> ConsoleHost:
        """The app, by its own type."""
        return cast("ConsoleHost", self.app)

    @property
    def answers(self) -> Answers:
        """What is chosen and typed at this moment."""
        return {name: row.value for name, row in self._rows.items()}

    def compose(self) -> ComposeResult:
        """The fields, what they mean, and the keys."""
        with Vertical(classes="dialog"):
            yield Prose(id="facts")
            for field in self._form.fields:
                start = self._given.get(field.id, field.start)
                row = (
                    ChoiceRow(field, start)
                    if field.options
                    else TextRow(field, start, self.action_accept)
                )
                self._rows[field.id] = row
                yield row
            yield Prose(id="meaning")
            yield Static(id="options-note")

    def on_mount(self) -> None:
        """Write title, meaning and keys, and look up the facts."""
        title = foreign(self._form.title, Tone.STRONG)
        self.query_one(".dialog").border_title = to_content((title,))
        self.query_one("#facts").display = self._form.facts is not None
        self._describe()
        facts = self._form.facts
        if facts is None:
            return
        self.query_one("#facts", Prose).show((line(facts.waiting, Tone.DIM),))
        self.console.call_workspace(
            self.console.workspace.plan(facts.request),
            self._told,
            failure=self._not_told,
            node=self,
        )

    def _told(self, plans: tuple[Plan, ...]) -> None:
        facts = self._form.facts
        if facts is None or not self.is_attached:
            return
        lines = facts.lines(plans)
        self.query_one("#facts", Prose).show((*lines, line("")) if lines else ())
        self.query_one("#facts").display = bool(lines)
        for name, picks in facts.picks(plans).items():
            if picks:
                self._offer(name, picks)
        self._describe()

    def _offer(self, name: str, picks: tuple[str, ...]) -> None:
        """Let a field be chosen from names instead of typed; what was typed stays chosen."""
        typed = self._rows[name]
        nothing = () if typed.field.is_needed else (Option(value="", words="none"),)
        options = tuple(Option(value=pick, words=pick) for pick in picks)
        field = replace(typed.field, options=(*nothing, *options))
        row = ChoiceRow(field, typed.value, kind="pick")
        had_focus = typed.has_focus_within
        self._rows[name] = row
        self.query_one(".dialog").mount(row, after=typed)
        typed.display = False
        if had_focus:
            row.focus()

    def _not_told(self, error: Exception) -> None:
        if self.is_attached:
            text = foreign(describe(error)[0], Tone.WARNING, 1000)
            self.query_one("#facts", Prose).show(((Span("▲ ", Tone.WARNING), text), line("")))

    @on(ChoiceRow.Changed)
    @on(Input.Changed)
    def _changed(self) -> None:
        self._describe()

    def on_descendant_focus(self) -> None:
        """Say what the field at hand means."""
        self._describe()

    def _describe(self, complaint: str = "") -> None:
        answers = self.answers
        for row in self._rows.values():
            row.display = row.field.shown(answers)
        self.query_one("#meaning", Prose).show(self._meaning())
        note = (Span("▲ ", Tone.WARNING), foreign(complaint)) if complaint else _KEYS
        self.query_one("#options-note", Static).update(to_content(note))

    def _meaning(self) -> tuple[Line, ...]:
        """Return what the field with the focus means, and what its chosen option does."""
        row = next((item for item in self._rows.values() if item.has_focus_within), None)
        if row is None:
            return (line(""),)
        option = row.field.option(row.value)
        words = (option.hint if option is not None else "") or row.field.hint
        return (foreign_line(words),)

    def action_accept(self) -> None:
        """End with the answers unless something is wrong with one of them."""
        answers = self.answers
        for row in self._rows.values():
            complaint = row.field.complaint(row.value) if row.field.shown(answers) else ""
            if complaint:
                self._describe(complaint)
                return
        if self.app.screen is self:
            self.dismiss(dict(answers))

    def action_leave(self) -> None:
        """Leave without an answer."""
        if self.app.screen is self:
            self.dismiss(None)


def foreign_line(text: str) -> Line:
    """Return words that may hold names of others as a dim line."""
    return (foreign(text, Tone.DIM, 400),) if text else line("")
