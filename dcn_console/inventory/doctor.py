"""Looking for what operators trip over, without changing anything."""

import asyncio
from collections.abc import AsyncIterator, Mapping

from dcn_console.ceph.cluster import Cluster
from dcn_console.config.settings import Settings
from dcn_console.inventory.diagnosis import Area, Diagnosis
from dcn_console.inventory.doctor_bare_metal import check_bare_metal
from dcn_console.inventory.doctor_ceph import check_cluster
from dcn_console.inventory.doctor_cinder import check_cinder
from dcn_console.inventory.doctor_deployment import check_deployment
from dcn_console.inventory.doctor_glance import check_glance
from dcn_console.inventory.services import Services, connect, open_clusters
from dcn_console.model.errors import DcnError
from dcn_console.model.text import printable

IDENTITY = Area("identity")
CONFIGURATION = Area("configuration")
CEPH = Area("ceph")


async def run(settings: Settings, undercloud: str = "") -> AsyncIterator[Diagnosis]:
    """Yield the diagnoses, area by area.

    ``undercloud`` is the cloud in clouds.yaml that has the bare metal service, "" where it is
    the settings' own.
    The clusters are looked at while the cloud is, each bounded by its own deadline. Raises
    nothing that a service, a cluster or the credentials cause: that is what it diagnoses.
    """
    clusters = open_clusters(settings)
    looking = {
        name: asyncio.ensure_future(_cluster_diagnoses(settings, name, cluster))
        for name, cluster in clusters.items()
    }
    try:
        yield _configuration(settings)
        async for diagnosis in _cloud_diagnoses(settings, clusters, undercloud):
            yield diagnosis
        for site in settings.topology:
            if site.name not in looking:
                yield CEPH.skipped(
                    site.name,
                    "No Ceph access is configured: copies there are checked by Glance's word "
                    "alone, and progress is shown without bytes.",
                )
                continue
            for diagnosis in await looking[site.name]:
                yield diagnosis
    finally:
        for task in looking.values():
            task.cancel()
        await asyncio.gather(*(cluster.close() for cluster in clusters.values()))


def _configuration(settings: Settings) -> Diagnosis:
    topology = settings.topology
    if not topology.sites:
        return CONFIGURATION.problem(
            "sites", "No site is configured.", "Let “dcn-console init” find them."
        )
    if topology.hub is None:
        return CONFIGURATION.problem(
            "sites", "No site is the hub.", "Write role = “hub” for the central one."
        )
    edges = ", ".join(site.name for site in topology.edges) or "none"
    return CONFIGURATION.ok("sites", f"The hub is {topology.hub.name}; edges: {edges}.")


async def _cloud_diagnoses(
    settings: Settings, clusters: Mapping[str, Cluster], undercloud: str
) -> AsyncIterator[Diagnosis]:
    try:
        cloud = await connect(settings)
    except DcnError as error:
        yield IDENTITY.failed("credentials", error)
        yield Area("image").skipped("endpoint", "Nobody is let in: see identity.")
        yield Area("block storage").skipped("endpoint", "Nobody is let in: see identity.")
        yield Area("deployment").skipped("lists", "Nobody is let in: see identity.")
        if undercloud:
            for diagnosis in await check_bare_metal(settings, None, undercloud):
                yield diagnosis
        return
    try:
        roles = ", ".join(sorted(map(printable, cloud.roles))) or "none"
        yield IDENTITY.ok(
            "credentials",
            f"User {printable(cloud.user_name)} in project {printable(cloud.project_name)} of "
            f"cloud {printable(cloud.name)}, roles: {roles}.",
        )
        services = Services.with_cloud(settings, cloud, clusters)
        images = asyncio.ensure_future(check_glance(services))
        volumes = asyncio.ensure_future(check_cinder(services))
        deployment = asyncio.ensure_future(check_deployment(services))
        bare_metal = asyncio.ensure_future(check_bare_metal(settings, cloud, undercloud))
        for area in (images, volumes, deployment, bare_metal):
            for diagnosis in await area:
                yield diagnosis
    finally:
        cloud.close()


async def _cluster_diagnoses(
    settings: Settings, name: str, cluster: Cluster
) -> tuple[Diagnosis, ...]:
    return await check_cluster(settings.topology.site(name), cluster)
