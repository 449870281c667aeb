"""A real look at whether the console has come to rest, in place of Textual's guess.

Textual's pilot waits until the process used little CPU time for 20 ms. On a busy machine that is
also so while the process waits for a CPU with all its work still to do; a test would then look at
a screen that is not there yet.
"""

import asyncio
import time
from typing import Any

import pytest
import textual.app
import textual.pilot
from textual._context import active_app
from textual._wait import wait_for_idle
from textual.app import App
from textual.widgets import Input

from dcn_console.console.app import ConsoleApp

DEADLINE_SECONDS = 60.0
PAINT_SECONDS = 0.005
"""Between two looks at a screen that Textual paints with its next timer."""
QUIET_TURNS = 3
"""Turns of the event loop without work; the first after a wait may be ours alone."""
TOAST_SECONDS = 3600.0
"""How long a message is shown to a test, which may need long to look."""


def _has_ready_callbacks() -> bool:
    """Whether anything runs in this turn of the loop, or in the next one without a wait."""
    return bool(asyncio.get_running_loop()._ready)  # type: ignore[attr-defined]


def _is_painted(app: App[Any]) -> bool:
    """Whether nothing waits for the screen's next timer: textual/screen.py, _on_timer_update."""
    screen = app.screen
    return not (
        screen._layout_required
        or screen._scroll_required
        or screen._repaint_required
        or screen._recompose_required
        or screen._dirty_widgets
        or screen._callbacks
    )


def _has_handled_keys(app: App[Any]) -> bool:
    """Whether every key that was pressed has had its effect."""
    return not isinstance(app, ConsoleApp) or app._keys._busy_since is None


async def come_to_rest(min_sleep: float = 1 / 50, max_sleep: float = 1) -> None:
    """Wait as Textual does, and then until no callback is due, and all is handled and painted.

    What threads and timers bring later is not waited for. Raises AssertionError after a deadline.
    """
    await wait_for_idle(min_sleep, max_sleep)
    app = active_app.get()
    deadline = time.monotonic() + DEADLINE_SECONDS
    quiet = 0
    while quiet < QUIET_TURNS:
        if time.monotonic() > deadline:
            raise AssertionError(f"the console is not at rest within {DEADLINE_SECONDS:g} s")
        await asyncio.sleep(0)
        if _has_ready_callbacks():
            quiet = 0
        elif not app.screen_stack or (_is_painted(app) and _has_handled_keys(app)):
            quiet += 1
        else:
            quiet = 0
            await asyncio.sleep(PAINT_SECONDS)


def be_patient(patch: pytest.MonkeyPatch) -> None:
    """Have every pilot wait until the console is at rest: after each key, and where it pauses.

    What goes by itself after a while stands still: messages stay, and no cursor blinks.
    """
    patch.setattr(textual.app, "wait_for_idle", come_to_rest)
    patch.setattr(textual.pilot, "wait_for_idle", come_to_rest)
    patch.setattr(ConsoleApp, "NOTIFICATION_TIMEOUT", TOAST_SECONDS)
    patch.setattr(Input, "_toggle_cursor", lambda _: None)
