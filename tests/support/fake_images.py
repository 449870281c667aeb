"""A Glance with stores and clones in memory, for tests of importing and deleting images.

It behaves as measured with Glance 25.1: a whole DELETE takes the copies store by store and
answers 409 at the first one with clones, when the others may be gone. Sizes are bytes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import msgspec
from fake_dcn import Clock, FakeCloud, a_topology
from fake_dcn import FakeCluster as CopyCluster

from dcn_console.inventory.services import Services
from dcn_console.model.errors import HttpError, ObjectNotFound, RbdImageNotFound, ServiceUnreachable
from dcn_console.model.inventory import Image, ImageTask, RbdChild, RbdImage, Store, Volume
from dcn_console.operations.base import PlanContext

IMAGE = "0f1e2d3c-0000-4000-8000-000000000001"


class Cluster(CopyCluster):
    """A cluster that also knows clones and a trash."""

    def __init__(self, site: str) -> None:
        super().__init__(site)
        self.clones: dict[str, tuple[RbdChild, ...]] = {}
        self.trashed: list[str] = []
        self.content = self

    async def children(self, pool: str, name: str) -> tuple[RbdChild, ...]:
        self._reach()
        if name not in self.used:
            raise RbdImageNotFound(f"no {name}")
        return self.clones.get(name, ())

    async def trash(self, pool: str) -> tuple[str, ...]:
        self._reach()
        return tuple(self.trashed)


@dataclass
class FakeGlance:
    """Images by id; ``images`` is itself, as the adapter's part that changes them."""

    clock: Clock
    clusters: dict[str, Cluster]
    known: dict[str, Image] = field(default_factory=dict)
    properties: dict[str, dict[str, str]] = field(default_factory=dict)
    tasks_of: dict[str, list[ImageTask]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    lost_answers: int = 0
    """So many answers to changes are lost although they are carried out."""
    broken_uploads: int = 0
    """So many uploads break in the middle; ``left_as`` is what the image is then."""
    left_as: str = "queued"
    upload_error: HttpError | None = None
    damaged: bool = False
    url_fails: bool = False
    default_store: str = "central-store"
    methods: tuple[str, ...] = ("copy-image", "web-download")

    @property
    def images(self) -> "FakeGlance":
        return self

    async def import_methods(self) -> tuple[str, ...]:
        return self.methods

    async def stores(self) -> tuple[Store, ...]:
        return tuple(
            Store(id=f"{site}-store", default=f"{site}-store" == self.default_store)
            for site in self.clusters
        )

    async def image(self, image_id: str) -> Image:
        if image_id not in self.known:
            raise ObjectNotFound(f"Glance: show image {image_id}: 404 not found.")
        return self.known[image_id]

    async def tasks(self, image_id: str) -> tuple[ImageTask, ...]:
        return tuple(self.tasks_of.get(image_id, ()))

    async def made_with(self, properties: Mapping[str, str]) -> tuple[Image, ...]:
        return tuple(
            self.known[key]
            for key, found in self.properties.items()
            if key in self.known and properties.items() <= found.items()
        )

    async def create(
        self,
        name: str,
        *,
        disk_format: str,
        container_format: str = "bare",
        visibility: str = "private",
        properties: Mapping[str, str] | None = None,
    ) -> Image:
        image = Image(
            id=f"image-{len(self.properties) + 1}",
            name=name,
            status="queued",
            disk_format=disk_format,
            container_format=container_format,
            visibility=visibility,
            created_at=self.clock.now,
        )
        self.known[image.id] = image
        self.properties[image.id] = dict(properties or {})
        self._asked(f"create {image.id}")
        return image

    def change(self, image_id: str, **changes: object) -> None:
        self.known[image_id] = msgspec.structs.replace(self.known[image_id], **changes)

    async def upload(
        self, image_id: str, path: Path, on_progress: Callable[[int, int], None]
    ) -> None:
        image = await self.image(image_id)
        if image.status != "queued":
            raise HttpError("not allowed", 409)
        if self.upload_error is not None:
            raise self.upload_error
        data = path.read_bytes()  # noqa: ASYNC240
        on_progress(len(data) // 2, len(data))
        if self.broken_uploads:
            self.broken_uploads -= 1
            self.change(image_id, status=self.left_as, size=len(data) // 2)
            self.asked.append(f"broken upload {image_id}")
            raise ServiceUnreachable("Glance: upload: the connection broke.")
        on_progress(len(data), len(data))
        self.arrive(image_id, data)
        self._asked(f"upload {image_id}")

    def arrive(self, image_id: str, data: bytes, store: str = "central-store") -> None:
        """Make an image active with data in a store."""
        import hashlib

        digest = hashlib.sha512(data[1:] if self.damaged else data).hexdigest()
        self.change(
            image_id,
            status="active",
            size=len(data),
            stores=(*self.known[image_id].stores, store),
            hash_algorithm="sha512",
            hash_value=digest,
        )
        self.put(image_id, store)
        self.clusters[store.removesuffix("-store")].digest_value = digest

    def put(self, image_id: str, store: str) -> None:
        """Put an image's data into the cluster behind a store."""
        cluster = self.clusters[store.removesuffix("-store")]
        size = self.known[image_id].size or 0
        cluster.used[image_id] = size
        cluster.whole[image_id] = RbdImage(name=image_id, size=size, snap=True, snap_protected=True)

    async def import_url(self, image_id: str, url: str, stores: Sequence[str]) -> None:
        status = "failure" if self.url_fails else "success"
        task = ImageTask(id="task-1", status=status, method="web-download", stores=tuple(stores))
        self.tasks_of.setdefault(image_id, []).insert(0, task)
        if not self.url_fails:
            self.arrive(image_id, url.encode())
        self._asked(f"fetch {url}")

    async def delete(self, image_id: str) -> None:
        image = await self.image(image_id)
        for store in image.stores:
            cluster = self.clusters[store.removesuffix("-store")]
            if cluster.clones.get(image_id):
                raise HttpError("Image is in use", 409)
            self._take(image_id, store)
        del self.known[image_id]
        self._asked(f"delete {image_id}")

    async def delete_copy(self, store: str, image_id: str) -> None:
        if store not in (await self.image(image_id)).stores:
            raise ObjectNotFound("404")
        self._take(image_id, store)
        self._asked(f"delete {image_id} from {store}")

    def _take(self, image_id: str, store: str) -> None:
        cluster = self.clusters[store.removesuffix("-store")]
        cluster.used.pop(image_id, None)
        cluster.whole.pop(image_id, None)
        left = tuple(one for one in self.known[image_id].stores if one != store)
        self.change(image_id, stores=left)

    def _asked(self, what: str) -> None:
        self.asked.append(what)
        if self.lost_answers:
            self.lost_answers -= 1
            raise ServiceUnreachable("Glance: no answer within 15 s.")


@dataclass
class FakeCinder:
    """Volumes by id."""

    volumes: dict[str, Volume] = field(default_factory=dict)

    async def volume(self, volume_id: str) -> Volume:
        if volume_id not in self.volumes:
            raise ObjectNotFound("404")
        return self.volumes[volume_id]


class ImageServices:
    """A DCN with images: the hub "central", edges "dcn0" and "dcn1"."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.cloud = FakeCloud()
        self.topology = a_topology("dcn0", "dcn1")
        self.clusters = {name: Cluster(name) for name in self.topology.names}
        self.glance = FakeGlance(self.clock, self.clusters)
        self.cinder = FakeCinder()

    def as_services(self) -> Services:
        return cast(Services, self)

    def add_image(self, *sites: str, image_id: str = IMAGE, **more: object) -> Image:
        """Add an active image with copies at ``sites``."""
        image = Image(
            id=image_id,
            name="cirros",
            status="active",
            disk_format="raw",
            container_format="bare",
            size=40 << 20,
            stores=tuple(f"{site}-store" for site in sites),
        )
        self.glance.known[image_id] = msgspec.structs.replace(image, **more)
        for store in image.stores:
            self.glance.put(image_id, store)
        return self.glance.known[image_id]

    def add_clone(self, site: str, image_id: str = IMAGE) -> None:
        """Make a volume "web" of the copy at a site."""
        self.cinder.volumes["v1"] = Volume(id="v1", name="web")
        child = RbdChild(pool="volumes", image="volume-v1", snapshot="snap")
        self.clusters[site].clones[image_id] = (child,)

    def plan_context(self) -> PlanContext:
        return PlanContext(open_tasks=(), rate_to=lambda site: None, now=self.clock.now)

    async def close(self) -> None:
        """Nothing is open."""
