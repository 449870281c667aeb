"""The plans of adding and removing a schedule of mirror snapshots."""

import shlex

import msgspec

from dcn_console.ceph.cluster import Cluster
from dcn_console.inventory.mirror_evidence import interval_seconds
from dcn_console.inventory.services import Services
from dcn_console.model.errors import ClusterError
from dcn_console.model.mirroring import MirrorMode, PoolMode, SnapshotSchedule
from dcn_console.model.plans import Check, ObjectReference, Plan, PlannedStep
from dcn_console.model.requests import AddSchedule, RemoveSchedule
from dcn_console.model.sites import Site
from dcn_console.model.text import printable
from dcn_console.operations.base import PlanContext
from dcn_console.operations.enable_mirroring.plan import check_interval
from dcn_console.operations.mirror_change import VERIFY
from dcn_console.operations.mirror_schedules import names
from dcn_console.operations.mirror_sides import cluster_of
from dcn_console.operations.mirror_subject import fine, refused, tool, warned

Request = AddSchedule | RemoveSchedule


def is_present(schedules: tuple[SnapshotSchedule, ...], image: str | None, interval: str) -> bool:
    """Tell whether there is that schedule; Ceph writes "60m" as "1h"."""
    wanted = interval_seconds(interval)
    return any(one.image == image and interval_seconds(one.interval) == wanted for one in schedules)


async def plan_schedule(services: Services, request: Request, context: PlanContext) -> Plan:
    """Plan to add or remove a schedule. Reads only.

    Raises UsageError for an unknown site, one without Ceph access, or what is no interval. The
    manager keeps the schedules, so without one the plan is refused.
    """
    check_interval(request.interval)
    site = services.topology.site(request.site)
    cluster = cluster_of(services, site)
    adds = isinstance(request, AddSchedule)
    try:
        schedules = await cluster.mirroring.schedules(request.pool)
    except ClusterError as error:
        text = f"The schedules of {site.name} cannot be asked for. {error.message}"
        way_out = error.way_out or "See that a manager is active: ceph mgr stat"
        return _plan(request, site, context, checks=(refused(text, way_out),))
    present = is_present(schedules, request.image, request.interval)
    if adds and present:
        return _plan(request, site, context, skipped="has that schedule already")
    if not adds and not present:
        return _plan(request, site, context, skipped="has no such schedule")
    checks = await _checks(request, cluster, site) if adds else ()
    return _plan(request, site, context, checks=tuple(checks))


async def _checks(request: Request, cluster: Cluster, site: Site) -> list[Check]:
    """Check that the pool, and the RBD image, take mirror snapshots at the site."""
    pool = printable(request.pool, 60)
    try:
        if (await cluster.mirroring.pool(request.pool)).mode is PoolMode.DISABLED:
            return [
                refused(
                    f"Mirroring of pool {pool} is switched off at {site.name}.",
                    "Connect the sites first: dcn-console mirror peer connect",
                )
            ]
        if request.image is None:
            return [fine("It is for all RBD images of the pool that are in snapshot mode.")]
        detail = await cluster.content.detail(request.pool, request.image)
    except ClusterError as error:
        return [refused(error.message, error.way_out)]
    name = f"{pool}/{printable(request.image, 80)}"
    mirroring = detail.mirroring
    if mirroring is None or mirroring.mode is not MirrorMode.SNAPSHOT:
        how = "is not mirrored" if mirroring is None else "is mirrored in journal mode"
        return [
            refused(
                f"{name} {how}; mirror snapshots are taken in snapshot mode only.",
                "Mirror it in snapshot mode: dcn-console mirror enable --mode snapshot",
            )
        ]
    if not mirroring.primary:
        return [warned(f"{name} is not primary at {site.name}: the schedule rests until it is.")]
    return []


def _plan(
    request: Request,
    site: Site,
    context: PlanContext,
    *,
    checks: tuple[Check, ...] = (),
    skipped: str = "",
) -> Plan:
    adds = isinstance(request, AddSchedule)
    pool = printable(request.pool, 60)
    what = pool if request.image is None else f"{pool}/{printable(request.image, 80)}"
    every = f"a mirror snapshot of {what} every {request.interval}"
    verb, gone = ("add", "is there") if adds else ("remove", "is gone")
    parameters = names.Parameters(
        site=site.name, pool=request.pool, interval=request.interval, image=request.image
    )
    words = ["mirror", "snapshot", "schedule", verb, "--pool", request.pool]
    words += ["--image", request.image] if request.image is not None else []
    kind = "pool" if request.image is None else "RBD image"
    identity = request.pool if request.image is None else f"{request.pool}/{request.image}"
    return Plan(
        operation=names.ADD if adds else names.REMOVE,
        title=f"{verb} {every} at {site.name}",
        objects=(ObjectReference(kind=kind, id=identity, name=what),),
        targets=() if skipped else (site.name,),
        skipped={site.name: skipped} if skipped else {},
        checks=checks,
        steps=(
            PlannedStep(
                name=names.CHANGE,
                site=site.name,
                text=f"{verb} the schedule: {every}",
                undo="the schedule can be removed" if adds else "the schedule can be added again",
            ),
            PlannedStep(name=VERIFY, site=site.name, text=f"see that the schedule {gone}"),
        ),
        commands=(f"{tool('rbd', site)} {shlex.join([*words, request.interval])}",),
        parameters=msgspec.to_builtins(parameters),
        made_at=context.now,
    )
