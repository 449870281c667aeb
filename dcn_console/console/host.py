"""The app as its screens see it: the workspace, what is known, and ways to call and to speak.

Screens, dialogs and handlers are written against this class; the app itself, which knows them
all, is a subclass of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from textual.app import App
from textual.worker import Worker, WorkerState

from dcn_console.console.journal import Journal, Level, describe
from dcn_console.model.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from textual.dom import DOMNode
    from textual.screen import Screen

    from dcn_console.console.clock import Clock
    from dcn_console.console.command_line import Command
    from dcn_console.console.situation import Place
    from dcn_console.model.rows import Rows
    from dcn_console.model.tasks import Task
    from dcn_console.workspace.interface import Workspace

TOAST_LIMIT = 240
"""Characters of a message that pop up; the messages page has all of them."""

Answer = TypeVar("Answer")


class ConsoleHost(App[None]):
    """What every screen may rely on. Nothing here waits: every call runs in a worker."""

    def __init__(self, workspace: Workspace, clock: Clock) -> None:
        """Hold a workspace and what it knows already."""
        super().__init__()
        self.workspace = workspace
        self.clock = clock
        self.journal = Journal()
        self.rows: Rows = workspace.rows()
        self.tasks: tuple[Task, ...] = workspace.tasks()

    def action_run(self, name: str) -> None:
        """Run an action of the registry, or say why it cannot be run."""
        raise NotImplementedError

    def run_command(self, command: Command) -> None:
        """Run a command typed after ``:``."""
        raise NotImplementedError

    def open_row(self, place: Place, key: str) -> None:
        """Open the page of a row."""
        raise NotImplementedError

    def call_workspace(
        self,
        call: Coroutine[Any, Any, Answer],
        answer: Callable[[Answer], object],
        *,
        failure: Callable[[Exception], object] | None = None,
        group: str = "calls",
        node: DOMNode | None = None,
    ) -> Worker[None]:
        """Await a call of the workspace in the background and hand on its answer or its error.

        The call ends with ``node``, the app when None. Errors are shown and kept in any case.
        """

        async def ask() -> None:
            try:
                result = await call
            except Exception as error:  # noqa: BLE001  # no failed call may end the console
                if failure is not None:
                    failure(error)
                self.complain(error)
            else:
                answer(result)

        return (node or self).run_worker(ask(), group=group, exit_on_error=False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show the error of a worker that failed in our own code."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.complain(event.worker.error)

    def open_dialog(self, dialog: Screen[Answer], answer: Callable[[Answer | None], None]) -> None:
        """Show a dialog and hand on its answer; no older message lies over its buttons."""
        self.clear_notifications()
        self.push_screen(dialog, answer)

    def complain(self, error: BaseException) -> None:
        """Show an error for a moment and keep it among the messages."""
        text, way_out = describe(error)
        self.say(text, "error", way_out=way_out)

    def say(
        self, text: str, level: Level = "information", *, title: str = "", way_out: str = ""
    ) -> None:
        """Show a message for a moment and keep it among the messages."""
        self.journal.add(self.clock(), level, printable(text), printable(way_out))
        shown = printable(f"{text} {way_out}".strip(), TOAST_LIMIT)
        self.notify(shown, title=title, severity=level, markup=False)
