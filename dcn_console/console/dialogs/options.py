"""The dialog that asks for the choices of an operation before it is planned."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from dcn_console.console.content import to_content
from dcn_console.console.dialogs.field_rows import ChoiceRow, TextRow, picked_row
from dcn_console.console.dialogs.forms import Answers, Field, Form, Option
from dcn_console.console.journal import describe
from dcn_console.console.prose import Prose
from dcn_console.console.spans import Line, Span, Tone, foreign, line
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
        self._asked = False
        self._has_facts = False
        self._absent: frozenset[str] = frozenset()

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
        self.query_one("#facts").display = False
        self._describe()

    def _look_up(self, answers: Answers) -> None:
        """Look up the facts once, as soon as they matter; show them while they do."""
        facts = self._form.facts
        if facts is None:
            return
        shown = facts.shown(answers)
        self.query_one("#facts").display = shown and (not self._asked or self._has_facts)
        if self._asked or not shown:
            return
        self._asked = True
        self._has_facts = True
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
        self._has_facts = bool(lines)
        for name, picks in facts.picks(plans).items():
            if picks:
                self._offer(name, picks)
        self._absent = facts.absent(plans)
        self._leave_absent()
        self._describe()

    def _offer(self, name: str, picks: tuple[Option, ...]) -> None:
        """Let a field be chosen from options instead of typed; what was typed stays chosen."""
        typed = self._rows[name]
        if not isinstance(typed, TextRow):
            return
        row = picked_row(typed, picks)
        had_focus = typed.has_focus_within
        self._rows[name] = row
        self.query_one(".dialog").mount(row, after=typed)
        typed.display = False
        if had_focus:
            row.focus()

    def _leave_absent(self) -> None:
        """Put the cursor on the next field that stays, when the one it is on goes."""
        rows = tuple(self._rows.values())
        at = next((index for index, row in enumerate(rows) if row.has_focus_within), None)
        if at is None or rows[at].field.id not in self._absent:
            return
        answers = self.answers
        for row in (*rows[at:], *reversed(rows[:at])):
            if self._is_shown(row.field, answers):
                row.focus() if isinstance(row, ChoiceRow) else row.query_one(Input).focus()
                return

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
        self._look_up(answers)
        for row in self._rows.values():
            row.display = self._is_shown(row.field, answers)
        self.query_one("#meaning", Prose).show(self._meaning())
        note = (Span("▲ ", Tone.WARNING), foreign(complaint)) if complaint else _KEYS
        self.query_one("#options-note", Static).update(to_content(note))

    def _is_shown(self, field: Field, answers: Answers) -> bool:
        return field.id not in self._absent and field.shown(answers)

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
            shown = self._is_shown(row.field, answers)
            complaint = row.field.complaint(row.value) if shown else ""
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
