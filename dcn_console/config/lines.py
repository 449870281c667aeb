"""Where in a TOML file a key stands, so that an error can name its line."""

import re
import tomllib
from collections.abc import Iterator

_KEY = re.compile(r"""\s*((?:"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_.\-\s])+?)\s*=""")
_HEADER = re.compile(r"\s*(\[\[?.*\]\]?)\s*(?:#.*)?$")


def line_of(text: str, key: tuple[str, ...]) -> int | None:
    """Return the number of the line (from 1) that holds ``key``.

    Where no line does, that of its first child, else of its nearest parent; None when no
    line names any part of it.
    """
    best: int | None = None
    depth = 0
    for number, path in _named_lines(text):
        if path[: len(key)] == key:
            return number
        if depth < len(path) < len(key) and key[: len(path)] == path:
            best, depth = number, len(path)
    return best


def _named_lines(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            path = _path(header.group(1))
            if path:
                table = path
                yield number, table
        elif key := _KEY.match(line):
            path = _path(f"{key.group(1)} = 0")
            if path:
                yield number, table + path


def _path(line: str) -> tuple[str, ...]:
    """Return the key path of a header or of a ``key = 0`` line, () when it is neither."""
    try:
        node: object = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return ()
    path: list[str] = []
    while isinstance(node, dict | list):
        if isinstance(node, list):
            node = node[0] if node else None
        elif node:
            name, node = next(iter(node.items()))
            path.append(name)
        else:
            break
    return tuple(path)
