"""What the README says is what the program does."""

import re
from pathlib import Path

import click
import pytest
from documents import README, generated, with_sections

from dcn_console.cli.main import root

ROOT = Path(README).parent
TEXT = README.read_text()


def test_the_generated_sections_are_up_to_date() -> None:
    assert with_sections(TEXT) == TEXT, "run: .venv/bin/python tests/support/documents.py"


@pytest.mark.parametrize("name", sorted(generated()))
def test_every_generated_section_is_in_the_readme(name: str) -> None:
    assert f"<!-- generated: {name} -->" in TEXT


def test_every_file_the_documents_point_to_exists() -> None:
    for document in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        text = (ROOT / document).read_text()
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", text):
            assert (ROOT / target).exists(), f"{document} points to {target}"


def commands_in(text: str) -> list[list[str]]:
    """Return the words after dcn-console of every command in a code block of ``text``."""
    found = []
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            match = re.match(r"\s*(?:\./)?dcn-console\b(.*)", line.split("#")[0])
            if match:
                found.append(match.group(1).split())
    return found


@pytest.mark.parametrize("words", commands_in(TEXT), ids=" ".join)
def test_every_command_in_the_readme_is_understood(words: list[str]) -> None:
    command: click.Command = root
    context = click.Context(root)
    while words and isinstance(command, click.Group) and words[0] in command.commands:
        command = command.commands[words.pop(0)]
        context = click.Context(command, parent=context, info_name=command.name)
    if command.name == "demo":
        return
    known = {name for option in command.params for name in option.opts}
    for word in words:
        if word.startswith("-"):
            assert word.split("=")[0] in known, f"{command.name} has no option {word}"
    assert not (isinstance(command, click.Group) and words), f"no such command: {words}"
