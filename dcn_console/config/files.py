"""Private folders and files: created for their owner alone, written whole or not at all."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600


def ensure_folder(folder: Path) -> Path:
    """Create ``folder`` and what is missing above it with mode 0700; return it.

    A folder that exists keeps its mode. Raises OSError when it cannot be created.
    """
    if not folder.is_dir():
        ensure_folder(folder.parent)
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    return folder


def write_file(path: Path, content: bytes, *, overwrite: bool) -> None:
    """Write ``content`` to ``path`` atomically with mode 0600, creating its folder.

    Readers see the old file or the new one, never a part. Without ``overwrite`` an existing
    file is left alone and FileExistsError is raised. Raises OSError when it cannot be written.
    """
    ensure_folder(path.parent)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if overwrite:
            draft.replace(path)
        else:
            path.hardlink_to(draft)
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()
