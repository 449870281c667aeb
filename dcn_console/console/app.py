"""The console: the app that owns data, messages and calls, and the screens on it."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType
from textual.events import Event, Key
from textual.message import Message
from textual.screen import Screen

from dcn_console.console.action import Action
from dcn_console.console.actions import ACTIONS, BY_ID
from dcn_console.console.clock import Clock, local_clock
from dcn_console.console.command_line import Command
from dcn_console.console.handlers import HANDLERS
from dcn_console.console.header import failures
from dcn_console.console.home import HomeScreen
from dcn_console.console.host import ConsoleHost
from dcn_console.console.navigation import console_screens, front_of, home_of
from dcn_console.console.situation import Place
from dcn_console.console.theme import DARK, LIGHT
from dcn_console.console.tidying import Collector
from dcn_console.console.typeahead import KeyQueue
from dcn_console.model.errors import DcnError
from dcn_console.model.text import printable
from dcn_console.workspace.interface import Change, Workspace

if TYPE_CHECKING:
    from textual.command import Provider

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
"""How often ages, elapsed times and the clock are brought up to date."""
SWITCH_SECONDS = 0.001
"""How long a thread that reads or joins may keep the interpreter while a key waits for it.

A key takes the interpreter several times on its way to the screen; Python's own 5 ms add up.
"""
STOP_SECONDS = 0.2
"""How long leaving waits for the workspace to stop refreshing."""


def action_provider() -> type[Provider]:
    """Import the palette's actions when the palette is opened."""
    from dcn_console.console.palette import ActionProvider

    return ActionProvider


def object_provider() -> type[Provider]:
    """Import the palette's objects when the palette is opened."""
    from dcn_console.console.palette import ObjectProvider

    return ObjectProvider


class ConsoleApp(ConsoleHost):
    """Screens on one workspace. Nothing here waits: every call runs in a worker."""

    TITLE = "dcn-console"
    CSS_PATH = [  # noqa: RUF012
        "screen.tcss",
        "home.tcss",
        "details/details.tcss",
        "dialogs/dialogs.tcss",
        "pages/pages.tcss",
        "mirroring/mirroring.tcss",
        "stored/stored.tcss",
    ]
    COMMANDS: ClassVar[set[Any]] = {action_provider, object_provider}
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-narrow"),
        (100, "-wide"),
        (160, "-roomy"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-low"),
        (16, "-short"),
        (30, "-tall"),
    ]
    ENABLE_COMMAND_PALETTE = True
    NOTIFICATION_TIMEOUT = 6
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join(action.keys), f"run('{action.id}')", action.title, show=False)
        for action in ACTIONS
        if action.keys
        and not action.by_table
        and action.id not in ("palette", "next_pane", "previous_pane")
    ]

    @dataclass
    class WorkspaceChanged(Message):
        """The workspace has something new."""

        change: Change

    @dataclass
    class KeyHandled(Message):
        """Follows a key on its way up, and arrives when the key has had its effect."""

    def __init__(self, workspace: Workspace, clock: Clock = local_clock) -> None:
        """Make the console of a workspace."""
        super().__init__(workspace, clock)
        self.animation_level = "none"
        self._keys = KeyQueue()
        self._collector = Collector()
        self._unsubscribe: Callable[[], None] | None = None
        self._failing: frozenset[str] = frozenset()
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = DARK.name

    @property
    def home(self) -> HomeScreen:
        """The home page, under whatever else is open."""
        return home_of(self)

    def get_default_screen(self) -> Screen[Any]:
        """The home page is the lowest screen."""
        return HomeScreen(self.workspace.topology, self.clock)

    def on_mount(self) -> None:
        """Begin to listen, and to refresh once the first picture stands."""
        self._unsubscribe = self.workspace.subscribe(self._told)
        self.call_after_refresh(self._start_workspace)
        self.set_interval(TICK_SECONDS, self._each_second)

    def _start_workspace(self) -> None:
        self.call_workspace(self.workspace.start(), lambda _: None, group="start")

    async def on_unmount(self) -> None:
        """Stop listening; tasks go on."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        try:
            await asyncio.wait_for(self.workspace.stop(), STOP_SECONDS)
        except (TimeoutError, DcnError) as error:
            logger.warning("The workspace did not stop as it should: %s", error)

    async def on_event(self, event: Event) -> None:
        """Let keys through one at a time, and none once the console is left and has no screens."""
        if isinstance(event, Key) and not self.screen_stack:
            return
        if not isinstance(event, Key) or event.is_forwarded:
            await super().on_event(event)
            return
        self._collector.key_pressed()
        if self._keys.admit(event):
            await self._handle_key(event)

    async def _handle_key(self, key: Key) -> None:
        if self.screen_stack:
            await super().on_event(key)
        if not self.screen_stack:
            return
        target = self.focused or self.screen
        if not target.post_message(self.KeyHandled()):
            await self._next_key()

    async def on_console_app_key_handled(self, event: KeyHandled) -> None:
        """Go on with the next key."""
        event.stop()
        await self._next_key()

    async def _next_key(self) -> None:
        key = self._keys.done()
        if key is not None:
            await self._handle_key(key)

    def _told(self, change: Change) -> None:
        """Pass on a change, from whatever thread it is told."""
        self.post_message(self.WorkspaceChanged(change))

    async def _each_second(self) -> None:
        if self._keys.is_stuck:
            await self._next_key()
        self.tick()
        self._collector.look()

    def tick(self) -> None:
        """Bring everything that depends on the time up to date."""
        for screen in console_screens(self):
            if screen.is_current and screen.is_ready:
                screen.tick(self.clock())

    def on_console_app_workspace_changed(self, event: WorkspaceChanged) -> None:
        """Take what is new and hand it to the screens."""
        if event.change is Change.TASKS:
            self.tasks = self.workspace.tasks()
        else:
            self.rows = self.workspace.rows()
            self._note_failures()
        for screen in console_screens(self):
            if screen.is_ready:
                screen.data_changed(event.change)

    def _note_failures(self) -> None:
        """Keep among the messages what the banner says, whole."""
        failing = {error: name for name, error, _ in failures(self.workspace.inventory())}
        for error, name in failing.items():
            if error not in self._failing:
                self.journal.add(self.clock(), "error", f"{name}: {printable(error)}")
        self._failing = frozenset(failing)

    def action_run(self, name: str) -> None:
        """Run an action of the registry, or say why it cannot be run."""
        action = BY_ID[name]
        reason = action.reason(front_of(self).situation())
        if reason:
            self.say(
                reason,
                "warning",
                title=f"Cannot {action.title} now" if action.changes else action.title,
            )
            return
        self._run(action)

    def _run(self, action: Action) -> None:
        HANDLERS[action.id](self)

    def run_command(self, command: Command) -> None:
        """Run a command typed after ``:``."""
        self.action_run(command.action)
        front = front_of(self)
        if command.site is not None or command.every_site:
            front.narrow(command.site)
        if command.filter is not None:
            front.filter_edited(command.filter)

    def open_row(self, place: Place, key: str) -> None:
        """Open the page of a row."""
        from dcn_console.console.details.opening import detail_screen

        screen = detail_screen(self, place, key)
        if screen is not None:
            self.push_screen(screen)


def run_console(workspace: Workspace, clock: Clock = local_clock) -> int:
    """Run the console in this terminal until it is left; return the exit status.

    What exists before and after is kept out of garbage collection, and the console collects at
    quiet moments by itself: it paints smoother without walking all its modules, and ends at once
    instead of walking all its widgets.
    """
    gc.freeze()
    gc.disable()
    sys.setswitchinterval(SWITCH_SECONDS)
    app = ConsoleApp(workspace, clock)
    try:
        app.run()
    finally:
        gc.freeze()
        gc.enable()
    return app.return_code or 0
