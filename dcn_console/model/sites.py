"""Sites and the topology that joins them."""

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from dcn_console.model.errors import UsageError


class Role(StrEnum):
    """What a site is in the deployment: the hub has the control plane, every other is an edge."""

    HUB = "hub"
    EDGE = "edge"


class ClusterAccess(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach one Ceph cluster.

    ``conf`` is the path of its ceph.conf as the agent sees it, ``user`` the cephx user
    without "client." and ``keyring`` a path, where the conf does not already name one.
    ``fsid`` identifies the cluster. ``python`` is an interpreter or a command prefix that
    ends in one (``ssh HOST sudo podman exec -i NAME python3``): the agent's source is sent
    to it. ``command`` is a whole command that speaks the agent's protocol by itself.
    """

    conf: str = ""
    user: str = "admin"
    keyring: str = ""
    fsid: str = ""
    images_pool: str = "images"
    volumes_pool: str = "volumes"
    python: tuple[str, ...] = ()
    command: tuple[str, ...] = ()


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """One place: it joins a Glance store, an availability zone and a Ceph cluster.

    Each of the three may be missing: a site without ``cluster`` still does all that
    OpenStack alone can do.
    """

    name: str
    role: Role = Role.EDGE
    store: str | None = None
    availability_zone: str | None = None
    cluster: ClusterAccess | None = None
    read_only: bool = False

    @property
    def is_hub(self) -> bool:
        """Whether this is the site with the control plane."""
        return self.role is Role.HUB


class Topology(msgspec.Struct, frozen=True):
    """All sites, the hub first."""

    sites: tuple[Site, ...] = ()

    def __iter__(self) -> Iterator[Site]:
        """Iterate over the sites, the hub first."""
        return iter(self.sites)

    @property
    def hub(self) -> Site | None:
        """The central site, or None in a topology that has none yet."""
        return next((site for site in self.sites if site.is_hub), None)

    @property
    def edges(self) -> tuple[Site, ...]:
        """Every site that is not the hub."""
        return tuple(site for site in self.sites if not site.is_hub)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the sites, the hub first."""
        return tuple(site.name for site in self.sites)

    def site(self, name: str) -> Site:
        """Return the site called ``name``; raise UsageError naming the known ones."""
        for site in self.sites:
            if site.name == name:
                return site
        known = ", ".join(self.names) or "none"
        raise UsageError(f"There is no site “{name}”.", way_out=f"Known sites: {known}.")

    def with_store(self, store: str) -> Site | None:
        """Return the site whose Glance store has the id ``store``."""
        return next((site for site in self.sites if site.store == store), None)

    def in_availability_zone(self, zone: str) -> Site | None:
        """Return the site whose availability zone is ``zone``."""
        return next((site for site in self.sites if site.availability_zone == zone), None)
