"""What a validation needs to know besides its plan."""

from pathlib import Path

import msgspec

from dcn_console.model.tasks import Task


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes are bytes.

    ``image_path`` is the local file to import, "" for one that is made in ``scratch``;
    ``image_id`` is set instead when an image of the cloud is used. ``skipped`` maps a step that is
    not tried to the reason. ``facts`` are for the report. ``earlier`` are the ids of tasks that
    this one repeats: what they left behind is removed too.
    """

    site: str
    second_site: str
    hub: str
    cloud: str
    image_path: str = ""
    image_id: str = ""
    image_name: str = ""
    image_bytes: int = 0
    volume_bytes: int = 0
    scratch: str = ""
    flavor: str = ""
    network: str = ""
    without_server: bool = False
    keep: bool = False
    step_seconds: float = 900.0
    skipped: dict[str, str] = {}
    facts: dict[str, str] = {}
    earlier: tuple[str, ...] = ()


NAMES = "dcn-console-validate-"
"""How the names of everything that validations make begin."""


def name_of(task: Task) -> str:
    """Return the name of everything that a task makes."""
    return f"{NAMES}{task.number}"


def folder_of(parameters: Parameters, task_id: str) -> Path:
    """Return the folder with the image that a task makes; nothing is made."""
    return Path(parameters.scratch) / f"{NAMES}{task_id}"
