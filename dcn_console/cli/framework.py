"""Commands that all take --cloud, --config and --read-only, before or after their name."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from dcn_console.cli.logs import log_to
from dcn_console.config.paths import Paths
from dcn_console.config.settings import Loaded, Settings, load
from dcn_console.config.suggest import closest

_META_KEY = "dcn_console.cli.choices"
CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@dataclass(frozen=True)
class Session:
    """What a command runs on: the paths, and the settings with their origins."""

    paths: Paths
    loaded: Loaded

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.loaded.settings


def _remember(context: click.Context, parameter: click.Parameter, value: object) -> None:
    if value and parameter.name is not None:
        context.meta.setdefault(_META_KEY, {})[parameter.name] = value


def _common_options() -> list[click.Parameter]:
    return [
        click.Option(
            ["--cloud"],
            metavar="NAME",
            expose_value=False,
            callback=_remember,
            help="Cloud of clouds.yaml.",
        ),
        click.Option(
            ["--config"],
            metavar="FILE",
            type=click.Path(path_type=Path),
            expose_value=False,
            callback=_remember,
            help="Config file to use.",
        ),
        click.Option(
            ["--read-only"],
            is_flag=True,
            expose_value=False,
            callback=_remember,
            help="Refuse every change.",
        ),
    ]


class Command(click.Command):
    """A command with the common options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["context_settings"] = CONTEXT_SETTINGS | (kwargs.get("context_settings") or {})
        super().__init__(*args, **kwargs)
        self.params.extend(_common_options())


class Group(click.Group):
    """A group of commands with the common options, and suggestions for mistyped names."""

    command_class = Command
    group_class = type

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["context_settings"] = CONTEXT_SETTINGS | (kwargs.get("context_settings") or {})
        super().__init__(*args, **kwargs)
        self.params.extend(_common_options())

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for an unknown one raise UsageError with the nearest name."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            match = closest(args[0], self.list_commands(ctx)) if args else None
            if match is None:
                raise
            message = f"{error.message} Did you mean “{match}”?"
            raise click.UsageError(message, ctx) from error


def choices() -> dict[str, Any]:
    """Return the common options given so far: ``cloud``, ``config``, ``read_only``."""
    found: dict[str, Any] = click.get_current_context().meta.get(_META_KEY, {})
    return found


def open_session(*, missing_ok: bool = False) -> Session:
    """Resolve the paths and load the settings for the running command.

    ``missing_ok`` lets a config file that was named be absent. Raises ConfigError.
    """
    given = choices()
    paths = Paths.resolve(given.get("config"))
    log_to(paths.log_folder)
    overrides = {name: value for name, value in given.items() if name != "config"}
    return Session(paths=paths, loaded=load(paths, overrides, missing_ok=missing_ok))


def split_names(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of options such as ``--to a,b --to c``, each once, in order."""
    names = (name.strip() for value in values for name in value.split(","))
    return tuple(dict.fromkeys(name for name in names if name))
