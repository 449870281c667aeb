"""Making the rows of images again and again, doing over only what changed."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from operator import attrgetter

import msgspec

from dcn_console.inventory.cells import TaskPart, cell, imports_of, task_parts
from dcn_console.inventory.findings import copy_fault, image_findings
from dcn_console.inventory.keeping import Before, same_tuple
from dcn_console.model.inventory import Image, ImageTask, Inventory, RbdImage, Store
from dcn_console.model.rows import Cell, ImageRow
from dcn_console.model.sites import Topology
from dcn_console.model.tasks import Task

PlainKey = tuple[tuple[str, ...], str | None, str | None, str | None, bool]


_key: Callable[[ImageRow], str] = attrgetter("image.id")


class Plain(msgspec.Struct):
    """What images of which nothing special is known share, by stores, status and formats."""

    cells: dict[PlainKey, tuple[Cell, ...]] = {}
    without_findings: set[PlainKey] = set()


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
    checked: tuple[tuple[str, str | None, Mapping[str, RbdImage]], ...] = ()
    """Name, store and RBD images of the sites that listed them."""

    @classmethod
    def of(cls, inventory: Inventory, tasks: Iterable[Task], now: datetime) -> "World":
        """Return the world of this moment."""
        clusters = {
            name: images
            for name, snapshot in inventory.clusters.items()
            if snapshot.rows and (images := snapshot.rows[0].images) is not None
        }
        return cls(
            inventory=inventory,
            stores={store.id: store for store in inventory.stores.rows},
            clusters=clusters,
            checked=tuple(
                (site.name, site.store, clusters[site.name])
                for site in inventory.topology
                if site.name in clusters
            ),
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
        self._rows = tuple(previous)
        self._images: tuple[Image, ...] = ()
        self._world: World | None = None
        self._lively: frozenset[str] = frozenset()
        self._places: dict[str, int] = {}
        self._placed: frozenset[str] = frozenset()

    def joined(self, world: World) -> tuple[ImageRow, ...]:
        """Return the rows of this moment, in the order of the images."""
        images = world.inventory.images.rows
        lively = world.lively
        restless = lively | self._lively
        calm = self._world is not None and world.is_as(self._world)
        if not calm or images is not self._images:
            self._rows = same_tuple(self._rows, self._all(images, world, restless, calm=calm))
            self._places, self._placed = {}, frozenset()
        elif restless:
            self._rows = self._some(world, restless)
        self._images = images
        self._world = world
        self._lively = lively
        return self._rows

    def _all(
        self, images: tuple[Image, ...], world: World, restless: frozenset[str], *, calm: bool
    ) -> tuple[ImageRow, ...]:
        """Look at every image."""
        before = Before(self._rows, _key)
        made: list[ImageRow] = []
        plain = Plain()
        for index, image in enumerate(images):
            old = before.find(index, image.id)
            if calm and old is not None and old.image is image and image.id not in restless:
                made.append(old)
                continue
            row = _image_row(image, world, plain)
            made.append(old if old is not None and old == row else row)
        return tuple(made)

    def _some(self, world: World, restless: frozenset[str]) -> tuple[ImageRow, ...]:
        """Look at the restless images alone: nothing else changed."""
        if not self._placed >= restless:
            images = enumerate(self._images)
            self._places = {image.id: index for index, image in images if image.id in restless}
            self._placed = restless
        plain = Plain()
        news: dict[int, ImageRow] = {}
        for image_id in restless & self._places.keys():
            place = self._places[image_id]
            row = _image_row(self._images[place], world, plain)
            if self._rows[place] != row:
                news[place] = row
        if not news:
            return self._rows
        rows = list(self._rows)
        for place, row in news.items():
            rows[place] = row
        return tuple(rows)


def _image_row(image: Image, world: World, plain: Plain) -> ImageRow:
    parts = world.parts.get(image.id)
    faults = _faults(image, world)
    if parts or faults or image.import_task or image.failed_stores:
        return _special_row(image, world, faults)
    key = (
        image.stores,
        image.status,
        image.disk_format,
        image.container_format,
        image.size == 0,
    )
    cells = plain.cells.get(key)
    if cells is None:
        cells = plain.cells[key] = _cells(image, world, None, faults)
    if key in plain.without_findings:
        return ImageRow(image=image, cells=cells)
    found = image_findings(image, world.topology, world.stores, faults, None, world.now)
    if not found:
        plain.without_findings.add(key)
    return ImageRow(image=image, cells=cells, findings=found)


def _special_row(image: Image, world: World, faults: Mapping[str, str]) -> ImageRow:
    task = world.inventory.image_tasks.get(image.id)
    return ImageRow(
        image=image,
        cells=_cells(image, world, task, faults),
        findings=image_findings(image, world.topology, world.stores, faults, task, world.now),
    )


def _cells(
    image: Image, world: World, task: ImageTask | None, faults: Mapping[str, str]
) -> tuple[Cell, ...]:
    parts = world.parts.get(image.id, {})
    imports = imports_of(image, task)
    return tuple(
        cell(
            image,
            site,
            world.stores,
            imports,
            faults.get(site.name, ""),
            parts.get(site.name),
            is_hub=site.is_hub,
        )
        for site in world.topology
    )


def _faults(image: Image, world: World) -> dict[str, str]:
    found = {}
    for name, store, images in world.checked:
        if store in image.stores:
            fault = copy_fault(image, images.get(image.id))
            if fault:
                found[name] = fault
    return found
