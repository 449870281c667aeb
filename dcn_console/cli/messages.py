"""Messages for people: everything that is not data goes to stderr through here."""

import os
import sys

import click

from dcn_console.model.errors import AmbiguousName, DcnError
from dcn_console.model.text import printable


def say(text: str = "") -> None:
    """Print a line to stderr. Control characters are replaced; line breaks are kept."""
    click.echo("\n".join(printable(line) for line in text.split("\n")), err=True)


def warn(text: str) -> None:
    """Print a warning to stderr."""
    say(f"warning: {text}")


def fail(error: DcnError) -> None:
    """Print an error to stderr: what failed, its candidates, and the way out below it."""
    say(f"error: {error.message}")
    if isinstance(error, AmbiguousName):
        for candidate in error.candidates:
            say(f"  {candidate}")
    way_out = with_option(error.way_out, error.option)
    if way_out:
        say(f"  {way_out}")


def with_option(way_out: str, option: str) -> str:
    """Return a way out with the option that takes it on the command line, "" for neither."""
    if not option:
        return way_out
    return f"{way_out.rstrip('.')}: {option}" if way_out else option


def is_interactive() -> bool:
    """Whether a person can be asked: stdin and stderr are terminals."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def may_style() -> bool:
    """Whether stdout is a terminal that may get bold text (NO_COLOR is honoured)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def confirm(question: str) -> bool:
    """Ask a yes-or-no question on stderr; no is the default."""
    return click.confirm(printable(question), default=False, err=True)


def ask_for_name(question: str) -> str:
    """Ask on stderr for a name to be typed; return what was typed, "" for nothing."""
    typed: str = click.prompt(printable(question), default="", show_default=False, err=True)
    return typed
