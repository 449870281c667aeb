"""Listing images of the lab's real Glance: ours against the openstack and glance commands.

Images without data are made for this, 1,000 of them, and deleted at the end by their ids.
"""

import asyncio
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from command_line import CommandLine
from dcn_lab.lab import Lab
from dcn_lab.layout import ENVIRONMENT_VARIABLE, layout_in
from lab_settings import lab_settings

from dcn_console.config.settings import Settings
from dcn_console.config.write import render
from dcn_console.inventory.services import Services

from .figures import Extent, Figure, typical
from .listing import compare, credentials, run_commands

_MAKERS = 4
_SDK = "openstacksdk: connection.image.images()"


def available() -> bool:
    """Whether there is a lab to ask: the one that DCN_LAB_DIR names."""
    return bool(os.environ.get(ENVIRONMENT_VARIABLE)) and layout_in(None).topology.exists()


def lab_listing(extent: Extent) -> Sequence[Figure]:
    """Seconds that listing takes on real services: whole commands, and reading alone."""
    lab = Lab(layout_in(None))
    count = extent.choose(1_000, 20)
    with tempfile.TemporaryDirectory(prefix="dcn-bench-") as name, _images(lab, count) as cloud:
        settings = lab_settings(lab, user="admin")
        config = Path(name) / "config.toml"
        config.write_text(render(settings), encoding="utf-8")
        command = CommandLine(Path(name), config)
        ran = run_commands(
            command.environment | credentials(lab.cloud, lab.clouds_yaml),
            command.command("image", "list", "-o", "json"),
            extent.choose(3, 1),
        )
        times = range(extent.choose(3, 1))
        read = [asyncio.run(_read(settings, count)) for _ in times]
        sdk = [_read_resources(cloud, count) for _ in times]
    figures = compare(ran, f"{count:,} images on the lab")
    for index, kind in enumerate(("wall", "CPU")):
        figures.append(
            Figure(
                name=f"reading {count:,} images on the lab, connected: {kind}",
                value=typical(pair[index] for pair in read),
                unit="s",
                reference=typical(pair[index] for pair in sdk),
                reference_name=_SDK,
            )
        )
    return figures


@contextmanager
def _images(lab: Lab, count: int) -> Iterator[Any]:
    """Make images without data while the block lasts; gives the SDK's connection."""
    import openstack
    from openstack.config import OpenStackConfig

    region = OpenStackConfig(config_files=[str(lab.clouds_yaml)]).get_one(lab.cloud)
    cloud = openstack.connection.Connection(config=region)
    label = f"bench-{uuid.uuid4().hex[:8]}"
    made: list[str] = []

    def make(number: int) -> None:
        body = {
            "name": f"{label}-{number:06}",
            "disk_format": "raw",
            "container_format": "bare",
            "visibility": "private",
        }
        made.append(cloud.image.post("/images", json=body, timeout=60).json()["id"])

    def delete(image_id: str) -> None:
        answer = cloud.image.delete(f"/images/{image_id}", timeout=60)
        if not answer.ok:
            print(f"image {image_id} is left behind: {answer.status_code}", file=sys.stderr)

    with ThreadPoolExecutor(_MAKERS) as pool:
        try:
            list(pool.map(make, range(count)))
            yield cloud
        finally:
            list(pool.map(delete, list(made)))
            cloud.close()


async def _read(settings: Settings, least: int) -> tuple[float, float]:
    """Return wall and CPU seconds of reading all images to the model, once connected."""
    services = await Services.open(settings)
    try:
        await services.glance.stores()
        began, used = time.perf_counter(), time.process_time()
        count = 0
        async for page in services.glance.image_pages():
            count += len(page)
        taken = (time.perf_counter() - began, time.process_time() - used)
    finally:
        await services.close()
    _check(count, least)
    return taken


def _read_resources(cloud: Any, least: int) -> tuple[float, float]:
    """Return wall and CPU seconds of listing all images as the SDK's resources."""
    began, used = time.perf_counter(), time.process_time()
    count = sum(1 for _ in cloud.image.images(limit=1000))
    taken = (time.perf_counter() - began, time.process_time() - used)
    _check(count, least)
    return taken


def _check(count: int, least: int) -> None:
    if count < least:
        raise RuntimeError(f"{count} images were listed, and there are {least} at least")
