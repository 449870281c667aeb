"""The reference of the console: a bare Textual app in the same kind of terminal."""

import sys
from collections.abc import Mapping
from pathlib import Path

from .screen import Screen

BARE_NAME = r"bare-\d{6}"
"""What the bare app shows."""


def bare_app(environment: Mapping[str, str], *, clock: bool = False) -> Screen:
    """Start the bare app; with ``clock`` it rewrites its line every second."""
    path = Path(__file__).with_name("bare_app.py")
    options = ["--clock"] if clock else []
    return Screen([sys.executable, str(path), *options], environment)
