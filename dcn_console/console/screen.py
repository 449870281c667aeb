"""What all full screens share: header, banner, footer and prompt around their body."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.screen import Screen
from textual.widget import Widget

from dcn_console.console.command_line import names, parse_command
from dcn_console.console.footer import KeyFooter
from dcn_console.console.header import banner, header_parts
from dcn_console.console.prompt import Mode, PromptBar
from dcn_console.console.prose import Prose
from dcn_console.console.situation import Place, Situation
from dcn_console.console.strand import Strand
from dcn_console.model.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from textual.app import ComposeResult

    from dcn_console.console.host import ConsoleHost
    from dcn_console.workspace.interface import Change


class ConsoleScreen(Screen[None]):
    """A full screen of the console. Subclasses give a body and say what it is about."""

    def __init__(self) -> None:
        """Make a screen without widgets yet."""
        super().__init__()
        self._made = False

    @property
    def console(self) -> ConsoleHost:
        """The app, by its own type."""
        return cast("ConsoleHost", self.app)

    @property
    def place(self) -> Place:
        """Where the focus is."""
        return Place.PAGE

    @property
    def is_ready(self) -> bool:
        """Whether the widgets are there: not before the screen was made nor while it ends."""
        console = self.console
        return self._made and console.is_running and self in console.screen_stack

    def situation(self) -> Situation:
        """What the operator is looking at."""
        return Situation(
            place=self.place,
            topology=self.console.workspace.topology,
            read_only_reason=self.console.workspace.read_only_reason,
            plannable=self.console.workspace.plannable,
        )

    def compose(self) -> ComposeResult:
        """The shared lines around the body."""
        yield Strand(id="header")
        yield Prose(id="banner")
        yield from self.body()
        yield PromptBar(self._prompt_edited, self._prompt_done)
        yield KeyFooter()

    def body(self) -> ComposeResult:
        """The screen's own widgets."""
        yield Widget()

    def on_mount(self) -> None:
        """Show the present state."""
        self._made = True
        self._catch_up()

    def on_screen_resume(self) -> None:
        """Catch up with what happened behind another screen."""
        self._catch_up()

    def on_resize(self) -> None:
        """Lay out the header anew."""
        self.call_after_refresh(self._catch_up)

    def _catch_up(self) -> None:
        if self.is_ready:
            self.tick(self.console.clock())
            self.update_footer()

    def tick(self, now: datetime) -> None:
        """Bring everything that depends on the time up to date."""
        console = self.console
        header = self.query_one("#header", Strand)
        size = self.size.width
        header.set_line(*header_parts(console.workspace, console.rows, console.tasks, now, size))
        trouble = banner(console.workspace, now)
        strip = self.query_one("#banner", Prose)
        strip.show(trouble)
        if strip.display != bool(trouble):
            strip.display = bool(trouble)

    def data_changed(self, change: Change) -> None:
        """Show what the workspace told of; the base shows the counts."""
        self.tick(self.console.clock())
        self.update_footer()

    def update_footer(self) -> None:
        """Offer the keys of the present situation."""
        self.query_one(KeyFooter).show(self.situation())

    def open_prompt(self, mode: Mode, text: str = "") -> None:
        """Begin to type a filter or a command."""
        sites = [f"images @{name}" for name in self.console.workspace.topology.names]
        suggestions = (*names(), *sites) if mode is Mode.COMMAND else ()
        self.query_one(KeyFooter).display = False
        self.query_one(PromptBar).open(mode, text, suggestions)

    def _prompt_edited(self, mode: Mode, text: str) -> None:
        """Hand each change of a filter to the screen."""
        if mode is Mode.FILTER:
            self.filter_edited(text)

    def _prompt_done(self, mode: Mode, text: str, accepted: bool) -> None:
        """Run the command or keep the filter."""
        self.query_one(KeyFooter).display = True
        self.restore_focus()
        if mode is Mode.FILTER:
            self.filter_edited(text if accepted else "")
        elif accepted and text.strip():
            try:
                command = parse_command(text, self.console.workspace.topology)
            except UsageError as error:
                self.console.complain(error)
            else:
                self.console.run_command(command)

    def filter_edited(self, text: str) -> None:
        """Filter the table in view; screens without one have nothing to do."""

    def narrow(self, site: str | None) -> None:
        """Show only what is at a site; screens without tables have nothing to do."""

    def restore_focus(self) -> None:
        """Give the focus back after the prompt closed."""

    def back(self) -> None:
        """Leave the screen."""
        self.console.pop_screen()
