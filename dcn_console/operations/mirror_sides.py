"""A mirrored RBD image seen at every site at once: what all mirroring operations begin with."""

import asyncio
from dataclasses import dataclass

from dcn_console.ceph.cluster import Cluster
from dcn_console.inventory.services import Services
from dcn_console.model.errors import ClusterError, RbdImageNotFound, UsageError
from dcn_console.model.mirroring import MirrorImage, RbdDetail
from dcn_console.model.requests import RbdSubject
from dcn_console.model.sites import Site, Topology
from dcn_console.model.text import printable


@dataclass(frozen=True)
class Side:
    """An RBD image at one site, as it was a moment ago.

    ``detail`` is None when it is not there, or when ``error`` says why nobody can tell.
    """

    site: Site
    cluster: Cluster
    detail: RbdDetail | None = None
    error: ClusterError | None = None

    @property
    def name(self) -> str:
        """The site's name."""
        return self.site.name

    @property
    def is_known(self) -> bool:
        """Whether the cluster answered, be it that the RBD image is not there."""
        return self.error is None

    @property
    def mirroring(self) -> MirrorImage | None:
        """Its mirroring there, None without."""
        return self.detail.mirroring if self.detail is not None else None

    @property
    def is_primary(self) -> bool:
        """Whether it is mirrored and this side may be written to."""
        return self.mirroring is not None and self.mirroring.primary


@dataclass(frozen=True)
class Pair:
    """Two sides of one RBD image: data goes, or is to go, from ``source`` to ``destination``."""

    subject: RbdSubject
    source: Side
    destination: Side

    @property
    def label(self) -> str:
        """What people call the RBD image, fit to print."""
        return label_of(self.subject)


def label_of(subject: RbdSubject) -> str:
    """Return what people call ``subject``, fit to print."""
    return printable(subject.label or subject.image, 60)


def cluster_of(services: Services, site: Site) -> Cluster:
    """Return the cluster of ``site``; raises UsageError without Ceph access there."""
    cluster = services.clusters.get(site.name)
    if cluster is None:
        raise UsageError(
            f"No Ceph access is configured for {site.name}, so mirroring there cannot be steered.",
            way_out=f"Give [site.{site.name}] a cluster, then see: dcn-console doctor",
        )
    return cluster


async def look_at(services: Services, subject: RbdSubject, site: Site) -> Side:
    """Look at ``subject`` at one site; a cluster that cannot be asked is the side's ``error``."""
    cluster = cluster_of(services, site)
    try:
        detail = await cluster.content.detail(subject.pool, subject.image)
    except RbdImageNotFound:
        return Side(site, cluster)
    except ClusterError as error:
        return Side(site, cluster, error=error)
    return Side(site, cluster, detail)


async def look_everywhere(services: Services, subject: RbdSubject) -> tuple[Side, ...]:
    """Look at ``subject`` at every site with Ceph access, in the order of the topology."""
    sites = [site for site in services.topology if site.name in services.clusters]
    return tuple(await asyncio.gather(*(look_at(services, subject, site) for site in sites)))


def other_sides(sides: tuple[Side, ...], of: Side) -> tuple[Side, ...]:
    """Return the sides besides ``of`` that hold the same mirrored RBD image.

    The same is what has the same global id.
    """
    if of.mirroring is None:
        return ()
    wanted = of.mirroring.global_id
    return tuple(
        side
        for side in sides
        if side.name != of.name
        and side.mirroring is not None
        and side.mirroring.global_id == wanted
    )


def site_named(topology: Topology, name: str | None) -> Site | None:
    """Return the site called ``name``, None for None; raises UsageError for an unknown one."""
    return None if name is None else topology.site(name)
