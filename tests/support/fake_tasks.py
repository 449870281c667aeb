"""Believable tasks in every state, for tests of the console."""

from datetime import datetime, timedelta

import msgspec
from fake_data import GIB, MIB, NOW, image_id

from dcn_console.model.plans import (
    Check,
    ObjectReference,
    Outcome,
    Plan,
    PlannedStep,
    VerifyLevel,
)
from dcn_console.model.rows import ImageRow, Placement
from dcn_console.model.tasks import (
    LogLine,
    Progress,
    ProgressSource,
    StepRecord,
    StepState,
    Target,
    TargetState,
    Task,
    TaskState,
)


def plan(
    name: str,
    key: str,
    targets: tuple[str, ...],
    *,
    size: int | None = 44 * MIB,
    skipped: dict[str, str] | None = None,
    checks: tuple[Check, ...] = (),
    verify: VerifyLevel = VerifyLevel.METADATA,
) -> Plan:
    sites = ",".join(targets)
    return Plan(
        operation="copy-image",
        title=f"copy {name} → {', '.join(targets)}",
        objects=(ObjectReference(kind="image", id=key, name=name),),
        targets=targets,
        skipped=skipped or {},
        checks=checks,
        steps=(
            PlannedStep(name="probe", text="see that the site answers"),
            PlannedStep(name="ask", text="ask Glance to copy"),
            PlannedStep(name="watch", text="count the bytes"),
            PlannedStep(name="verify", text="look at the copy"),
        ),
        commands=(
            f"glance image-import {key} --import-method copy-image --stores {sites} "
            "--allow-failure True",
        ),
        bytes_to_move=None if size is None else size * len(targets),
        estimate_seconds=None if size is None else size * len(targets) / (11 * MIB),
        estimate_basis="the last copy here ran at 11 MiB/s",
        parameters={"verify": verify.value},
        made_at=NOW,
    )


def plan_for(row: ImageRow, sites: tuple[str, ...], verify: VerifyLevel) -> Plan:
    """What the operation would answer for an image of the sample rows."""
    image = row.image
    lacking = tuple(
        site
        for site in sites
        if (cell := row.cell(site)) is not None
        and cell.state not in (Placement.PRESENT, Placement.COPYING)
    )
    skipped = {site: "has it already" for site in sites if site not in lacking}
    checks = [Check(outcome=Outcome.OK, text="status is active")]
    if image.disk_format != "raw":
        checks.append(
            Check(
                outcome=Outcome.WARNING,
                text=f"{image.label} is {image.disk_format}: no copy-on-write boots at the edge.",
                way_out="Convert it to raw first.",
            )
        )
    if image.status != "active":
        checks.append(
            Check(
                outcome=Outcome.REFUSED,
                text=f"{image.label} is {image.status}: only an active image can be copied.",
                way_out="Upload its data first.",
            )
        )
    return plan(
        image.label,
        image.id,
        lacking,
        size=image.size,
        skipped=skipped,
        checks=tuple(checks),
        verify=verify,
    )


def copying(
    site: str, done: int, total: int, now: datetime = NOW, rate: float = 11 * MIB
) -> Target:
    return Target(
        site=site,
        state=TargetState.COPYING,
        attempts=1,
        progress=Progress(
            source=ProgressSource.RBD_IMAGE,
            done=done,
            total=total,
            rate=rate,
            seconds_left=(total - done) / rate,
            measured_at=now - timedelta(seconds=1),
        ),
        updated_at=now,
    )


def sample_tasks(now: datetime = NOW) -> tuple[Task, ...]:
    """Tasks in every state, the newest first."""

    def task(number: int, made: Plan, state: TaskState, minutes: float, **more: object) -> Task:
        base = Task(
            number=number,
            id=f"task-{number}",
            plan=made,
            state=state,
            submitted_at=now - timedelta(minutes=minutes),
            submitted_by="admin@jump-1",
        )
        return msgspec.structs.replace(base, **more)

    cirros = plan("cirros-0.6.2-x86_64-disk", image_id(1), ("dcn0",))
    alma = plan("almalinux-9-20240417", image_id(101), ("dcn0", "dcn1"), size=6 * GIB)
    rocky = plan("rocky-9-20240509", image_id(102), ("dcn1",), size=4 * GIB)
    ubuntu = plan("ubuntu-24.04-server", image_id(5), ("dcn1",), size=3 * GIB)
    windows = plan("win-2k22-datacenter", image_id(3), ("dcn0", "dcn1"), size=40 * GIB)
    rhel = plan("rhel-9.4-x86_64-kvm", image_id(2), ("dcn0", "dcn1"), size=10 * GIB)
    return (
        task(17, rocky, TaskState.QUEUED, 1, targets=(Target(site="dcn1"),)),
        task(16, ubuntu, TaskState.QUEUED, 2, targets=(Target(site="dcn1"),)),
        task(
            15,
            alma,
            TaskState.RUNNING,
            3,
            started_at=now - timedelta(minutes=3),
            targets=(
                Target(
                    site="dcn0",
                    state=TargetState.STAGING,
                    attempts=1,
                    updated_at=now - timedelta(seconds=12),
                ),
                Target(
                    site="dcn1",
                    state=TargetState.WAITING,
                    text="no answer from the cluster within 10 s; next try at 12:05",
                    attempts=2,
                    updated_at=now - timedelta(seconds=20),
                ),
            ),
        ),
        task(
            14,
            cirros,
            TaskState.RUNNING,
            0.2,
            started_at=now - timedelta(seconds=9),
            targets=(copying("dcn0", int(18.5 * MIB), 44 * MIB, now),),
        ),
        task(
            12,
            rhel,
            TaskState.DONE,
            64,
            started_at=now - timedelta(minutes=60),
            finished_at=now - timedelta(minutes=38),
            targets=tuple(
                Target(
                    site=site,
                    state=TargetState.DONE,
                    attempts=1,
                    verified="RBD image with its protected snapshot, 10 GiB",
                )
                for site in ("dcn0", "dcn1")
            ),
        ),
        task(
            11,
            windows,
            TaskState.FAILED,
            90,
            started_at=now - timedelta(minutes=90),
            finished_at=now - timedelta(minutes=71),
            targets=(
                Target(
                    site="dcn0",
                    state=TargetState.FAILED,
                    attempts=3,
                    text="Glance gave up: no space left in store dcn0",
                ),
                Target(site="dcn1", state=TargetState.CANCELLED),
            ),
        ),
    )


def sample_steps(now: datetime = NOW) -> tuple[StepRecord, ...]:
    began = now - timedelta(seconds=9)
    return (
        StepRecord(
            name="probe",
            site="dcn0",
            state=StepState.DONE,
            text="the pool answers",
            started_at=began,
            finished_at=began + timedelta(seconds=1),
        ),
        StepRecord(
            name="ask",
            state=StepState.DONE,
            text="Glance task 4f1c took the request",
            started_at=began + timedelta(seconds=1),
            finished_at=began + timedelta(seconds=2),
        ),
        StepRecord(
            name="watch",
            state=StepState.RUNNING,
            text="counting bytes",
            started_at=began + timedelta(seconds=2),
        ),
    )


def sample_log(now: datetime = NOW) -> tuple[LogLine, ...]:
    began = now - timedelta(seconds=9)
    return (
        LogLine(at=began, text="submitted by admin@jump-1"),
        LogLine(at=began + timedelta(seconds=1), site="dcn0", text="probe: answered in 0.02 s"),
        LogLine(at=began + timedelta(seconds=2), text="POST /v2/images/…/import: 202"),
        LogLine(
            at=began + timedelta(seconds=3), site="dcn0", text="[red]hostile[/] line from Glance"
        ),
    )
