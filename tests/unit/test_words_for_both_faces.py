"""Words of plans and refusals serve both faces: only the command line tells of its options."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import dcn_console
from dcn_console.cli.messages import with_option

PACKAGE = Path(dcn_console.__file__).parent
WORD = re.compile(r"--[\w-]+(=\S*)?")
OPTION = re.compile(r"(?<![\w-])--[a-z]")
COMMAND = re.compile(r"\b(openstack|dcn-console|glance|cinder|rbd|ceph|mirror [a-z]+|import) ")
LAYERS = ("operations", "workspace", "model", "inventory")


def sentences(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Every text of a module but single words, values of ``option`` and docs."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.keyword) and child.arg == "option":
            continue
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue
        if isinstance(child, ast.JoinedStr):
            parts = (one.value if isinstance(one, ast.Constant) else "…" for one in child.values)
            yield child.lineno, "".join(map(str, parts))
        elif isinstance(child, ast.Constant) and isinstance(child.value, str):
            yield child.lineno, child.value
        else:
            yield from sentences(child)


def named_options(source: str) -> list[str]:
    """The sentences that name an option outside a command."""
    return [
        f"{line}: {text}"
        for line, text in sentences(ast.parse(source))
        if not WORD.fullmatch(text.strip())
        and (found := OPTION.search(text))
        and not COMMAND.search(text[: found.start()])
    ]


def test_no_sentence_of_a_plan_names_an_option_of_a_command() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{one}"
        for layer in LAYERS
        for path in sorted((PACKAGE / layer).rglob("*.py"))
        for one in named_options(path.read_text())
    ]
    assert found == []


def test_the_search_finds_what_it_is_for() -> None:
    assert named_options('refused("No.", "Say --to SITE.")')
    assert named_options('refused("No.", f"Agree: --with-{what}")')
    assert not named_options('refused("No.", "Choose the site.", option="--to SITE")')
    assert not named_options('refused("No.", f"openstack volume set --state error {key}")')
    assert not named_options('words += ["--pool", pool]')


def test_the_command_line_adds_the_option_to_the_way_out() -> None:
    assert with_option("Choose which takes over.", "--to SITE") == (
        "Choose which takes over: --to SITE"
    )
    assert with_option("Wait until it answers.", "") == "Wait until it answers."
    assert with_option("", "--size GIB") == "--size GIB"
    assert with_option("", "") == ""
