"""The state of one image at one site, from Glance, the site's cluster and our own tasks."""

from collections.abc import Iterable, Mapping

import msgspec

from dcn_console.model.inventory import Image, ImageTask, Store
from dcn_console.model.rows import Cell, Placement
from dcn_console.model.sites import Site
from dcn_console.model.tasks import Target, TargetState, Task, TaskState

COPY_IMAGE = "copy-image"
"""The name of the operation whose tasks show in cells, as in ``Plan.operation``."""


class TaskPart(msgspec.Struct, frozen=True, kw_only=True):
    """The newest of our tasks that concerns one image at one site."""

    number: int
    task_state: TaskState
    target: Target


class Imports(msgspec.Struct, frozen=True, kw_only=True):
    """What an image is being imported to, as Glance says: one store after another."""

    stores: tuple[str, ...] = ()
    message: str = ""


def task_parts(tasks: Iterable[Task]) -> dict[str, dict[str, TaskPart]]:
    """Return, by image id and site name, the newest task there is for each."""
    parts: dict[str, dict[str, TaskPart]] = {}
    for task in sorted(tasks, key=lambda one: one.number):
        for thing in task.plan.objects:
            if thing.kind != "image":
                continue
            by_site = parts.setdefault(thing.id, {})
            for target in task.targets:
                by_site[target.site] = TaskPart(
                    number=task.number, task_state=task.state, target=target
                )
    return parts


def imports_of(image: Image, task: ImageTask | None) -> Imports:
    """Return what Glance is importing the image to; nothing without an import lock.

    ``os_glance_importing_to_stores`` of an import that is over may be left behind.
    """
    if not image.import_task:
        return Imports()
    return Imports(stores=image.importing_to, message=task.message if task else "")


def cell(
    image: Image,
    site: Site,
    stores: Mapping[str, Store],
    imports: Imports,
    fault: str,
    part: TaskPart | None,
    *,
    is_hub: bool,
) -> Cell:
    """Return the cell of ``image`` at ``site``.

    ``stores`` is by id, empty while unknown; ``fault`` is what ``copy_fault`` said;
    ``part`` is our newest task there.
    """
    store = site.store
    if store is None:
        return Cell(site=site.name, state=Placement.UNKNOWN, text="no store")
    if stores and store not in stores:
        return Cell(site=site.name, state=Placement.UNKNOWN, text="its store is not in Glance")
    if store in image.stores:
        if fault:
            return Cell(site=site.name, state=Placement.GONE, text=fault)
        return Cell(site=site.name, state=Placement.PRESENT)
    if part is not None and not part.task_state.is_over and not part.target.state.is_over:
        return _active(site, part)
    if store in imports.stores:
        first = imports.stores[0] == store
        return Cell(
            site=site.name,
            state=Placement.COPYING if first else Placement.QUEUED,
            text=imports.message if first else "waits for the stores before it",
        )
    failed = _failed(site, image, part)
    if failed is not None:
        return failed
    if is_hub and image.status == "active" and image.stores:
        return Cell(site=site.name, state=Placement.MISSING, text="no copy at the central site")
    return Cell(site=site.name, state=Placement.ABSENT)


def _active(site: Site, part: TaskPart) -> Cell:
    target = part.target
    if target.state in (TargetState.STAGING, TargetState.COPYING, TargetState.VERIFYING):
        progress = target.progress
        percent = progress.percent if progress is not None else None
        return Cell(
            site=site.name,
            state=Placement.COPYING,
            percent=percent if target.state is not TargetState.STAGING else None,
            task=part.number,
            text=target.text or target.state.value,
        )
    return Cell(
        site=site.name,
        state=Placement.QUEUED,
        task=part.number,
        text=target.text or target.state.value,
    )


def _failed(site: Site, image: Image, part: TaskPart | None) -> Cell | None:
    if part is not None and part.target.state is TargetState.FAILED:
        return Cell(site=site.name, state=Placement.FAILED, task=part.number, text=part.target.text)
    if site.store in image.failed_stores:
        return Cell(
            site=site.name, state=Placement.FAILED, text="Glance's last import to it failed"
        )
    return None
