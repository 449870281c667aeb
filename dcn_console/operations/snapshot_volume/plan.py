"""The plan of a snapshot: whether the volume is quiet, and what it needs of the quotas."""

import shlex
from collections.abc import Sequence

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ServiceError
from dcn_console.model.plans import Check, ObjectReference, Outcome, Plan, PlannedStep
from dcn_console.model.requests import RbdSubject
from dcn_console.model.storage_requests import SnapshotVolumes
from dcn_console.model.text import count, printable
from dcn_console.operations.backups.checks import (
    VOLUME_SERVICE,
    allowance_checks,
    service_checks,
    tasks_check,
)
from dcn_console.operations.base import PlanContext
from dcn_console.operations.mirror_steps.usage import Usage, server_checks, usage_of
from dcn_console.operations.mirror_subject import fine, refused, warned
from dcn_console.operations.snapshot_volume.names import (
    ASK_STEP,
    NAME,
    START_STEP,
    STOP_STEP,
    VERIFY_STEP,
    WATCH_STEP,
)
from dcn_console.operations.volumes.scene import (
    NAME_LIMIT,
    Scene,
    busy_checks,
    cluster_checks,
    look_at,
    owner_checks,
    steady_checks,
)

IN_USE = "in-use"
SERVER = "server"
_STOP_IT_YOURSELF = "Stop the server yourself first, rather than have it stopped."
"""The kind of those among a plan's objects that are stopped."""


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot needs to know. ``servers`` are the ids of those to stop and start again.

    ``seen`` is whether the volume's RBD image could be looked at, and so can the snapshot's.
    """

    volume_id: str
    label: str
    name: str
    stop_server: bool = False
    servers: tuple[str, ...] = ()
    seen: bool = True


async def plan_snapshot(
    services: Services, request: SnapshotVolumes, volume_id: str, context: PlanContext
) -> Plan:
    """Plan a snapshot of one volume of ``request``. Reads only.

    Raises ObjectNotFound for a volume that is not there, UsageError for one that is at no site.
    """
    scene = await look_at(services, volume_id)
    site = scene.site
    stopped = Usage()
    if request.stop_server and scene.volume.status == IN_USE:
        subject = RbdSubject(pool="", image="", volume_id=volume_id)
        stopped = await usage_of(services, subject)
    checks = [
        *steady_checks(scene, "snapshotted"),
        *busy_checks(volume_id, context),
        *_use_checks(scene, stopped, may_stop=request.stop_server),
        *_server_task_checks(stopped, context),
        *owner_checks(services, scene, "snapshot"),
        *cluster_checks(scene, "take a snapshot of it"),
        *await service_checks(
            services, VOLUME_SERVICE, site.availability_zone or "", "nothing there can be changed"
        ),
        *await snapshot_quota_checks(services, scene.volume.size),
    ]
    name = printable(request.name, NAME_LIMIT) or f"{scene.label} {context.now:%Y-%m-%d %H:%M}"
    parameters = Parameters(
        volume_id=volume_id,
        label=scene.label,
        name=name,
        stop_server=request.stop_server,
        servers=tuple(server.id for server in stopped.running),
        seen=not scene.gone,
    )
    return Plan(
        operation=NAME,
        title=f"snapshot {scene.label} at {site.name}",
        objects=(
            scene.reference,
            *(
                ObjectReference(kind=SERVER, id=server.id, name=printable(server.label, 60))
                for server in stopped.running
            ),
        ),
        targets=(site.name,),
        checks=tuple(checks),
        steps=_steps(parameters, site.name),
        commands=_commands(parameters, in_use=scene.volume.status == IN_USE),
        parameters=msgspec.to_builtins(parameters),
        made_at=context.now,
    )


def _use_checks(scene: Scene, usage: Usage, *, may_stop: bool) -> list[Check]:
    if scene.volume.status != IN_USE:
        return []
    if not may_stop:
        return [
            fine(
                f"“{scene.label}” is in use: the snapshot holds it as after a power cut. Have "
                "the server stopped where that is not enough."
            )
        ]
    if usage.error:
        text = f"Which server to stop cannot be told: {usage.error}"
        if usage.way_out:
            return [refused(text, usage.way_out)]
        return [refused(text, _STOP_IT_YOURSELF, option="without --stop-server")]
    return server_checks(usage, may_stop=True)


def _server_task_checks(usage: Usage, context: PlanContext) -> list[Check]:
    """Refuse while another task may start or stop a server that is to be stopped."""
    ids = {server.id for server in usage.running}
    numbers = [
        task.number
        for task in context.open_tasks
        if any(item.kind == SERVER and item.id in ids for item in task.plan.objects)
    ]
    return tasks_check(numbers, "a server that uses it")


def apart(plans: Sequence[Plan]) -> tuple[Plan, ...]:
    """Refuse each plan that would stop a server which a plan before it stops and starts again."""
    taken: set[str] = set()
    judged = []
    for plan in plans:
        servers = {item.id: item.name for item in plan.objects if item.kind == SERVER}
        twice = [name for key, name in servers.items() if key in taken]
        taken.update(servers)
        if twice:
            check = refused(
                f"Server {twice[0]} uses several of these volumes: one task would start it while "
                "another still needs it stopped.",
                f"Take one at a time. {_STOP_IT_YOURSELF}",
                option="without --stop-server",
            )
            plan = msgspec.structs.replace(plan, checks=(*plan.checks, check))  # noqa: PLW2901
        judged.append(plan)
    return tuple(judged)


async def snapshot_quota_checks(services: Services, size: int | None) -> list[Check]:
    """Compare the quotas with one more snapshot of a volume of ``size`` bytes.

    Cinder counts a snapshot's size as ``gigabytes`` too, unless it is set up not to
    (no_snapshot_gb_quota): too few of those are a warning only.
    """
    try:
        quota = await services.cinder.quota()
    except ServiceError as error:
        return [warned(f"Quotas are not known: {error.message}", error.way_out)]
    room = [
        msgspec.structs.replace(check, outcome=Outcome.WARNING)
        if check.outcome is Outcome.REFUSED
        else check
        for check in allowance_checks("gigabytes", quota.volume_bytes, size or 0)
    ]
    return [*allowance_checks("snapshots", quota.snapshots, 1, of_bytes=False), *room]


def _steps(parameters: Parameters, site: str) -> tuple[PlannedStep, ...]:
    servers = count(len(parameters.servers), "server")
    undo = "the snapshot can be deleted"
    text = f"ask Cinder for snapshot “{printable(parameters.name, 60)}”"
    steps = [
        PlannedStep(name=ASK_STEP, text=text, site=site, undo=undo),
        PlannedStep(name=WATCH_STEP, text="watch until it is taken", site=site),
    ]
    if parameters.servers:
        stop = PlannedStep(name=STOP_STEP, text=f"stop {servers} using the volume", site=site)
        text = f"start {servers} again, whatever came of the snapshot"
        steps = [stop, *steps, PlannedStep(name=START_STEP, text=text, site=site)]
    text = "see that it is available, and in the volume's RBD image"
    return (*steps, PlannedStep(name=VERIFY_STEP, text=text, site=site))


def _commands(parameters: Parameters, *, in_use: bool) -> tuple[str, ...]:
    words = ["openstack", "volume", "snapshot", "create", "--volume", parameters.volume_id]
    words += ["--force"] if in_use else []
    stops = (shlex.join(["openstack", "server", "stop", one]) for one in parameters.servers)
    starts = (shlex.join(["openstack", "server", "start", one]) for one in parameters.servers)
    return (*stops, shlex.join([*words, parameters.name]), *starts)
