"""The services of one deployment behind one object: a cloud's APIs and every site's cluster."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from dcn_console.ceph.cluster import Cluster
from dcn_console.clouds.cinder import Cinder
from dcn_console.clouds.cloud import COMPUTE, NETWORK, Cloud
from dcn_console.clouds.glance import Glance
from dcn_console.clouds.neutron import Neutron
from dcn_console.clouds.nova import Nova
from dcn_console.config.settings import Settings
from dcn_console.model.sites import Topology


@dataclass(frozen=True)
class Services:
    """What everything that reads or acts needs. ``clusters`` is by site name.

    ``nova`` and ``neutron`` are None when the catalogue has no such service; a site without a
    cluster in the topology has none in ``clusters`` either.
    """

    settings: Settings
    cloud: Cloud
    glance: Glance
    cinder: Cinder
    nova: Nova | None
    clusters: Mapping[str, Cluster]
    neutron: Neutron | None = None

    @property
    def topology(self) -> Topology:
        """The sites of the settings, the hub first."""
        return self.settings.topology

    @classmethod
    async def open(cls, settings: Settings) -> "Services":
        """Connect to the cloud; the clusters' agents start when they are first asked.

        Raises ConfigError, AuthenticationFailed, ServiceUnreachable or ServiceError.
        """
        cloud = await connect(settings)
        return cls.with_cloud(settings, cloud, open_clusters(settings))

    @classmethod
    def with_cloud(
        cls, settings: Settings, cloud: Cloud, clusters: Mapping[str, Cluster]
    ) -> "Services":
        """Put together what is already connected."""
        return cls(
            settings=settings,
            cloud=cloud,
            glance=Glance(cloud),
            cinder=Cinder(cloud),
            nova=Nova(cloud) if cloud.has(COMPUTE) else None,
            clusters=clusters,
            neutron=Neutron(cloud) if cloud.has(NETWORK) else None,
        )

    async def close(self) -> None:
        """Let go of the cloud's connections and end the clusters' agents."""
        self.cloud.close()
        await asyncio.gather(*(cluster.close() for cluster in self.clusters.values()))


async def connect(settings: Settings) -> Cloud:
    """Connect to the cloud that the settings name; raises as ``Cloud.connect``."""
    return await Cloud.connect(
        settings.cloud, settings.clouds_file, settings.request_timeout_seconds
    )


def open_clusters(settings: Settings) -> dict[str, Cluster]:
    """Return the cluster of each site that has one, by site name. No agent is started yet."""
    return {
        site.name: Cluster(
            site.name,
            site.cluster,
            deadline=settings.agent_deadline_seconds,
            python=settings.agent_python,
        )
        for site in settings.topology
        if site.cluster is not None
    }
