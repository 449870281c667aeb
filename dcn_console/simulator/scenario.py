"""Building a simulated cloud to start with: its sites, people and contents, by name.

Everything depends only on the seed and the parameters, so that two simulators started alike
hold the same objects under the same ids.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from dcn_console.model.mirroring import PeerDirection, PoolMode
from dcn_console.model.sites import Role
from dcn_console.simulator.deployment import Contents, Deployment, Pools
from dcn_console.simulator.dice import Dice
from dcn_console.simulator.mirror_records import PEER_CLIENT, MirrorPoolRecord, PeerRecord
from dcn_console.simulator.mirror_state import MirrorContents
from dcn_console.simulator.records import (
    TIB,
    ImageRecord,
    ProjectRecord,
    RbdRecord,
    ReadOnlyStore,
    SimulatedSite,
    UserRecord,
    VolumeRecord,
)
from dcn_console.simulator.volumes import rbd_name, rbd_record

DEFAULT_SEED = 7
PASSWORD = "simulated"  # noqa: S105 - every account of the simulated cloud has it
ADMIN = "admin"
MEMBER = "demo"


def make_sites(
    names: Iterable[str], seed: int = DEFAULT_SEED, bandwidth: float | None = None
) -> tuple[SimulatedSite, ...]:
    """Return sites from "NAME[:STORE[:ZONE[:CLUSTER]]]", the hub first.

    What is left out is called like the site. ``bandwidth`` is in bytes a second.
    """
    dice = Dice(seed)
    sites = []
    for index, text in enumerate(names):
        name, store, zone, cluster = (*text.split(":"), "", "", "")[:4]
        site = SimulatedSite(
            name=name,
            role=Role.EDGE if index else Role.HUB,
            store=store or name,
            store_description=f"{name} rbd glance store",
            availability_zone=zone or name,
            cluster=cluster or name,
            fsid=dice.identifier(f"fsid/{name}"),
            total_bytes=(4 if index else 12) * TIB,
        )
        sites.append(with_bandwidth(site, bandwidth))
    return tuple(sites)


def with_bandwidth(site: SimulatedSite, bandwidth: float | None) -> SimulatedSite:
    """Return the site with ``bandwidth`` bytes a second in both directions, if one is given."""
    if bandwidth is None:
        return site
    return replace(site, bandwidth=bandwidth, staging_bandwidth=bandwidth)


def make_people(
    dice: Dice, projects: Iterable[str] = ()
) -> tuple[tuple[ProjectRecord, ...], tuple[UserRecord, ...]]:
    """Return projects and users: an administrator everywhere, and a plain member of "demo"."""
    known = tuple(
        ProjectRecord(id=dice.hex_identifier(f"project/{name}"), name=name)
        for name in (ADMIN, MEMBER, *projects)
    )
    admin = UserRecord(
        id=dice.hex_identifier(f"user/{ADMIN}"),
        name=ADMIN,
        password=PASSWORD,
        default_project_id=known[0].id,
        roles={project.id: ("admin", "member", "reader") for project in known},
    )
    member = UserRecord(
        id=dice.hex_identifier(f"user/{MEMBER}"),
        name=MEMBER,
        password=PASSWORD,
        default_project_id=known[1].id,
        roles={known[1].id: ("member", "reader")},
    )
    return known, (admin, member)


def make_deployment(
    name: str,
    sites: tuple[SimulatedSite, ...],
    seed: int = DEFAULT_SEED,
    projects: Iterable[str] = (),
    read_only_stores: tuple[ReadOnlyStore, ...] = (),
) -> Deployment:
    """Return a deployment of these sites whose default store is the hub's."""
    known, users = make_people(Dice(seed), projects)
    hub = next((site for site in sites if site.role is Role.HUB), sites[0])
    return Deployment(
        name=name,
        seed=seed,
        sites=sites,
        projects=known,
        users=users,
        default_store=hub.store,
        read_only_stores=read_only_stores,
    )


def rbd_of(
    deployment: Deployment, images: Iterable[ImageRecord], volumes: Iterable[VolumeRecord]
) -> dict[str, Pools]:
    """Return the RBD images behind images and volumes, by site and pool."""
    rbd: dict[str, Pools] = {
        site.name: {site.images_pool: {}, site.volumes_pool: {}} for site in deployment.sites
    }
    by_store = {site.store: site for site in deployment.sites}
    for image in images:
        record = RbdRecord(size=image.size or 0, used=image.size or 0)
        for store in image.stores:
            if store in by_store:
                site = by_store[store]
                rbd[site.name][site.images_pool][image.id] = record
    by_name = {site.name: site for site in deployment.sites}
    for volume in volumes:
        site = by_name[volume.site]
        rbd[site.name][site.volumes_pool][rbd_name(volume)] = rbd_record(volume, site)
    return rbd


def paired(deployment: Deployment, names: tuple[str, ...] | None = None) -> MirrorContents:
    """Return mirroring of the volumes between the named sites, or all: no RBD image yet.

    The hub and the first edge receive from each other, every other edge from the hub. A pool
    can receive from one peer only (librbd, api/Mirror.cc), so more of them cannot go both ways.
    """
    dice = Dice(deployment.seed)
    sites = [site for site in deployment.sites if names is None or site.name in names]
    hub, edges = deployment.hub, [site for site in sites if site != deployment.hub]
    pools: dict[str, dict[str, MirrorPoolRecord]] = {}
    for site in sites:
        peers = [
            _peer(dice, hub, edge, is_first=index == 0, at_hub=site == hub)
            for index, edge in enumerate(edges)
            if site in (hub, edge)
        ]
        record = MirrorPoolRecord(
            uuid=mirror_uuid(dice, site), mode=PoolMode.IMAGE, peers=tuple(peers)
        )
        pools[site.name] = {site.volumes_pool: record}
    return MirrorContents(pools=pools, site_names={site.name: site.name for site in sites})


def mirror_uuid(dice: Dice, site: SimulatedSite) -> str:
    """Return how a site's pool of volumes is known to daemons elsewhere."""
    return dice.identifier(f"mirror/{site.name}")


def _peer(
    dice: Dice, hub: SimulatedSite, edge: SimulatedSite, *, is_first: bool, at_hub: bool
) -> PeerRecord:
    other = edge if at_hub else hub
    direction = PeerDirection.BOTH
    if not is_first:
        direction = PeerDirection.SEND if at_hub else PeerDirection.RECEIVE
    return PeerRecord(
        uuid=dice.identifier(f"peer/{edge.name}/{at_hub}"),
        site=other.name,
        site_name=other.name,
        direction=direction,
        mirror_uuid="" if direction is PeerDirection.RECEIVE else mirror_uuid(dice, other),
        client_name="" if direction is PeerDirection.SEND else f"client.{PEER_CLIENT}",
    )


def filled(contents: Contents, percents: dict[str, float]) -> Contents:
    """Return the contents with each named site's cluster filled to a percentage."""
    sites = []
    for site in contents.deployment.sites:
        pools = contents.rbd.get(site.name, {})
        known = sum(record.used for pool in pools.values() for record in pool.values())
        wanted = int(site.total_bytes * percents.get(site.name, 0.0) / 100)
        sites.append(replace(site, other_bytes=max(0, wanted - known)))
    deployment = replace(contents.deployment, sites=tuple(sites))
    return replace(contents, deployment=deployment)


def empty(
    sites: tuple[SimulatedSite, ...] | None = None,
    *,
    now: float,
    seed: int = DEFAULT_SEED,
    bandwidth: float | None = None,
    read_only_stores: tuple[ReadOnlyStore, ...] = (),
) -> Contents:
    """Return a cloud with nothing in it; its three sites are central, dcn0 and dcn1."""
    chosen = sites or make_sites(("central", "dcn0", "dcn1"), seed, bandwidth)
    deployment = make_deployment("simulated", chosen, seed, (), read_only_stores)
    return Contents(
        deployment=deployment,
        now=now,
        rbd=rbd_of(deployment, (), ()),
        mirrors=paired(deployment),
    )
