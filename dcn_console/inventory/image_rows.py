"""Making the rows of images again and again, doing over only what changed."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from dcn_console.inventory.cells import TaskPart, cell, imports_of, task_parts
from dcn_console.inventory.findings import copy_fault, image_findings
from dcn_console.model.inventory import Image, Inventory, RbdImage, Store
from dcn_console.model.rows import ImageRow
from dcn_console.model.sites import Topology
from dcn_console.model.tasks import Task


class World(msgspec.Struct, frozen=True, kw_only=True):
    """All that the row of an image depends on besides the image itself.

    ``stores`` is by id, ``clusters`` holds the RBD images of each site that listed them,
    ``parts`` our tasks by image id and site.
    """

    inventory: Inventory
    stores: Mapping[str, Store]
    clusters: Mapping[str, Mapping[str, RbdImage]]
    parts: Mapping[str, Mapping[str, TaskPart]]
    now: datetime

    @classmethod
    def of(cls, inventory: Inventory, tasks: Iterable[Task], now: datetime) -> "World":
        """Return the world of this moment."""
        return cls(
            inventory=inventory,
            stores={store.id: store for store in inventory.stores.rows},
            clusters={
                name: images
                for name, snapshot in inventory.clusters.items()
                if snapshot.rows and (images := snapshot.rows[0].images) is not None
            },
            parts=task_parts(tasks),
            now=now,
        )

    @property
    def topology(self) -> Topology:
        """The sites."""
        return self.inventory.topology

    @property
    def lively(self) -> frozenset[str]:
        """The images whose rows change without a change of the image: imported, or in a task."""
        return frozenset(self.parts) | frozenset(self.inventory.image_tasks)

    def is_as(self, other: "World") -> bool:
        """Whether images that are not lively have the same rows in both."""
        return (
            self.inventory.topology is other.inventory.topology
            and self.inventory.stores.rows is other.inventory.stores.rows
            and self.clusters.keys() == other.clusters.keys()
            and all(self.clusters[name] is other.clusters[name] for name in self.clusters)
        )


class ImageRows:
    """Makes the rows of images; a row that did not change is the same object as before."""

    def __init__(self, previous: Iterable[ImageRow] = ()) -> None:
        self._rows = {row.key: row for row in previous}
        self._world: World | None = None
        self._lively: frozenset[str] = frozenset()

    def joined(self, world: World) -> Iterable[ImageRow]:
        """Return the rows of this moment, in the order of the images."""
        lively = world.lively
        restless = lively | self._lively
        calm = self._world is not None and world.is_as(self._world)
        made: dict[str, ImageRow] = {}
        for image in world.inventory.images.rows:
            old = self._rows.get(image.id)
            if calm and old is not None and old.image is image and image.id not in restless:
                made[image.id] = old
                continue
            row = _image_row(image, world)
            made[image.id] = old if old is not None and old == row else row
        self._rows = made
        self._world = world
        self._lively = lively
        return made.values()


def _image_row(image: Image, world: World) -> ImageRow:
    topology = world.topology
    task = world.inventory.image_tasks.get(image.id)
    imports = imports_of(image, task)
    parts = world.parts.get(image.id, {})
    faults = _faults(image, world)
    return ImageRow(
        image=image,
        cells=tuple(
            cell(
                image,
                site,
                world.stores,
                imports,
                faults.get(site.name, ""),
                parts.get(site.name),
                is_hub=site.is_hub,
            )
            for site in topology
        ),
        findings=image_findings(image, topology, world.stores, faults, task, world.now),
    )


def _faults(image: Image, world: World) -> dict[str, str]:
    found = {}
    for site in world.topology:
        known = world.clusters.get(site.name)
        if known is None or site.store not in image.stores:
            continue
        fault = copy_fault(image, known.get(image.id))
        if fault:
            found[site.name] = fault
    return found
