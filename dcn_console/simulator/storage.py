"""The simulator's folder: its saved contents and the data that clients uploaded.

Files are 0600 and replaced whole, so that a killed simulator finds its last state.
"""

import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import msgspec

from dcn_console.model.errors import ConfigError
from dcn_console.simulator.deployment import Contents

_CHUNK = 1024 * 1024
_IDENTIFIER = re.compile(r"[0-9a-f-]{36}")


class Storage:
    """What is kept in ``folder``, which is created when missing.

    ``contents.msgpack`` has the state, ``key`` signs tokens, ``port`` is the last port and
    ``data/`` holds uploaded images by id.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._data = folder / "data"
        for path in (folder, self._data):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def load(self) -> Contents | None:
        """Return the saved contents, or None; raise ConfigError for a file that is not one."""
        path = self.folder / "contents.msgpack"
        if not path.exists():
            return None
        try:
            return msgspec.msgpack.decode(path.read_bytes(), type=Contents)
        except msgspec.MsgspecError as error:
            raise ConfigError(
                f"{path} does not hold a simulated cloud: {error}.",
                way_out="Remove it to start with a new one.",
            ) from error

    def save(self, contents: Contents) -> None:
        """Replace the saved contents."""
        self._replace(self.folder / "contents.msgpack", msgspec.msgpack.encode(contents))

    def key(self) -> bytes:
        """Return the key that signs tokens, made at first."""
        path = self.folder / "key"
        if not path.exists():
            self._replace(path, secrets.token_bytes(32))
        return path.read_bytes()

    def port(self) -> int:
        """Return the port used last, 0 if none was."""
        path = self.folder / "port"
        return int(path.read_text()) if path.exists() else 0

    def save_port(self, port: int) -> None:
        """Note the port, so that a restarted simulator is found where it was."""
        self._replace(self.folder / "port", str(port).encode())

    def data_file(self, image_id: str) -> Path:
        """Return the path of an image's data; raise ValueError for anything but an id."""
        if not _IDENTIFIER.fullmatch(image_id):
            raise ValueError(f"{image_id!r} is not an image's id.")
        return self._data / image_id

    def read_data(self, image_id: str, start: int = 0) -> Iterator[bytes]:
        """Yield an image's data from ``start``, 1 MiB at a time."""
        with self.data_file(image_id).open("rb") as file:
            file.seek(start)
            while chunk := file.read(_CHUNK):
                yield chunk

    def drop_data(self, image_id: str) -> None:
        """Remove an image's data, if there is any."""
        self.data_file(image_id).unlink(missing_ok=True)

    def _replace(self, path: Path, content: bytes) -> None:
        temporary = path.with_name(f".{path.name}.new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        temporary.replace(path)
