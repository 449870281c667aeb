"""The generated parts of the README: keys, commands, settings and the JSON contract."""

import re
from collections.abc import Iterator
from pathlib import Path

import click

from dcn_console.cli.contract_table import contract_markdown
from dcn_console.cli.main import root
from dcn_console.config.settings import settings_table
from dcn_console.console.actions import keys_table
from dcn_console.operations.registry import OPERATIONS

README = Path(__file__).parents[2] / "README.md"
_SECTION = re.compile(
    r"(<!-- generated: (?P<name>\w+) -->\n).*?(<!-- end of generated -->)", re.DOTALL
)


def keys_markdown() -> str:
    """Return the console's keys as a table."""
    plannable = frozenset(item.request for item in OPERATIONS.values())
    lines = ["| where | key | action | what it does |", "|---|---|---|---|"]
    for group, keys, title, description in keys_table(plannable):
        shown = keys.replace("|", "\\|")
        lines.append(f"| {group} | `{shown}` | {title} | {description} |")
    return "\n".join(lines) + "\n"


def commands_markdown() -> str:
    """Return every command with its first sentence."""
    lines = ["| command | what it does |", "|---|---|"]
    for words, command in _commands(root, ()):
        usage = " ".join(("dcn-console", *words, *_arguments(command))).replace("|", "\\|")
        lines.append(f"| `{usage}` | {_first_sentence(command)} |")
    return "\n".join(lines) + "\n"


def _commands(
    command: click.Command, words: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if not isinstance(command, click.Group):
        yield words, command
        return
    if not words:
        yield words, command
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        if found is not None and not found.hidden:
            yield from _commands(found, (*words, name))


def _arguments(command: click.Command) -> list[str]:
    context = click.Context(command)
    return [
        parameter.make_metavar(context)
        for parameter in command.params
        if isinstance(parameter, click.Argument)
    ]


def _first_sentence(command: click.Command) -> str:
    text = " ".join((command.help or "").split())
    if isinstance(command, click.Group):
        return "Open the console."
    return re.split(r"(?<=\.)\s", text)[0].replace("|", "\\|")


def generated() -> dict[str, str]:
    """Return every generated section of the README by name."""
    return {
        "keys": keys_markdown(),
        "commands": commands_markdown(),
        "settings": settings_table(),
        "json": contract_markdown(),
    }


def with_sections(text: str) -> str:
    """Return the README's ``text`` with each generated section as it should be."""
    sections = generated()

    def section(found: re.Match[str]) -> str:
        return f"{found.group(1)}{sections[found.group('name')].rstrip()}\n{found.group(3)}"

    return _SECTION.sub(section, text)


def main() -> None:
    """Write the generated sections into the README."""
    README.write_text(with_sections(README.read_text()))


if __name__ == "__main__":
    main()
