"""Believable rows of a deployment with three sites, for tests of the console."""

import random
from datetime import UTC, datetime, timedelta

from dcn_console.model.inventory import Attachment, Capacity, Image, RbdLocation, Store, Volume
from dcn_console.model.rows import (
    CLUSTER_UNHEALTHY,
    COPY_GONE,
    IMPORT_STALLED,
    NO_CENTRAL_COPY,
    NOT_RAW,
    ZONE_MISMATCH,
    Cell,
    Finding,
    ImageRow,
    Placement,
    Rows,
    Severity,
    SiteRow,
    StoreRow,
    VolumeRow,
)
from dcn_console.model.sites import ClusterAccess, Role, Site, Topology

NOW = datetime(2026, 11, 21, 12, 4, 31, tzinfo=UTC)
MIB = 1024**2
GIB = 1024**3
TIB = 1024**4

HOSTILE_NAMES = (
    "[red]x[/]",
    "x[/foo]",
    "[@click=app.quit]quit[/]",
    "../../etc/passwd",
    "naïve 日本語 イメージ 🚀👩‍👩‍👧",
    "a" * 300,
    "two\nlines\x1b[31m\x07\u202ereversed",
    "$(reboot); `id` 'q\"",
    "",
)


def access(name: str) -> ClusterAccess:
    return ClusterAccess(conf=f"/etc/ceph/{name}.conf", user="openstack", fsid=f"fsid-{name}")


def topology(edges: int = 2) -> Topology:
    sites = [
        Site(
            name="central",
            role=Role.HUB,
            store="central",
            availability_zone="central",
            cluster=access("central"),
        )
    ]
    sites += [
        Site(
            name=f"dcn{number}",
            store=f"dcn{number}",
            availability_zone=f"dcn{number}",
            cluster=access(f"dcn{number}"),
        )
        for number in range(edges)
    ]
    return Topology(tuple(sites))


def image_id(number: int) -> str:
    return f"{number:08x}-1f2e-4d3c-8b9a-{number * 7919 % 16**12:012x}"


def image_row(
    number: int,
    name: str | None,
    size: int | None,
    cells: dict[str, Placement | Cell],
    *,
    sites: Topology,
    disk_format: str = "raw",
    findings: tuple[tuple[str, Severity, str | None, str, str], ...] = (),
    status: str = "active",
) -> ImageRow:
    made = tuple(
        cell
        if isinstance(cell := cells.get(site.name, Placement.ABSENT), Cell)
        else Cell(site=site.name, state=cell)
        for site in sites
    )
    present = tuple(cell.site for cell in made if cell.state is Placement.PRESENT)
    return ImageRow(
        image=Image(
            id=image_id(number),
            name=name,
            status=status,
            disk_format=disk_format,
            container_format="bare",
            size=size,
            virtual_size=size,
            visibility="public" if number % 3 else "private",
            owner="7c1f0a52b8d94d0f9f6f0f4f5be1a2d3",
            created_at=NOW - timedelta(days=number % 400, hours=3),
            updated_at=NOW - timedelta(days=number % 400),
            stores=present,
            hash_algorithm="sha512",
            hash_value=f"{number:064x}",
            locations=tuple(
                RbdLocation(store=store, fsid=f"fsid-{store}", pool="images") for store in present
            ),
        ),
        cells=made,
        findings=tuple(
            Finding(
                kind=kind,
                severity=severity,
                key=image_id(number),
                site=site,
                text=text,
                way_out=way_out,
            )
            for kind, severity, site, text, way_out in findings
        ),
    )


def _not_raw(name: str) -> tuple[str, Severity, str | None, str, str]:
    return (
        NOT_RAW,
        Severity.WARNING,
        None,
        f"{name} is not raw: in an RBD store every boot copies it in full instead of cloning.",
        "Convert it to raw and upload it again, or switch on image conversion in Glance.",
    )


def leading_images(sites: Topology) -> tuple[ImageRow, ...]:
    """The handful of images the pictures are about."""
    present, absent = Placement.PRESENT, Placement.ABSENT
    gone = (
        COPY_GONE,
        Severity.ERROR,
        "dcn1",
        "Glance lists debian-12-genericcloud at dcn1, but its RBD image is not in the pool there.",
        "Remove the copy from the store with glance stores-delete, then copy the image again.",
    )
    stalled = (
        IMPORT_STALLED,
        Severity.WARNING,
        None,
        "An import of fedora-40 has not moved since 11:32; its lock can be taken over from 12:32.",
        "Wait until 12:32 and copy again, or restart the import then.",
    )
    lost = (
        NO_CENTRAL_COPY,
        Severity.ERROR,
        None,
        "golden-2024-06 has no copy at central: it cannot be copied anywhere else.",
        "Copy the data back with rbd export and import, or upload the image again.",
    )
    return (
        image_row(
            1,
            "cirros-0.6.2-x86_64-disk",
            44 * MIB,
            {
                "central": present,
                "dcn0": Cell(site="dcn0", state=Placement.COPYING, percent=42.0, task=14),
            },
            sites=sites,
        ),
        image_row(
            2,
            "rhel-9.4-x86_64-kvm",
            10 * GIB,
            {"central": present, "dcn0": present, "dcn1": present},
            sites=sites,
        ),
        image_row(
            3,
            "win-2k22-datacenter",
            40 * GIB,
            {
                "central": present,
                "dcn0": Cell(site="dcn0", state=Placement.FAILED, task=11, text="no space"),
            },
            sites=sites,
            disk_format="qcow2",
            findings=(_not_raw("win-2k22-datacenter"),),
        ),
        image_row(
            4,
            "debian-12-genericcloud",
            2 * GIB,
            {"central": present, "dcn0": present, "dcn1": Placement.GONE},
            sites=sites,
            findings=(gone,),
        ),
        image_row(
            5,
            "ubuntu-24.04-server",
            3 * GIB + 512 * MIB,
            {"central": present, "dcn1": Cell(site="dcn1", state=Placement.QUEUED, task=16)},
            sites=sites,
        ),
        image_row(
            6,
            "golden-2024-06",
            18 * GIB,
            {"central": absent, "dcn0": present},
            sites=sites,
            findings=(lost,),
        ),
        image_row(7, "fedora-40", 5 * GIB, {"central": present}, sites=sites, findings=(stalled,)),
        image_row(
            8,
            "octavia-amphora-haproxy",
            1 * GIB,
            {"central": present, "dcn0": present, "dcn1": Placement.MISSING},
            sites=sites,
        ),
    )


_FAMILIES = (
    "almalinux-9",
    "centos-stream-9",
    "debian-11",
    "rocky-9",
    "sles-15-sp5",
    "ubuntu-22.04",
    "alpine-3.20",
    "opensuse-leap-15.6",
    "freebsd-14",
    "flatcar-stable",
    "vyos-1.4",
    "edge-router",
    "cam-gateway",
)


def filler_images(count: int, sites: Topology, first: int = 100) -> tuple[ImageRow, ...]:
    """More images of the usual kind, always the same ones."""
    choice = random.Random(7)
    rows = []
    for number in range(first, first + count):
        family = choice.choice(_FAMILIES)
        states: dict[str, Placement | Cell] = {
            site.name: Placement.PRESENT if choice.random() < 0.4 else Placement.ABSENT
            for site in sites.edges
        }
        states["central"] = Placement.PRESENT
        name = f"{family}-{choice.randint(20230101, 20261101)}"
        rows.append(image_row(number, name, choice.randint(1, 400) * 64 * MIB, states, sites=sites))
    return tuple(rows)


def volume_rows(count: int, sites: Topology) -> tuple[VolumeRow, ...]:
    """Volumes at all sites; the first has something wrong."""
    choice = random.Random(11)
    names = ("pet-volume", "db", "scratch", "boot", "registry", "logs", "queue")
    rows = []
    for number in range(count):
        site = sites.names[number % len(sites.names)]
        attached = choice.random() < 0.6
        key = f"{number:08x}-aaaa-4bbb-8ccc-{number:012x}"
        findings = (
            (
                Finding(
                    kind=ZONE_MISMATCH,
                    severity=Severity.WARNING,
                    key=key,
                    site=site,
                    text=f"Volume db-01 is in {site}, its server web-1 in dcn0.",
                    way_out="Move the volume with a backup and restore, or rebuild the server.",
                ),
            )
            if number == 3
            else ()
        )
        rows.append(
            VolumeRow(
                volume=Volume(
                    id=key,
                    name=f"{choice.choice(names)}-{number:02}",
                    status="error_restoring"
                    if number == 8
                    else ("in-use" if attached else "available"),
                    size=choice.choice((8, 20, 40, 200, 512)) * GIB,
                    availability_zone=site,
                    host=f"{site}-cinder@rbd-{site}#rbd-{site}",
                    volume_type=f"rbd-{site}",
                    project_id="7c1f0a52b8d94d0f9f6f0f4f5be1a2d3",
                    attachments=(Attachment(server_id=f"server-{number}", device="/dev/vda"),)
                    if attached
                    else (),
                    image_id=image_id(2) if attached else None,
                    bootable=attached,
                    created_at=NOW - timedelta(days=number % 90, hours=5),
                ),
                site=site,
                parent_image="rhel-9.4-x86_64-kvm" if attached else None,
                server=f"web-{number}" if attached else None,
                findings=findings,
            )
        )
    return tuple(rows)


def site_rows(sites: Topology) -> tuple[SiteRow, ...]:
    """The hub well, the first edge well, the second with an osd down."""
    rows = []
    figures = {"central": (20, 12.4), "dcn0": (6, 1.9), "dcn1": (6, 5.3)}
    for site in sites:
        total, used = figures.get(site.name, (6, 2.0))
        unhealthy = site.name == "dcn1"
        findings = (
            (
                Finding(
                    kind=CLUSTER_UNHEALTHY,
                    severity=Severity.WARNING,
                    key=site.name,
                    site=site.name,
                    text="The cluster of dcn1 is not healthy: 1 osd down.",
                    way_out="Look at ceph -s of that cluster.",
                ),
            )
            if unhealthy
            else ()
        )
        rows.append(
            SiteRow(
                site=site,
                capacity=Capacity(
                    total=total * TIB, used=int(used * TIB), available=int((total - used) * TIB)
                ),
                health="HEALTH_WARN" if unhealthy else "HEALTH_OK",
                warnings=("1 osd down",) if unhealthy else (),
                images=214 if site.is_hub else 88,
                volumes=344,
                taken_at=NOW - timedelta(seconds=4),
                findings=findings,
            )
        )
    return tuple(rows)


def store_rows(sites: Topology) -> tuple[StoreRow, ...]:
    """One RBD store a site and a read-only http store."""
    rows = [
        StoreRow(
            store=Store(id=site.store or "", type="rbd", default=site.is_hub, pool="images"),
            site=site.name,
            images=214 if site.is_hub else 88,
        )
        for site in sites
    ]
    rows.append(StoreRow(store=Store(id="web", type="http", read_only=True)))
    return tuple(rows)


def sample_rows(edges: int = 2, images: int = 214, volumes: int = 1032) -> Rows:
    """The whole placement view of the sample deployment."""
    sites = topology(edges)
    leading = leading_images(sites)
    all_images = (*leading, *filler_images(max(0, images - len(leading)), sites))
    all_volumes = volume_rows(volumes, sites)
    all_sites = site_rows(sites)
    findings = (
        *(finding for row in all_sites for finding in row.findings),
        *(finding for row in all_images for finding in row.findings),
        *(finding for row in all_volumes for finding in row.findings),
    )
    return Rows(
        sites=all_sites,
        stores=store_rows(sites),
        images=all_images,
        volumes=all_volumes,
        findings=findings,
    )
