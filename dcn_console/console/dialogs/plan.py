"""The dialog that shows a plan and asks whether to go ahead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from dcn_console.console.content import to_content
from dcn_console.console.dialogs.plan_text import plan_sections, plan_title
from dcn_console.console.journal import describe
from dcn_console.console.prose import Prose
from dcn_console.console.spans import Line, Span, Tone, foreign, line
from dcn_console.model.plans import Plan, VerifyLevel
from dcn_console.model.requests import CopyImages
from dcn_console.model.tasks import Task
from dcn_console.model.text import count

if TYPE_CHECKING:
    from dcn_console.console.host import ConsoleHost

FRAME_LINES = 9
"""Lines of the dialog that are not the plan's text, and some of the screen around it."""
FRAME_LINES_LOW = 4
"""The same on a very low screen."""

_LEVELS = tuple(VerifyLevel)


class PlanDialog(ModalScreen[bool]):
    """Reads a plan, shows it, and submits it on ``y`` or the Copy button, never by itself.

    It ends with True when tasks were submitted. Escape leaves at any moment.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "leave", "cancel", show=False),
        Binding("y", "confirm", "copy", show=False),
        Binding("v", "verify", "verify", show=False),
        Binding("left,right", "other_button", "other button", show=False),
        Binding("down,j", "scroll(1)", "down", show=False),
        Binding("up,k", "scroll(-1)", "up", show=False),
    ]
    AUTO_FOCUS = "#cancel"

    def __init__(self, image_ids: Sequence[str], sites: Sequence[str] | None, what: str) -> None:
        """Make the dialog for images and sites (None: every edge lacking them)."""
        super().__init__()
        self._image_ids = tuple(image_ids)
        self._sites = None if sites is None else tuple(sites)
        self._what = what
        self._verify = VerifyLevel.METADATA
        self._plans: tuple[Plan, ...] | None = None
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
            yield Static(id="plan-note")
            with Horizontal(classes="buttons"):
                yield Button("Cancel  esc", id="cancel", compact=True)
                yield Button("Copy  y", id="confirm", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Begin to read."""
        self._read()

    def on_resize(self) -> None:
        """Leave room for the buttons under a long text."""
        frame = FRAME_LINES if self.size.height >= 16 else FRAME_LINES_LOW
        room = max(3, self.size.height - frame)
        self.query_one("#plan-text").styles.max_height = room

    def _read(self) -> None:
        self._generation += 1
        generation = self._generation
        self._plans = None
        self._show(f"Copy {self._what}", (line("reading…  esc leaves", Tone.DIM),))
        self.query_one("#confirm", Button).disabled = True

        def answer(plans: tuple[Plan, ...]) -> None:
            if generation == self._generation and self.is_attached:
                self._plans = plans
                self._show_plans(plans)

        def failure(error: Exception) -> None:
            if generation == self._generation and self.is_attached:
                self._show_failure(error)

        self.console.call_workspace(
            self.console.workspace.plan(
                CopyImages(image_ids=self._image_ids, sites=self._sites, verify=self._verify)
            ),
            answer,
            failure=failure,
            node=self,
        )

    def _show(self, title: str, lines: Sequence[Line]) -> None:
        self.query_one(".dialog").border_title = to_content((foreign(title, Tone.STRONG),))
        self.query_one("#plan", Prose).show(lines)

    def _show_plans(self, plans: tuple[Plan, ...]) -> None:
        lines: list[Line] = []
        for section in plan_sections(plans, self._verify):
            if lines:
                lines.append(line(""))
            if section.title:
                lines.append(line(section.title, Tone.STRONG))
            lines += section.lines
        self._show(plan_title(plans), lines)
        usable = any(plan.has_work for plan in plans)
        self.query_one("#confirm", Button).disabled = not usable
        if not usable:
            self._note(line("Nothing to submit.", Tone.DIM))

    def _show_failure(self, error: Exception) -> None:
        text, way_out = describe(error)
        lines: list[Line] = [
            line("The plan could not be made.", Tone.BAD),
            line(""),
            (foreign(text, limit=2000),),
        ]
        if way_out:
            lines.append((Span("→ ", Tone.DIM), foreign(way_out, Tone.DIM, 2000)))
        self._show(f"Copy {self._what}", lines)

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
        self._submitting = True
        self.query_one("#confirm", Button).disabled = True
        self._note(line("submitting…  esc leaves, the submission goes on", Tone.ACCENT))
        self.console.call_workspace(
            self.console.workspace.submit(working), self._submitted, failure=self._refused
        )

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

    def action_verify(self) -> None:
        """Plan anew with the next level of verification."""
        if not self._submitting:
            index = (_LEVELS.index(self._verify) + 1) % len(_LEVELS)
            self._verify = _LEVELS[index]
            self._read()

    def action_other_button(self) -> None:
        """Go to the other button."""
        self.focus_next()

    def action_scroll(self, lines: int) -> None:
        """Scroll the text."""
        self.query_one("#plan-text", VerticalScroll).scroll_relative(y=lines, animate=False)
