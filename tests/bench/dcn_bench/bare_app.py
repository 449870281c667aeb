"""The reference for a console: a Textual app that shows one line, with a clock on request.

Run as ``python bare_app.py [--clock]``; q leaves it.
"""

import sys
from datetime import datetime
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.widgets import Static


class BareApp(App[None]):
    """One Static; ``clock`` rewrites it every second, as the console's header is."""

    BINDINGS: ClassVar[list[BindingType]] = [("q", "quit", "quit")]
    CSS = "Static { width: 40; height: 1; }"

    def __init__(self, *, clock: bool) -> None:
        super().__init__()
        self._clock = clock

    def compose(self) -> ComposeResult:
        """The one line."""
        yield Static("bare-000000")

    def on_mount(self) -> None:
        """Start the clock."""
        if self._clock:
            self.set_interval(1.0, self._tick)

    def _tick(self) -> None:
        now = datetime.now().astimezone()
        self.query_one(Static).update(f"bare-000000 {now:%H:%M:%S}", layout=False)


if __name__ == "__main__":
    BareApp(clock="--clock" in sys.argv).run()
