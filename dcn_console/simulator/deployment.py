"""What a simulated cloud is made of, and everything it holds at one moment."""

import msgspec
from msgspec.structs import replace

from dcn_console.model.sites import Role
from dcn_console.simulator.block_records import BlockContents
from dcn_console.simulator.faults import Faults
from dcn_console.simulator.mirror_state import MirrorContents
from dcn_console.simulator.records import (
    MIB,
    ImageRecord,
    ProjectRecord,
    RbdRecord,
    ReadOnlyStore,
    ServerRecord,
    SimulatedSite,
    TaskRecord,
    UserRecord,
    VolumeRecord,
)

Pools = dict[str, dict[str, RbdRecord]]
"""RBD images by pool and name."""
NEWEST_MINOR = 70
"""Cinder's highest microversion from Zed to 2023.2."""
NEWEST_COMPUTE_MINOR = 93
"""Nova's highest microversion in Zed."""


class MirrorTimes(msgspec.Struct, frozen=True, kw_only=True):
    """How fast rbd-mirror is, in seconds but for the last.

    ``look`` pass until a daemon notices a change, ``report`` between two reports on an RBD image
    that it receives and ``short_report`` on others, ``vanish`` until a resync removes the RBD
    image. ``gone`` seconds after its daemon's end a report counts as down. Entries of a journal
    are replayed at ``entries`` a second.
    """

    look: float = 3.0
    report: float = 15.0
    short_report: float = 10.0
    vanish: float = 8.0
    gone: float = 30.0
    entries: float = 40.0

    def at_pace(self, pace: float) -> "MirrorTimes":
        """Return the times of daemons that look and report ``pace`` times as often."""
        return replace(
            self,
            look=self.look / pace,
            report=self.report / pace,
            short_report=self.short_report / pace,
            vanish=self.vanish / pace,
        )


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """The fixed part of a simulated cloud.

    ``default_store`` is Glance's default_backend. ``show_locations`` is
    show_multiple_locations, ``store_fsids`` whether the stores' details have fsid and weight
    as newer releases do. ``connect_timeout_seconds`` bounds Glance's connection to a cluster
    whose mon is dead: 300 is librados' own, 5 what rados_connect_timeout is usually set to.
    ``api_threads`` is how many requests Glance serves at a time.
    ``start_seconds`` pass between an import's 202 and the first trace of it on the image.
    ``web_image_bytes`` is the size of whatever a web-download fetches from elsewhere than this
    machine. ``image_conversion`` is Glance's plugin that makes everything imported raw.
    ``mirroring`` is how fast the rbd-mirror daemons are. ``backup_max_snapshots`` is
    backup_ceph_max_snapshots, 0 for none; ``volume_minor`` is Cinder's highest microversion,
    ``compute_minor`` Nova's.
    ``bare_metal`` has the physical network of each bare metal port, "" for none; without any
    there is no Ironic. ``routed_networks`` is Neutron's service plugin "segments".
    """

    name: str
    seed: int
    sites: tuple[SimulatedSite, ...]
    projects: tuple[ProjectRecord, ...]
    users: tuple[UserRecord, ...]
    default_store: str
    region: str = "RegionOne"
    read_only_stores: tuple[ReadOnlyStore, ...] = ()
    show_locations: bool = True
    store_fsids: bool = True
    connect_timeout_seconds: float = 300.0
    api_threads: int = 8
    start_seconds: float = 0.2
    web_image_bytes: int = 48 * MIB
    image_conversion: bool = True
    mirroring: MirrorTimes = MirrorTimes()
    backup_max_snapshots: int = 0
    volume_minor: int = NEWEST_MINOR
    compute_minor: int = NEWEST_COMPUTE_MINOR
    bare_metal: tuple[str, ...] = ()
    routed_networks: bool = False

    @property
    def hub(self) -> SimulatedSite:
        """The site with the control plane."""
        return next((site for site in self.sites if site.role is Role.HUB), self.sites[0])

    @property
    def store_ids(self) -> tuple[str, ...]:
        """The ids of every store, read-only ones last."""
        return tuple(site.store for site in self.sites) + tuple(
            store.id for store in self.read_only_stores
        )

    def site(self, name: str) -> SimulatedSite | None:
        """The site called ``name``."""
        return next((site for site in self.sites if site.name == name), None)

    def site_of_store(self, store: str) -> SimulatedSite | None:
        """The site whose store has the id ``store``; None for a read-only store."""
        return next((site for site in self.sites if site.store == store), None)

    def site_of_cluster(self, cluster: str) -> SimulatedSite | None:
        """The site whose Ceph cluster is called ``cluster``."""
        return next((site for site in self.sites if site.cluster == cluster), None)

    def site_of_zone(self, zone: str) -> SimulatedSite | None:
        """The site of an availability zone."""
        return next((site for site in self.sites if site.availability_zone == zone), None)

    def project(self, identifier: str) -> ProjectRecord | None:
        """The project with that id or name."""
        return next((item for item in self.projects if identifier in (item.id, item.name)), None)

    def user(self, identifier: str) -> UserRecord | None:
        """The user with that id or name."""
        return next((item for item in self.users if identifier in (item.id, item.name)), None)


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """What can be turned while it runs.

    ``latency_seconds`` delays every answer of a service, "" being all services;
    ``time_scale`` is how many seconds pass on the simulator's clock in one real second.
    """

    latency_seconds: dict[str, float] = {}
    time_scale: float = 1.0

    def latency(self, service: str) -> float:
        """The delay of an answer of ``service`` in real seconds."""
        return self.latency_seconds.get(service, self.latency_seconds.get("", 0.0))


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a simulated cloud holds; ``now`` is the time of its clock."""

    deployment: Deployment
    now: float
    conditions: Conditions = Conditions()
    faults: Faults = Faults()
    images: tuple[ImageRecord, ...] = ()
    tasks: tuple[TaskRecord, ...] = ()
    volumes: tuple[VolumeRecord, ...] = ()
    servers: tuple[ServerRecord, ...] = ()
    rbd: dict[str, Pools] = {}
    mirrors: MirrorContents = MirrorContents()
    block: BlockContents = BlockContents()
    staged: tuple[str, ...] = ()
    counter: int = 0
