"""Listing images as a client: ours against the openstack and glance commands, same simulator."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from sys import executable

import msgspec
from simulated import Api

from dcn_console.clouds.glance_wire import WireImage, image_from
from dcn_console.clouds.wire import decode_page
from dcn_console.inventory.services import Services

from .clouds import SimulatedCloud, simulated_cloud
from .figures import Extent, Figure, typical
from .usage import Ran, run_measured

TIMES_FASTER = 20.0
AN_IMAGE_BUDGET = 20.0
OPENSTACK = "openstack image list"
GLANCE = "glance image-list"
OURS = "dcn-console image list"
_PAGE = 1000
_LARGE = 10_000
"""Images from which on a command is asked to be so many times faster."""


def listing(extent: Extent) -> Sequence[Figure]:
    """Seconds that listing all images takes: whole commands, and reading alone.

    The CPU seconds are those of the client and its children, without the simulator's. Our
    command also asks every cluster for its RBD images, which the others do not; reading alone
    is what they do. What a further image costs our command is less than two quick runs differ
    by, so it is measured only in full.
    """
    figures: list[Figure] = []
    runs: list[tuple[int, dict[str, Ran]]] = []
    read = 0.0
    for size in (200, 1_000) if extent.quick else (1_000, 10_000):
        with simulated_cloud(size, 0) as cloud:
            ran = run_commands(
                cloud.command.environment
                | credentials(cloud.settings.cloud, Path(cloud.settings.clouds_file)),
                cloud.command.command("image", "list", "-o", "json"),
                extent.choose(3, 1),
            )
            read = typical(read_images(cloud, size) for _ in range(extent.choose(3, 1)))
        runs.append((size, ran))
        asked = TIMES_FASTER if size >= _LARGE else None
        figures += compare(ran, f"{size:,} images", asked)
    (few, less), (many, more) = runs
    growth = {name: (more[name].cpu - less[name].cpu) / (many - few) * 1e6 for name in more}
    figures.append(
        Figure(
            name=f"reading {many:,} images, connected: CPU an image",
            value=read / many * 1e6,
            unit="µs",
            budget=AN_IMAGE_BUDGET,
            reference=growth[OPENSTACK],
            reference_name=f"{OPENSTACK}, each further image",
            least_ratio=TIMES_FASTER,
        )
    )
    if extent.quick:
        return figures
    return figures + [
        Figure(
            name="image list, each further image: CPU",
            value=growth[OURS],
            unit="µs",
            reference=growth[name],
            reference_name=name,
        )
        for name in (OPENSTACK, GLANCE)
    ]


def decoding(extent: Extent) -> Sequence[Figure]:
    """Microseconds an image from the bytes of a page to the model, against SDK resources."""
    from openstack.image.v2.image import Image as Resource

    with simulated_cloud(_PAGE, 0) as cloud:
        page = Api(cloud.simulator).ask("GET", f"/image/v2/images?limit={_PAGE}").body

    def ours() -> int:
        items = decode_page("bench", page, "images", WireImage).items
        return len([image_from(item) for item in items])

    def theirs() -> int:
        items = msgspec.json.decode(page)["images"]
        for item in items:
            del item["self"]  # as openstack/resource.py does
        return len([Resource.existing(**item) for item in items])

    times = extent.choose(15, 3)
    return [
        Figure(
            name="decoding an image",
            value=_microseconds(ours, times),
            unit="µs",
            budget=AN_IMAGE_BUDGET,
            reference=_microseconds(theirs, max(1, times // 5)),
            reference_name="openstacksdk Image resources",
            least_ratio=TIMES_FASTER,
        )
    ]


def run_commands(environment: Mapping[str, str], ours: Sequence[str], times: int) -> dict[str, Ran]:
    """Run the three commands in turns and return the medians."""
    bin_folder = Path(executable).parent
    commands = {
        OURS: ours,
        OPENSTACK: [str(bin_folder / "openstack"), "image", "list", "-f", "json"],
        GLANCE: [str(bin_folder / "glance"), "image-list", "--page-size", str(_PAGE)],
    }
    runs: dict[str, list[Ran]] = {name: [] for name in commands}
    for _ in range(times):
        for name, command in commands.items():
            runs[name].append(run_measured(command, environment))
    return {
        name: Ran(
            wall=typical(run.wall for run in done),
            cpu=typical(run.cpu for run in done),
            out=done[-1].out,
        )
        for name, done in runs.items()
    }


def compare(ran: Mapping[str, Ran], what: str, least_ratio: float | None = None) -> list[Figure]:
    """Return our command's figures against the others; the ratio is asked of the openstack one."""
    ours = ran[OURS]
    return [
        Figure(
            name=f"image list, {what}: {kind}",
            value=getattr(ours, attribute),
            unit="s",
            reference=getattr(ran[name], attribute),
            reference_name=name,
            least_ratio=least_ratio if name == OPENSTACK else None,
        )
        for name in (OPENSTACK, GLANCE)
        for kind, attribute in (("wall", "wall"), ("CPU", "cpu"))
    ]


def read_images(cloud: SimulatedCloud, expected: int) -> float:
    """Return the CPU seconds this process takes to read all images once it is connected."""

    async def read() -> float:
        services = await Services.open(cloud.settings)
        try:
            await services.glance.stores()
            before = time.process_time()
            count = 0
            async for page in services.glance.image_pages():
                count += len(page)
            taken = time.process_time() - before
        finally:
            await services.close()
        if count != expected:
            raise RuntimeError(f"{count} images were listed instead of {expected}")
        return taken

    return asyncio.run(read())


def credentials(name: str, clouds_file: Path) -> dict[str, str]:
    """Return the environment in which the other commands find a cloud of ``clouds_file``.

    The glance command knows no clouds.yaml (python-glanceclient, glanceclient/shell.py).
    """
    from openstack.config import OpenStackConfig

    region = OpenStackConfig(config_files=[str(clouds_file)]).get_one(name)
    found = {f"OS_{key.upper()}": str(value) for key, value in region.get_auth_args().items()}
    return found | {"OS_REGION_NAME": region.region_name, "OS_IDENTITY_API_VERSION": "3"}


def _microseconds(call: Callable[[], int], times: int) -> float:
    """Return the microseconds of CPU per item of the fastest of some calls."""
    taken = []
    for _ in range(times):
        before = time.process_time()
        count = call()
        taken.append((time.process_time() - before) / count * 1e6)
    return min(taken)
