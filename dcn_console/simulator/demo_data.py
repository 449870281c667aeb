"""The names and sizes of the demo's images and volumes."""

from typing import NamedTuple

from dcn_console.model.mirroring import MirrorMode
from dcn_console.simulator.records import GIB, MIB

DEMO = "demo"
"""The name of the demo's deployment."""
CENTRAL, LEEDS, BRISTOL = "central", "leeds", "bristol"
EVERYWHERE = (CENTRAL, LEEDS, BRISTOL)
PROJECTS = ("retail", "video", "telemetry")


class DemoImage(NamedTuple):
    """An image of the demo: ``project`` "" makes it a public one of the administrators."""

    name: str
    size: int
    sites: tuple[str, ...]
    age_days: float
    project: str = ""
    disk_format: str = "raw"
    virtual_size: int = 0
    distribution: str = ""


class DemoVolumes(NamedTuple):
    """A row of alike volumes; ``server`` is the name of the servers they are attached to.

    ``used`` is how many bytes are written, 0 for a share of the size.
    """

    name: str
    number: int
    size: int
    site: str
    project: str
    image: str = ""
    server: str = ""
    server_site: str = ""
    used: int = 0
    encrypted: bool = False


class DemoMirror(NamedTuple):
    """A mirrored volume of the demo: how, and how often snapshots are taken of it ("" never)."""

    name: str
    mode: MirrorMode
    interval: str = ""


GONE_IMAGE = "k8s-node-1.30"
"""Its copy at Leeds is listed by Glance, but the RBD image is not there."""
NEEDED_IMAGE = "jumphost-2025"
"""A server at Bristol was made of it, but it has no copy there."""
STALLED_IMAGE = "pos-terminal-2025.1"
"""Its import to Bristol has not moved for a quarter of an hour."""

IMAGES = (
    DemoImage("cirros-0.6.2", 112 * MIB, (CENTRAL,), 41, distribution="cirros"),
    DemoImage("alpine-3.20", 512 * MIB, (CENTRAL,), 12, distribution="alpine"),
    DemoImage("tinycore-15", 16 * MIB, (CENTRAL, LEEDS), 200, distribution="tinycore"),
    DemoImage("ubuntu-24.04", 3584 * MIB, EVERYWHERE, 23, distribution="ubuntu"),
    DemoImage("ubuntu-22.04", 2252 * MIB, (CENTRAL, LEEDS), 160, distribution="ubuntu"),
    DemoImage("debian-12", 2 * GIB, (CENTRAL, BRISTOL), 64, distribution="debian"),
    DemoImage("rhel-9.4", 10 * GIB, EVERYWHERE, 88, distribution="rhel"),
    DemoImage("rhel-8.10", 10 * GIB, (CENTRAL,), 301, distribution="rhel"),
    DemoImage("rocky-9.4", 10 * GIB, (CENTRAL, LEEDS), 77, distribution="rocky"),
    DemoImage("centos-stream-9", 10 * GIB, (CENTRAL,), 54, distribution="centos"),
    DemoImage("fedora-coreos-40", 10 * GIB, (CENTRAL, BRISTOL), 33, distribution="fedora"),
    DemoImage("windows-2k22", 12 * GIB, (CENTRAL, LEEDS), 97, "", "qcow2", 40 * GIB, "windows"),
    DemoImage("windows-2k19", 40 * GIB, (CENTRAL,), 420, distribution="windows"),
    DemoImage("opnsense-24.7", 3 * GIB, (CENTRAL, LEEDS), 140, distribution="freebsd"),
    DemoImage("vyos-1.4", 2 * GIB, EVERYWHERE, 118, distribution="debian"),
    DemoImage(GONE_IMAGE, 5 * GIB, EVERYWHERE, 9, distribution="ubuntu"),
    DemoImage("k8s-node-1.29", 5 * GIB, EVERYWHERE, 102, distribution="ubuntu"),
    DemoImage("edge-gateway-7", 1536 * MIB, (BRISTOL,), 6, "telemetry"),
    DemoImage(STALLED_IMAGE, 4 * GIB, (CENTRAL, LEEDS), 2, "retail"),
    DemoImage("pos-terminal-2024.4", 4 * GIB, EVERYWHERE, 190, "retail"),
    DemoImage("camera-analytics-2.3", 6 * GIB, (CENTRAL, BRISTOL), 17, "video"),
    DemoImage("postgres-16", 4 * GIB, (CENTRAL, LEEDS), 71, "retail"),
    DemoImage("mqtt-broker-4", 1 * GIB, EVERYWHERE, 44, "telemetry"),
    DemoImage("jumphost-2025", 2560 * MIB, (CENTRAL,), 28),
)

VOLUMES = (
    DemoVolumes("registry", 2, 200, CENTRAL, "admin", "ubuntu-24.04", "registry"),
    DemoVolumes("backup-staging", 1, 500, CENTRAL, "admin"),
    DemoVolumes("jumphost-root", 1, 10, CENTRAL, "admin", "jumphost-2025", "jumphost"),
    DemoVolumes("shop-db", 3, 200, CENTRAL, "retail", "postgres-16", "shop-db"),
    DemoVolumes("shop-web-root", 4, 20, CENTRAL, "retail", "ubuntu-22.04", "shop-web"),
    DemoVolumes("pos-leeds-root", 6, 20, LEEDS, "retail", "pos-terminal-2024.4", "pos-leeds"),
    DemoVolumes("pos-leeds-db", 2, 100, LEEDS, "retail", "postgres-16", "pos-db-leeds"),
    DemoVolumes("pos-bristol-root", 5, 20, BRISTOL, "retail", "pos-terminal-2024.4", "pos-bristol"),
    DemoVolumes("pos-bristol-data", 1, 100, CENTRAL, "retail", "", "pos-data-bristol", BRISTOL),
    DemoVolumes("k8s-central-root", 3, 40, CENTRAL, "admin", GONE_IMAGE, "k8s-central"),
    DemoVolumes("k8s-leeds-root", 5, 40, LEEDS, "admin", "k8s-node-1.29", "k8s-leeds"),
    DemoVolumes("k8s-bristol-root", 4, 40, BRISTOL, "admin", GONE_IMAGE, "k8s-bristol"),
    DemoVolumes("camera-archive", 6, 400, BRISTOL, "video", "", "camera"),
    DemoVolumes("camera-root", 4, 20, BRISTOL, "video", "camera-analytics-2.3", "camera-node"),
    DemoVolumes("mqtt-root", 3, 10, LEEDS, "telemetry", "mqtt-broker-4", "mqtt-leeds"),
    DemoVolumes("jump-bristol-root", 1, 10, BRISTOL, "admin", NEEDED_IMAGE, "jump-bristol"),
    DemoVolumes("mqtt-spool", 3, 50, BRISTOL, "telemetry", "", "mqtt-bristol"),
    DemoVolumes("vyos-leeds", 1, 10, LEEDS, "admin", "vyos-1.4", "edge-router-leeds"),
    DemoVolumes("vyos-bristol", 1, 10, BRISTOL, "admin", "vyos-1.4", "edge-router-bristol"),
    DemoVolumes("scratch", 4, 20, LEEDS, "demo"),
    DemoVolumes("win-licence-server", 1, 60, LEEDS, "retail", "windows-2k22", "licences"),
    DemoVolumes("ledger-db", 1, 40, CENTRAL, "retail", "", "ledger", "", 9 * GIB),
    DemoVolumes("ledger-archive", 1, 80, CENTRAL, "retail", used=31 * GIB),
    DemoVolumes("shop-media", 1, 60, CENTRAL, "retail", "", "shop-media", "", 22 * GIB),
    DemoVolumes("till-journal", 1, 20, CENTRAL, "retail", "", "till", "", 6 * GIB),
    DemoVolumes("price-list", 1, 2, CENTRAL, "retail", used=1632 * MIB),
    DemoVolumes("stock-2024", 1, 30, CENTRAL, "retail", used=12 * GIB),
    DemoVolumes("handover-notes", 1, 1, CENTRAL, "retail", used=256 * MIB),
    DemoVolumes("payroll", 1, 20, CENTRAL, "admin", used=5 * GIB, encrypted=True),
    DemoVolumes("label-templates", 1, 10, LEEDS, "retail", used=2 * GIB),
)

BEHIND = "till-journal"
"""Its server writes faster than the line to Leeds takes it."""
FIRST_SYNC = "price-list"
"""Mirroring was enabled a moment ago: its first copy is under way for about 100 s."""
SPLIT_BRAIN = "stock-2024"
"""It was promoted at Leeds by force, and both sides were written to."""
MIRRORED = (
    DemoMirror("ledger-db", MirrorMode.JOURNAL),
    DemoMirror("ledger-archive", MirrorMode.SNAPSHOT),
    DemoMirror("shop-media", MirrorMode.SNAPSHOT, "5m"),
    DemoMirror(BEHIND, MirrorMode.JOURNAL),
    DemoMirror(SPLIT_BRAIN, MirrorMode.SNAPSHOT),
    DemoMirror("label-templates", MirrorMode.JOURNAL),
)
"""Mirrored for days; "handover-notes" is there to be enabled, "payroll" is encrypted."""
