"""Where the task store of a cloud lies: one folder a cloud, inside the state folder."""

import hashlib
import re
from pathlib import Path

import msgspec

_SAFE = re.compile(r"[^A-Za-z0-9_-]+")


class TaskFolder(msgspec.Struct, frozen=True):
    """The files of one cloud's tasks."""

    path: Path

    @property
    def store(self) -> Path:
        """The task store that faces and runner share."""
        return self.path / "tasks.sqlite"

    @property
    def durable(self) -> Path:
        """The durable-execution library's own database: the runner's alone."""
        return self.path / "durable.sqlite"

    @property
    def lock(self) -> Path:
        """Held by the one runner of this store for as long as it lives."""
        return self.path / "runner.lock"

    @property
    def runner_log(self) -> Path:
        """What a runner started in the background says."""
        return self.path / "runner.log"


def task_folder(state_folder: Path, cloud: str) -> TaskFolder:
    """Return the folder of the tasks of ``cloud``; nothing is created.

    The name of a cloud is foreign text: whatever is not plain is replaced, and a digest
    keeps two names that then look alike apart.
    """
    plain = _SAFE.sub("-", cloud).strip("-")[:40] or "cloud"
    if plain != cloud:
        plain = f"{plain}-{hashlib.sha256(cloud.encode()).hexdigest()[:8]}"
    return TaskFolder(state_folder / "clouds" / plain)
