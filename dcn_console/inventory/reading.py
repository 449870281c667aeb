"""Reading the lists of the cloud: what is asked, and what is left out for whom."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

import msgspec

from dcn_console.clouds.cinder import Cinder
from dcn_console.clouds.cloud import Cloud
from dcn_console.clouds.glance import Glance
from dcn_console.inventory.services import Services
from dcn_console.model.errors import HttpError, ObjectNotFound, ServiceError
from dcn_console.model.inventory import (
    CinderService,
    Image,
    ImageTask,
    MarkedVolumes,
    Server,
    Store,
    Volume,
)
from dcn_console.model.text import printable

T = TypeVar("T")

ADMIN = "admin"
NO_NOVA = "The catalogue has no compute service: servers are not known."

_NOT_ALL = "these credentials may not list those of others."
_TASKS_AT_ONCE = 4


async def all_image_pages(glance: Glance) -> AsyncIterator[tuple[Image, ...]]:
    """All images, the hidden ones last."""
    async for page in glance.image_pages():
        yield page
    async for page in glance.image_pages(hidden=True):
        yield page


async def gathered(pages: AsyncIterator[tuple[T, ...]]) -> list[T]:
    """Return the rows of all pages."""
    return [row async for page in pages for row in page]


async def detailed_stores(glance: Glance) -> tuple[Store, ...]:
    """Return the stores in detail, () to credentials that may not, or when it does not answer."""
    try:
        return await glance.stores_detail()
    except ServiceError:
        return ()


def merged_stores(plain: tuple[Store, ...], detailed: tuple[Store, ...]) -> tuple[Store, ...]:
    """Return the plain list with type, pool and fsid of the detailed one."""
    details = {store.id: store for store in detailed}
    return tuple(
        msgspec.structs.replace(store, type=detail.type, pool=detail.pool, fsid=detail.fsid)
        if (detail := details.get(store.id))
        else store
        for store in plain
    )


async def listable_services(cinder: Cinder) -> tuple[CinderService, ...]:
    """Return Cinder's services, () to tenants, who may not list them."""
    try:
        return await cinder.services()
    except HttpError as error:
        if error.status == 403:
            return ()
        raise


async def marked_volumes(services: Services) -> tuple[MarkedVolumes, ...]:
    """Ask Cinder who carries the metadata of each backup plan that names any.

    Cinder tells by a filter: so nobody has to keep the metadata of every volume.
    """
    found = []
    for plan in services.settings.backup_plans:
        if plan.metadata:
            volumes = await services.cinder.volumes.made_with(plan.metadata)
            ids = tuple(sorted(volume.id for volume in volumes))
            found.append(MarkedVolumes(plan=plan.name, volume_ids=ids))
    return tuple(found)


def volumes_notice(cloud: Cloud, volumes: Sequence[Volume]) -> str:
    """Return what a list of volumes leaves out.

    Cinder silently lists only the own project to tenants, and shows the host to administrators
    alone (cinder/policies/volumes.py), so that a host proves a complete list.
    """
    if ADMIN in cloud.roles or any(volume.host for volume in volumes):
        return ""
    return f"Only volumes of project {printable(cloud.project_name)}: {_NOT_ALL}"


def servers_notice(cloud: Cloud, servers: Sequence[Server]) -> str:
    """Return what a list of servers leaves out; Nova too shows hosts to administrators alone."""
    if ADMIN in cloud.roles or any(server.host for server in servers):
        return ""
    return f"Only servers of project {printable(cloud.project_name)}: {_NOT_ALL}"


def own_only(cloud: Cloud, what: str) -> str:
    """Return what a list of ``what`` leaves out: Cinder lists the own project's to tenants."""
    if ADMIN in cloud.roles:
        return ""
    return f"Only {what} of project {printable(cloud.project_name)}: {_NOT_ALL}"


def services_notice(cloud: Cloud, services: Sequence[CinderService]) -> str:
    """Return what a list of Cinder's services leaves out."""
    if services or ADMIN in cloud.roles:
        return ""
    return "These credentials may not list Cinder's services."


async def still_lists(glance: Glance, image_id: str, store: str | None) -> bool:
    """Whether Glance says now that the image is in ``store``; when it cannot say, that it is."""
    try:
        return store in (await glance.image(image_id)).stores
    except ObjectNotFound:
        return False
    except ServiceError:
        return True


async def lock_task(glance: Glance, image: Image) -> ImageTask | None:
    """Return the task that holds the image's import lock, None when nobody holds it.

    A task whose record is gone is returned with its id alone. Raises ServiceError.
    """
    if image.import_task is None:
        return None
    tasks = await glance.tasks(image.id)
    held = (task for task in tasks if task.id == image.import_task)
    return next(held, ImageTask(id=image.import_task))


async def lock_tasks(glance: Glance, images: tuple[Image, ...]) -> dict[str, ImageTask]:
    """Return by image id the tasks that hold import locks; unreadable ones are left out."""
    turn = asyncio.Semaphore(_TASKS_AT_ONCE)

    async def read(image: Image) -> tuple[str, ImageTask | None]:
        async with turn:
            try:
                return image.id, await lock_task(glance, image)
            except ServiceError:
                return image.id, None

    found = await asyncio.gather(*(read(image) for image in images if image.import_task))
    return {image_id: task for image_id, task in found if task is not None}
