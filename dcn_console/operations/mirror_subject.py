"""What the operations that set up mirroring know of the RBD image they are asked about."""

import shlex

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ClusterError, UsageError
from dcn_console.model.inventory import Volume
from dcn_console.model.plans import Check, ObjectReference, Outcome
from dcn_console.model.requests import RbdSubject
from dcn_console.model.sites import Site, Topology
from dcn_console.model.text import printable
from dcn_console.operations.base import PlanContext
from dcn_console.operations.mirror_sides import Side, label_of

STEADY = frozenset({"available", "in-use"})
"""Statuses of a volume with which nothing else is at work (Cinder API ref: Volumes)."""


def refused(text: str, way_out: str = "", *, option: str = "") -> Check:
    """Return a check that forbids a plan; ``option`` is the way out on the command line."""
    return Check(outcome=Outcome.REFUSED, text=text, way_out=way_out, option=option)


def warned(text: str, way_out: str = "", site: str | None = None, *, option: str = "") -> Check:
    """Return a check that a person should read; ``option`` is as ``refused`` has it."""
    return Check(outcome=Outcome.WARNING, text=text, way_out=way_out, site=site, option=option)


def fine(text: str, site: str | None = None) -> Check:
    """Return a check that found nothing wrong."""
    return Check(outcome=Outcome.OK, text=text, site=site)


def reference(subject: RbdSubject) -> ObjectReference:
    """Return the object of a plan about ``subject``."""
    if subject.volume_id is not None:
        return ObjectReference(kind="volume", id=subject.volume_id, name=label_of(subject))
    identity = f"{subject.pool}/{subject.image}"
    return ObjectReference(kind="RBD image", id=identity, name=label_of(subject))


async def permission_checks(subject: RbdSubject, *sides: Side) -> list[Check]:
    """Refuse where the RBD image is and the configured user may not change it."""
    checks = []
    for side in sides:
        if side.detail is None:
            continue
        try:
            await side.cluster.content.check_write(subject.pool, subject.image)
        except ClusterError as error:
            checks.append(refused(error.message, error.way_out))
    return checks


def task_at_work(subject: RbdSubject, context: PlanContext) -> int | None:
    """Return the number of the open task about ``subject``, None without."""
    wanted = reference(subject).id
    return next(
        (
            task.number
            for task in context.open_tasks
            if any(item.id == wanted for item in task.plan.objects)
        ),
        None,
    )


async def volume_of(services: Services, subject: RbdSubject) -> Volume | None:
    """Return Cinder's volume, None for an RBD image that is none; raises ObjectNotFound."""
    if subject.volume_id is None:
        return None
    return await services.cinder.volume(subject.volume_id)


def home(
    subject: RbdSubject, volume: Volume | None, sides: tuple[Side, ...], topology: Topology
) -> Side | None:
    """Return the side that holds the RBD image: where Cinder has it, else the only one.

    None when no site has it. Raises UsageError when several have and nobody said which, or for
    a site without Ceph access.
    """
    name = subject.site or _zone_site(volume, topology)
    if name:
        side = next((side for side in sides if side.name == name), None)
        if side is None:
            raise UsageError(
                f"No Ceph access is configured for {topology.site(name).name}.",
                way_out=f"Give [site.{name}] a cluster, then see: dcn-console doctor",
            )
        return side
    holding = [side for side in sides if side.detail is not None]
    if len(holding) > 1:
        names = ", ".join(side.name for side in holding)
        raise UsageError(
            f"{names} each hold an RBD image {printable(subject.pool)}/{printable(subject.image)}.",
            way_out="Say which site is meant.",
        )
    return holding[0] if holding else None


def _zone_site(volume: Volume | None, topology: Topology) -> str:
    if volume is None or volume.availability_zone is None:
        return ""
    site = topology.in_availability_zone(volume.availability_zone)
    return site.name if site is not None else ""


def image_specification(subject: RbdSubject) -> str:
    """Return POOL/IMAGE as one shell word."""
    return shlex.quote(f"{subject.pool}/{subject.image}")


def to_give_up(subject: RbdSubject, site: Site) -> str:
    """Return the commands that remove a copy which no daemon of Ceph removes."""
    rbd, what = tool("rbd", site), image_specification(subject)
    return f"{rbd} mirror image disable --force {what} && {rbd} rm {what}"


def tool(program: str, site: Site) -> str:
    """Return "rbd --conf … --id …" with which one would act on a site's cluster by hand."""
    access = site.cluster
    words = [program]
    if access is not None and access.conf:
        words += ["--conf", access.conf]
    if access is not None:
        words += ["--id", access.user]
    return shlex.join(words)
