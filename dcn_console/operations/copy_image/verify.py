"""The last step of a copy: look whether the data is there."""

import time

from dcn_console.model.errors import (
    AgentError,
    ClusterError,
    ClusterUnreachable,
    ObjectNotFound,
    RbdImageNotFound,
    ServiceError,
)
from dcn_console.model.inventory import Image
from dcn_console.model.plans import VerifyLevel
from dcn_console.model.rate import RateMeter
from dcn_console.model.tasks import Progress, ProgressSource, TargetState
from dcn_console.model.text import format_bytes
from dcn_console.operations.base import TargetContext
from dcn_console.operations.copy_image.names import CANCELLED, REFUSED, VERIFIED
from dcn_console.operations.copy_image.subject import Subject
from dcn_console.operations.results import StepResult

LOOK_SECONDS = 5.0
AGENT_TRIES = 3
"""So often an agent may be lost or not start before the site counts as one without Ceph access."""
SNAP = "snap"
"""The snapshot Glance makes of every RBD image (glance_store/_drivers/rbd.py)."""


async def verify(context: TargetContext, subject: Subject) -> StepResult:
    """See the copy with our own eyes; returns VERIFIED, REFUSED or CANCELLED.

    A service or cluster that does not answer is waited for: nothing is reported done that
    was not seen.
    """
    agent_failures = 0
    while not context.cancelled():
        context.show(TargetState.VERIFYING)
        try:
            return await _look(context, subject, agent_is_given_up=agent_failures >= AGENT_TRIES)
        except AgentError as error:
            agent_failures += 1
            context.show(TargetState.WAITING, f"copied, but not verified yet: {error.message}")
        except ObjectNotFound:
            return StepResult(
                outcome=REFUSED, text=f"image “{subject.image_name}” was deleted meanwhile"
            )
        except (ServiceError, ClusterUnreachable) as error:
            context.show(TargetState.WAITING, f"copied, but not verified yet: {error.message}")
        await context.wait(LOOK_SECONDS)
    return StepResult(outcome=CANCELLED, text="copied, but not verified")


async def _look(context: TargetContext, subject: Subject, *, agent_is_given_up: bool) -> StepResult:
    image = await context.services.glance.image(subject.image_id)
    if subject.store not in image.stores:
        return _bad(context, f"Glance does not list store {subject.store}", "Copy it again.")
    cluster = context.services.clusters.get(context.site)
    seen = f"Glance lists store {subject.store}"
    if subject.verify is VerifyLevel.NONE:
        return StepResult(outcome=VERIFIED, text=seen)
    if cluster is None:
        return StepResult(
            outcome=VERIFIED, text=f"{seen}; no Ceph access to {context.site} to see more"
        )
    way_out = (
        f"Remove the copy (glance stores-delete --store {subject.store} {image.id}) "
        "and copy it again."
    )
    try:
        found = await cluster.rbd_image(subject.pool, image.id)
    except RbdImageNotFound:
        return _bad(context, f"RBD image {subject.pool}/{image.id} is not there", way_out)
    except ClusterError as error:
        lost = isinstance(error, AgentError) and not agent_is_given_up
        if lost or isinstance(error, ClusterUnreachable):
            raise
        return StepResult(outcome=VERIFIED, text=f"{seen}; cannot see more: {error.message}")
    if not found.snap or not found.snap_protected:
        return _bad(context, f"RBD image {subject.pool}/{image.id} lacks its snap", way_out)
    if image.size is not None and found.size != image.size:
        return _bad(
            context,
            f"the RBD image has {found.size} bytes, the image has {image.size}",
            way_out,
        )
    seen += f", RBD image has its protected snap and {format_bytes(found.size)}"
    if subject.verify is VerifyLevel.DEEP:
        return await _read_back(context, subject, image, seen, way_out)
    return StepResult(outcome=VERIFIED, text=seen)


def _bad(context: TargetContext, text: str, way_out: str) -> StepResult:
    return StepResult(outcome=REFUSED, text=f"verification at {context.site}: {text}. {way_out}")


async def _read_back(
    context: TargetContext, subject: Subject, image: Image, seen: str, way_out: str
) -> StepResult:
    """Hash all the data at the site and compare it with Glance's ``os_hash_value``."""
    if not image.hash_algorithm or not image.hash_value:
        return StepResult(
            outcome=VERIFIED, text=f"{seen}; Glance has no hash of the image to compare with"
        )
    rate = RateMeter()

    def show(done: int, total: int) -> None:
        rate.add(time.monotonic(), done)
        progress = Progress(
            source=ProgressSource.READ_BACK,
            done=done,
            total=total,
            rate=rate.rate(),
            seconds_left=rate.seconds_left(total),
            measured_at=context.now(),
        )
        context.show(TargetState.VERIFYING, f"reading back from {context.site}", progress)

    cluster = context.services.clusters[context.site]
    digest = await cluster.digest(subject.pool, image.id, SNAP, image.hash_algorithm, show)
    if digest != image.hash_value:
        return _bad(context, f"the data read back has another {image.hash_algorithm}", way_out)
    return StepResult(
        outcome=VERIFIED, text=f"{seen}, {image.hash_algorithm} of the data read back is right"
    )
