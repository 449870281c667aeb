"""Options that several commands share, and printing what they choose."""

import shutil
import sys
from collections.abc import Callable
from typing import Any

import click

from dcn_console.cli.framework import split_names
from dcn_console.cli.listing import Listing, OutputFormat
from dcn_console.cli.messages import may_style
from dcn_console.model.requests import ContentCheck

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def output_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``-o table|json`` to a command, as the parameter ``output``."""
    return _output((OutputFormat.TABLE, OutputFormat.JSON))(function)


def list_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --site, --filter, --sort and -o to a command."""
    decorators: tuple[Decorator, ...] = (
        click.option(
            "--site",
            "sites",
            metavar="SITE[,SITE]",
            multiple=True,
            callback=_names,
            help="Only what is at these sites.",
        ),
        click.option(
            "--filter",
            "text",
            metavar="TEXT",
            default="",
            help="Only rows with TEXT in any column; !TEXT for those without.",
        ),
        click.option(
            "--sort",
            "order",
            metavar="COLUMN[:desc]",
            default="",
            help="Sort by a column (a wrong name lists them).",
        ),
        _output(tuple(OutputFormat)),
    )
    for decorator in reversed(decorators):
        function = decorator(function)
    return function


def comparison_options(meaning: str, kinds: tuple[ContentCheck, ...]) -> Decorator:
    """Return what adds --check and --percent, a share of the data, to a command."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        check = click.option(
            "--check",
            type=click.Choice(kinds, case_sensitive=False),
            default=ContentCheck.SAMPLED.value,
            show_default=True,
            help=meaning,
        )
        percent = click.option(
            "--percent",
            type=click.FloatRange(0, 100, min_open=True),
            default=5.0,
            show_default=True,
            help="Share of the data that “sampled” reads.",
        )
        return check(percent(function))

    return add


def print_listing(listing: Listing[Any], text: str, order: str, output: OutputFormat) -> None:
    """Filter, sort and print a list to stdout."""
    chosen = listing.filtered(text).sorted(order)
    click.echo(chosen.render(output, width=terminal_width(), bold=may_style()), nl=False)


def terminal_width() -> int | None:
    """Return the width of the terminal on stdout in cells, or None when it is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _output(formats: tuple[OutputFormat, ...]) -> Decorator:
    return click.option(
        "-o",
        "--output",
        type=click.Choice(formats, case_sensitive=False),
        default=OutputFormat.TABLE.value,
        show_default=True,
        help="Format of the data on stdout.",
    )


def _names(
    context: click.Context, parameter: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    return split_names(value)
