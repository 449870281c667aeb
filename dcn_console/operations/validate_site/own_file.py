"""The image that a validation makes: a raw file whose content follows from the task's id."""

import asyncio
import hashlib
import os
import shutil
from pathlib import Path

from dcn_console.config.files import FILE_MODE, ensure_folder
from dcn_console.model.tasks import Task
from dcn_console.operations.validate_site.parameters import Parameters, folder_of

_FILE = "image.raw"
_MOMENT = 946_684_800
"""The file's time, always the same one: 2000-01-01 in seconds since 1970."""


async def made_file(parameters: Parameters, task: Task) -> Path:
    """Return the file, made unless it is there. Raises OSError.

    Its content and its time are the same whenever it is made again for the same task, so that an
    import that was interrupted can go on with it.
    """
    return await asyncio.to_thread(_make, parameters, task)


def _make(parameters: Parameters, task: Task) -> Path:
    path = ensure_folder(folder_of(parameters, task.id)) / _FILE
    if path.exists() and path.stat().st_size == parameters.image_bytes:
        os.utime(path, (_MOMENT, _MOMENT))
        return path
    content = hashlib.shake_256(task.id.encode()).digest(parameters.image_bytes)
    unfinished = path.with_suffix(".new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    os.utime(unfinished, (_MOMENT, _MOMENT))
    return unfinished.rename(path)


def remove_file(parameters: Parameters, task_id: str) -> str:
    """Remove the file and its folder; return "" or why it is left."""
    if not parameters.scratch:
        return ""
    folder = folder_of(parameters, task_id)
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"folder {folder} is left behind: {error.strerror or type(error).__name__}"
    return ""
