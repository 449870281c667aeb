"""The log file of the faces: what libraries and the core warn of, never the terminal.

Without this, Python prints warnings of libraries to stderr, in the middle of the console.
"""

import logging
import os
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from dcn_console.config.files import FILE_MODE, ensure_folder
from dcn_console.model.secrets import redact

FILE_NAME = "dcn-console.log"
MOST_BYTES = 1024 * 1024


class _PrivateFile(RotatingFileHandler):
    """A rotating log file, readable by its owner alone, made when the first line comes."""

    def _open(self) -> TextIOWrapper:
        ensure_folder(Path(self.baseFilename).parent)
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, FILE_MODE)
        return os.fdopen(descriptor, "a", encoding="utf-8", errors="replace")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line with secrets redacted."""
        return redact(super().format(record))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's name)
        """Drop a line that cannot be written: a full disk must not disturb the screen."""


def silence() -> None:
    """Keep warnings of libraries off the terminal until there is a log file."""
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.NullHandler())


def log_to(folder: Path) -> None:
    """Write warnings and errors of this process to ``folder``."""
    root = logging.getLogger()
    if any(isinstance(handler, _PrivateFile) for handler in root.handlers):
        return
    handler = _PrivateFile(
        folder / FILE_NAME, maxBytes=MOST_BYTES, backupCount=1, delay=True, encoding="utf-8"
    )
    handler.setLevel(logging.WARNING)
    handler.setFormatter(
        logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s")
    )
    root.addHandler(handler)
