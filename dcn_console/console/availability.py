"""Why an action cannot be run here and now: each function returns the reason, or ""."""

from dcn_console.console.situation import (
    IMAGE_PLACES,
    MARKED_PLACES,
    TABLE_PLACES,
    TASK_PLACES,
    Situation,
)
from dcn_console.model.rows import Placement
from dcn_console.model.tasks import TaskState
from dcn_console.model.text import printable

SETTLED = frozenset({Placement.PRESENT, Placement.COPYING, Placement.QUEUED})
"""The states of a cell that leave nothing to copy."""

RAW_KINDS = frozenset({"image", "volume", "snapshot", "backup", "server", "task"})
"""The kinds of objects whose raw body can be shown."""

_NAME = 60
_NO_OBJECT = "Put the cursor on an image, a volume, a snapshot, a backup, a server or a task first."


def sentence(words: str) -> str:
    """Return words as a sentence: a capital at the start, a stop at the end."""
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


def always(_situation: Situation) -> str:
    """Never a reason."""
    return ""


def in_tables(situation: Situation) -> str:
    """Only where there is a table."""
    return "" if situation.place in TABLE_PLACES else "This works on tables."


def where_marks(situation: Situation) -> str:
    """Only where rows can be marked."""
    if situation.place in MARKED_PLACES:
        return ""
    return "What is listed here cannot be marked."


def with_marks(situation: Situation) -> str:
    """Only when something is marked."""
    return "" if situation.marks else "Nothing is marked. Space marks the row under the cursor."


def with_subject(situation: Situation) -> str:
    """Only on an object with an id."""
    if situation.subject is None:
        return _NO_OBJECT
    return ""


def with_body(situation: Situation) -> str:
    """Only on an object with a raw body."""
    if situation.subject is None or situation.subject.kind not in RAW_KINDS:
        return _NO_OBJECT
    return ""


def with_images(situation: Situation) -> str:
    """Only on images, and only where changes are allowed."""
    if situation.read_only_reason:
        return sentence(situation.read_only_reason)
    if situation.place not in IMAGE_PLACES:
        return "Copying works on images. Press 2 to go to them."
    if not situation.images:
        return "Put the cursor on an image first, or mark some with space."
    return ""


def with_edges_lacking(situation: Situation) -> str:
    """Only on images that some edge lacks."""
    reason = with_images(situation)
    if reason:
        return reason
    edges = [site for site in situation.topology.edges if site.store is not None]
    if not edges:
        return "No edge site has a store."
    if all(site.read_only for site in edges):
        return "Every edge site is read-only."
    lacking = any(
        (cell := row.cell(site.name)) is None or cell.state not in SETTLED
        for row in situation.images
        for site in edges
    )
    if lacking:
        return ""
    if len(situation.images) == 1:
        return f"Every edge has {printable(situation.images[0].image.label, _NAME)} already."
    return "Every edge has all of these images already."


def with_live_task(situation: Situation) -> str:
    """Only on a task that is not over."""
    reason = _task_reason(situation)
    if reason or situation.task is None:
        return reason
    task = situation.task
    if task.state.is_over:
        return f"Task {task.number} is {task.state.value}: there is nothing to cancel."
    if task.state is TaskState.CANCELLING:
        return f"Task {task.number} is being cancelled already."
    return ""


def with_pausable_task(situation: Situation) -> str:
    """Only on a task with steps to come."""
    reason = _task_reason(situation)
    if reason or situation.task is None:
        return reason
    task = situation.task
    if task.state.is_over:
        return f"Task {task.number} is {task.state.value}: there is no step to wait before."
    if task.state is TaskState.CANCELLING:
        return f"Task {task.number} is being cancelled."
    return ""


def with_unfinished_task(situation: Situation) -> str:
    """Only on a task that is over without having done all it should."""
    reason = _task_reason(situation)
    if reason or situation.task is None:
        return reason
    task = situation.task
    if not task.state.is_over:
        return f"Task {task.number} is still {task.state.value}."
    if task.state is TaskState.DONE:
        return f"Task {task.number} is done at every site."
    return ""


def _task_reason(situation: Situation) -> str:
    if situation.read_only_reason:
        return sentence(situation.read_only_reason)
    if situation.place not in TASK_PLACES:
        return "This works on tasks. Press 4 to go to them."
    return "" if situation.task else "Put the cursor on a task first."
