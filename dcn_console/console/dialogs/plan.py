"""The dialog that shows a plan and asks whether to go ahead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from dcn_console.console.content import to_content
from dcn_console.console.dialogs.plan_text import plan_sections
from dcn_console.console.dialogs.typed_names import TypedNames
from dcn_console.console.journal import describe
from dcn_console.console.prose import Prose
from dcn_console.console.spans import Line, Span, Tone, foreign, line
from dcn_console.model.plans import Plan
from dcn_console.model.requests import Request
from dcn_console.model.tasks import Task
from dcn_console.model.text import count

if TYPE_CHECKING:
    from dcn_console.console.host import ConsoleHost

FRAME_LINES = 9
"""Lines of the dialog that are not the plan's text, and some of the screen around it."""
FRAME_LINES_LOW = 4
"""The same on a very low screen."""


class PlanDialog(ModalScreen[bool]):
    """Reads a plan, shows it, and submits it on ``y`` or its button, never by itself.

    What cannot be undone wants names typed first. It ends with True when tasks were submitted.
    Escape leaves at any moment.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "leave", "cancel", show=False),
        Binding("y", "confirm", "confirm", show=False),
        Binding("left,right", "other_button", "other button", show=False),
        Binding("down,j", "scroll(1)", "down", show=False),
        Binding("up,k", "scroll(-1)", "up", show=False),
    ]
    AUTO_FOCUS = "#cancel"

    def __init__(self, title: str, verb: str, requests: Sequence[Request]) -> None:
        """Make the dialog for requests; ``title`` stands until the plan does, ``verb`` says yes."""
        super().__init__()
        self._title = title
        self._verb = verb
        self._requests = tuple(requests)
        self._plans: tuple[Plan, ...] | None = None
        self._names = TypedNames()
        self._generation = 0
        self._submitting = False

    @property
    def console(self) -> ConsoleHost:
        """The app, by its own type."""
        return cast("ConsoleHost", self.app)

    @property
    def plans(self) -> tuple[Plan, ...] | None:
        """The plans shown, None while they are being made."""
        return self._plans

    def compose(self) -> ComposeResult:
        """The text and two buttons."""
        with Vertical(classes="dialog"):
            with VerticalScroll(id="plan-text", can_focus=False):
                yield Prose(id="plan")
            with Horizontal(id="typed"):
                yield Static(id="typed-label")
                yield Input(id="typed-name", select_on_focus=False, compact=True)
            yield Static(id="plan-note")
            with Horizontal(classes="buttons"):
                yield Button("Cancel  esc", id="cancel", compact=True)
                yield Button(f"{self._verb}  y", id="confirm", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Begin to read."""
        self.query_one("#typed").display = False
        self.read()

    def on_resize(self) -> None:
        """Leave room for the buttons under a long text."""
        frame = FRAME_LINES if self.size.height >= 16 else FRAME_LINES_LOW
        frame += 1 if self._names.wanted else 0
        room = max(3, self.size.height - frame)
        self.query_one("#plan-text").styles.max_height = room

    @property
    def requests(self) -> tuple[Request, ...]:
        """What is asked for."""
        return self._requests

    def settings(self) -> tuple[Line, ...]:
        """Lines on what the dialog itself can change of the plan."""
        return ()

    def title_of(self, plans: Sequence[Plan]) -> str:
        """Return the title once there are plans."""
        if len(plans) == 1:
            return plans[0].title
        tasks = sum(plan.has_work for plan in plans)
        return f"{self._title}: {count(tasks, 'task')}"

    def read(self) -> None:
        """Make the plan, or make it anew."""
        self._generation += 1
        generation = self._generation
        self._plans = None
        self._show(self._title, (line("reading…  esc leaves", Tone.DIM),))
        self.query_one("#confirm", Button).disabled = True

        def answer(plans: tuple[Plan, ...]) -> None:
            if generation == self._generation and self.is_attached:
                self._plans = plans
                self._show_plans(plans)

        def failure(error: Exception) -> None:
            if generation == self._generation and self.is_attached:
                self._show_failure(error)

        self.console.call_workspace(self.planned(), answer, failure=failure, node=self)

    async def planned(self) -> tuple[Plan, ...]:
        """Return the plans to show."""
        plans: list[Plan] = []
        for request in self.requests:
            plans += await self.console.workspace.plan(request)
        return tuple(plans)

    def _show(self, title: str, lines: Sequence[Line]) -> None:
        self.query_one(".dialog").border_title = to_content((foreign(title, Tone.STRONG),))
        self.query_one("#plan", Prose).show(lines)

    def _show_plans(self, plans: tuple[Plan, ...]) -> None:
        working = tuple(plan for plan in plans if plan.has_work)
        self._names = TypedNames(tuple(plan.typed_name for plan in working if plan.typed_name))
        lines: list[Line] = []
        for section in plan_sections(plans, self.settings(), self._names.long()):
            if lines:
                lines.append(line(""))
            if section.title:
                lines.append(line(section.title, Tone.STRONG))
            lines += section.lines
        self._show(self.title_of(plans), lines)
        if self._names.wanted:
            self.query_one("#typed").display = True
            self.query_one("#confirm", Button).label = f"{self._verb}  enter"
            self.on_resize()
            self.query_one("#typed-name", Input).focus()
        self._show_names()

    def _show_names(self) -> None:
        """Say what is still to be typed, and offer the button once nothing is."""
        typed = self.query_one("#typed-name", Input).value
        usable = any(plan.has_work for plan in self._plans or ())
        agreed = self._names.agreed_with(typed)
        self.query_one("#confirm", Button).disabled = not (usable and agreed) or self._submitting
        if self._names.wanted:
            label = (Span("type ", Tone.DIM), foreign(self._names.next, Tone.STRONG, 48))
            self.query_one("#typed-label", Static).update(to_content(label))
            self._note(self._names.note(typed))

    @on(Input.Changed, "#typed-name")
    def _typed(self) -> None:
        self._show_names()

    @on(Input.Submitted, "#typed-name")
    def _entered(self, event: Input.Submitted) -> None:
        """Take one of several names, or confirm with the last."""
        field = self.query_one("#typed-name", Input)
        if self._names.agreed_with(field.value):
            self.action_confirm()
        elif self._names.take(event.value):
            field.value = ""

    def _show_failure(self, error: Exception) -> None:
        text, way_out = describe(error)
        lines: list[Line] = [
            line("The plan could not be made.", Tone.BAD),
            line(""),
            (foreign(text, limit=2000),),
        ]
        if way_out:
            lines.append((Span("→ ", Tone.DIM), foreign(way_out, Tone.DIM, 2000)))
        self._show(self._title, lines)

    def _note(self, text: Line) -> None:
        self.query_one("#plan-note", Static).update(to_content(text))

    @on(Button.Pressed, "#cancel")
    def action_leave(self) -> None:
        """Leave without submitting. What was submitted already goes on."""
        self._generation += 1
        if self.app.screen is self:
            self.dismiss(False)

    @on(Button.Pressed, "#confirm")
    def action_confirm(self) -> None:
        """Submit what has work."""
        if self._plans is None:
            self._note(line("The plan is still being made.", Tone.WARNING))
            return
        working = tuple(plan for plan in self._plans if plan.has_work)
        if not working or self._submitting:
            return
        if not self._names.agreed_with(self.query_one("#typed-name", Input).value):
            self._note(line("The name must be typed first, exactly.", Tone.WARNING))
            return
        self._submitting = True
        self.query_one("#confirm", Button).disabled = True
        self._note(line("submitting…  esc leaves, the submission goes on", Tone.ACCENT))
        self.console.call_workspace(
            self.submission(working, self._names.wanted),
            self._submitted,
            failure=self._refused,
        )

    async def submission(self, plans: Sequence[Plan], names: Sequence[str]) -> tuple[Task, ...]:
        """Submit the plans, agreed to by ``names``."""
        return await self.console.workspace.submit(plans, names)

    def _submitted(self, tasks: tuple[Task, ...]) -> None:
        if len(tasks) == 1:
            text = f"Task {tasks[0].number} submitted: {tasks[0].title}"
        else:
            text = f"{count(len(tasks), 'task')} submitted."
        self.console.say(text)
        if self.app.screen is self:
            self.dismiss(True)

    def _refused(self, error: Exception) -> None:
        self._submitting = False
        if self.is_attached:
            self.query_one("#confirm", Button).disabled = False
            self._note((Span("✗ ", Tone.BAD), foreign(describe(error)[0], limit=1000)))

    def action_other_button(self) -> None:
        """Go to the other button."""
        self.focus_next()

    def action_scroll(self, lines: int) -> None:
        """Scroll the text."""
        self.query_one("#plan-text", VerticalScroll).scroll_relative(y=lines, animate=False)
