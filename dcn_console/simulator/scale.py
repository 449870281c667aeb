"""A cloud of any size, for benchmarks: as many images and volumes as one likes."""

from dcn_console.simulator.data import invented_hash
from dcn_console.simulator.deployment import Contents, Deployment
from dcn_console.simulator.dice import Dice
from dcn_console.simulator.records import GIB, MIB, ImageRecord, SimulatedSite, VolumeRecord
from dcn_console.simulator.scenario import filled, make_deployment, make_sites, rbd_of
from dcn_console.simulator.volumes import image_metadata

_NAMES = (
    "ubuntu", "debian", "rhel", "rocky", "fedora", "windows", "alpine", "k8s-node", "gateway",
    "sensor-hub", "pos-terminal", "router", "database", "web", "cache", "analytics",
)  # fmt: skip
_FORMATS = ("raw",) * 15 + ("qcow2",)
_VISIBILITIES = ("public", "shared", "shared", "private")
_PROJECTS = ("retail", "video", "telemetry", "lab")
_SPACING_SECONDS = 97.0


def scale(
    now: float,
    seed: int,
    images: int,
    volumes: int,
    sites: tuple[SimulatedSite, ...] | None = None,
    bandwidth: float | None = None,
) -> Contents:
    """Return contents with that many images and volumes over the given (or three) sites."""
    dice = Dice(seed)
    chosen = sites or make_sites(("central", "dcn0", "dcn1"), seed, bandwidth)
    deployment = make_deployment("scale", chosen, seed, _PROJECTS)
    records = tuple(_image(deployment, dice, number, now) for number in range(images))
    disks = tuple(_volume(deployment, dice, records, number, now) for number in range(volumes))
    contents = Contents(
        deployment=deployment,
        now=now,
        images=records,
        volumes=disks,
        rbd=rbd_of(deployment, records, disks),
    )
    return filled(contents, {site.name: 40.0 for site in chosen})


def _image(deployment: Deployment, dice: Dice, number: int, now: float) -> ImageRecord:
    key = f"image/{number}"
    identifier = dice.identifier(key)
    roll = int(dice.fraction(key) * (1 << 30))
    created = now - 3600.0 - number * _SPACING_SECONDS
    size = (1 + roll % 4096) * MIB
    disk_format = _FORMATS[roll % len(_FORMATS)]
    edges = (site.store for site in deployment.sites[1:])
    stores = tuple(store for bit, store in enumerate(edges) if roll >> (bit + 8) & 1)
    return ImageRecord(
        id=identifier,
        name=f"{_NAMES[roll % len(_NAMES)]}-{number:06}",
        status="active",
        visibility=_VISIBILITIES[roll % len(_VISIBILITIES)],
        owner=deployment.projects[roll % len(deployment.projects)].id,
        disk_format=disk_format,
        container_format="bare",
        size=size,
        virtual_size=size if disk_format == "raw" else size * 4,
        hash_algorithm="sha512",
        hash_value=invented_hash(identifier),
        checksum=dice.hex_identifier(key),
        created_at=created,
        updated_at=created + 30.0,
        stores=(deployment.default_store, *stores),
        properties={"os_type": "linux", "hw_disk_bus": "virtio"},
    )


def _volume(
    deployment: Deployment, dice: Dice, images: tuple[ImageRecord, ...], number: int, now: float
) -> VolumeRecord:
    key = f"volume/{number}"
    roll = int(dice.fraction(key) * (1 << 30))
    created = now - 3600.0 - number * _SPACING_SECONDS
    site = deployment.sites[roll % len(deployment.sites)]
    image = images[roll % len(images)] if images and roll % 3 else None
    is_clone = image is not None and site.store in image.stores and image.disk_format == "raw"
    return VolumeRecord(
        id=dice.identifier(key),
        site=site.name,
        project_id=deployment.projects[roll % len(deployment.projects)].id,
        user_id=deployment.users[0].id,
        size=4 + roll % 200,
        name=f"volume-{number:06}",
        created_at=created,
        updated_at=created + 5.0,
        bootable=image is not None,
        image_metadata=image_metadata(image) if image else {},
        clone_of=image.id if image and is_clone else None,
        used=(roll % 4) * GIB,
    )
