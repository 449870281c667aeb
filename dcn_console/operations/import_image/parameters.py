"""What an import needs to know besides its plan."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from dcn_console.operations.import_image.names import PART
from dcn_console.operations.import_image.source import LocalFile
from dcn_console.operations.marks import PART_KEY, TASK_KEY

_FOLDER = "/var/tmp"  # noqa: S108 (only looked at; a folder of our own is made in it)


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """Exactly one of ``file`` and ``url`` is set.

    ``source_format`` is Glance's name for the source's, ``disk_format`` the image's; ``size`` are
    the image's bytes, None when not known. ``scratch`` is the folder in which a folder for
    conversion is made.
    """

    name: str
    hub: str
    store: str
    disk_format: str
    source_format: str
    file: LocalFile | None = None
    url: str = ""
    convert: bool = False
    size: int | None = None
    visibility: str = "private"
    scratch: str = ""
    sites: tuple[str, ...] = ()


def image_mark(task_id: str, hub: str) -> Mapping[str, str]:
    """Return the properties that the image of a task carries, for every site of the task."""
    return {TASK_KEY: task_id, PART_KEY: f"{hub}: {PART}"}


def scratch_parent() -> Path:
    """Return where large temporary files go: TMPDIR, else /var/tmp, which is no memory."""
    wanted = Path(os.environ.get("TMPDIR") or _FOLDER)
    return wanted if wanted.is_dir() else Path(tempfile.gettempdir())


def scratch_folder(parameters: Parameters, task_id: str) -> Path:
    """Return the folder of one task's conversion; nothing is made."""
    return Path(parameters.scratch) / f"dcn-console-import-{task_id}"
