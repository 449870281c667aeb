"""A TOML file as read, with values that convert or fail naming file, line and key."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from dcn_console.config.lines import line_of
from dcn_console.config.suggest import way_out
from dcn_console.model.errors import ConfigError
from dcn_console.model.text import printable

_AT_LINE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)")
_EXPECTED = re.compile(r"Expected `([^`]+)`(.*?)(?:, got `([^`]+)`)?(?: - at `([^`]+)`)?$")
_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text in quotes",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
}


@dataclass(frozen=True)
class Document:
    """The tables of one TOML file. ``root`` is its top-level table."""

    path: Path
    text: str
    root: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> "Document":
        """Read and parse ``path``; raise ConfigError naming the file and the line."""
        try:
            text = path.read_bytes().decode("utf-8")
        except FileNotFoundError as error:
            raise ConfigError(
                f"There is no config file {path}.",
                way_out=f"“dcn-console --config {path} init” writes one.",
            ) from error
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise ConfigError(f"{path}, line {line}: not UTF-8 text.") from error
        except OSError as error:
            raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
        try:
            return cls(path=path, text=text, root=tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{path}{_syntax(str(error), text)}.") from error

    def origin(self, key: tuple[str, ...]) -> str:
        """Return "FILE, line N" for ``key``."""
        line = line_of(self.text, key)
        return str(self.path) if line is None else f"{self.path}, line {line}"

    def value(self, key: tuple[str, ...], wanted: Any) -> Any:
        """Return the value at ``key`` as the type ``wanted``; raise ConfigError."""
        node: Any = self.root
        for name in key:
            node = node[name]
        try:
            return msgspec.convert(node, wanted)
        except msgspec.ValidationError as error:
            raise self.error(key, _reason(str(error))) from error

    def table(self, key: tuple[str, ...]) -> Mapping[str, Any]:
        """Return the table at ``key``; raise ConfigError when it is something else."""
        found: Mapping[str, Any] = self.value(key, dict[str, Any])
        return found

    def refuse_unknown(
        self, table: tuple[str, ...], found: Iterable[str], known: Iterable[str]
    ) -> None:
        """Raise ConfigError for the first key of ``found`` that is not ``known``."""
        names = sorted(known)
        for name in found:
            if name not in names:
                raise self.error(
                    (*table, name), "unknown key", way_out=way_out(name, names, "Known keys")
                )

    def error(self, key: tuple[str, ...], reason: str, *, way_out: str = "") -> ConfigError:
        """Return the error that says what is wrong with ``key``."""
        name = printable(".".join(key), 120)
        return ConfigError(f"{self.origin(key)}: {name}: {reason}.", way_out=way_out)


def _syntax(message: str, text: str) -> str:
    """Return ", line N: reason" from tomllib's "reason (at line N, column M)"."""
    place = _AT_LINE.search(message)
    reason = printable(_AT_LINE.sub("", message)).rstrip(".")
    if place is None:
        return f": {reason}"
    line = place.group(1) or max(1, len(text.splitlines()))
    return f", line {line}: {reason}"


def _reason(message: str) -> str:
    """Return msgspec's message in the words of somebody who writes TOML."""
    parts = _EXPECTED.match(message)
    if parts is None:
        return printable(message).rstrip(".")
    wanted, limit, got, where = parts.groups()
    alternatives = [_WORDS.get(word, word) for word in wanted.split(" | ") if word != "null"]
    text = f"expected {' or '.join(alternatives)}{limit}"
    if got:
        text += f", got {_WORDS.get(got, got)}"
    if where and where != "$":
        text += f" ({where.removeprefix('$').removeprefix('.')})"
    return text
