"""Files and folders that only their owner can read: they hold keys and passwords."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

STAT_BLOCK_BYTES = 512
"""Unit of st_blocks (inode(7))."""
Sections = Mapping[str, Mapping[str, object]]
"""An INI file: section name to key to value."""


def make_folder(path: Path) -> Path:
    """Make `path` and its missing parents, readable by their owner only, and return it."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def write_private(path: Path, text: str) -> None:
    """Replace `path` by `text` in one step, readable by its owner only."""
    make_folder(path.parent)
    draft = path.with_name(f".{path.name}.draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    draft.replace(path)


def disk_bytes(folder: Path) -> int:
    """Return the bytes that the files below `folder` take on the disk; holes take none."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            total += path.lstat().st_blocks * STAT_BLOCK_BYTES
    return total


def render_sections(sections: Sections) -> str:
    """Return `sections` as an INI file, as oslo.config and Ceph read it."""
    lines: list[str] = []
    for section, options in sections.items():
        lines.append(f"[{section}]")
        lines.extend(f"{key} = {_value(value)}".rstrip() for key, value in options.items())
        lines.append("")
    return "\n".join(lines)


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
