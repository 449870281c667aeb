"""Believable plans and a running task of mirroring operations, for tests of the console."""

from datetime import datetime, timedelta

from fake_data import GIB, NOW

from dcn_console.model.plans import Check, ObjectReference, Outcome, Plan, PlannedStep
from dcn_console.model.requests import (
    DisableMirroring,
    FailBack,
    FailOver,
    RbdSubject,
    Rehearse,
    Relocate,
    Request,
    Resync,
    VerifyMirror,
)
from dcn_console.model.tasks import (
    Progress,
    ProgressSource,
    StepRecord,
    StepState,
    Target,
    TargetState,
    Task,
    TaskState,
)

TASK_NUMBER = 21

RELOCATION = (
    PlannedStep(name="check", site="central", text="see that nobody writes to it at central"),
    PlannedStep(
        name="snapshot",
        site="central",
        text="take a last mirror snapshot and wait until it has arrived",
        undo="Nothing was changed yet: cancel at any time.",
    ),
    PlannedStep(
        name="demote",
        site="central",
        text="make central secondary",
        undo="central can be promoted again, nothing is lost.",
    ),
    PlannedStep(name="settle", site="dcn0", text="wait until both sides say so"),
    PlannedStep(
        name="promote",
        site="dcn0",
        text="make dcn0 primary",
        undo="From here on the way back is a relocation to central.",
    ),
    PlannedStep(name="verify", site="dcn0", text="compare 5% of the objects on both sides"),
)
_VERBS = {
    Relocate: ("mirror-relocate", "relocate"),
    FailOver: ("mirror-failover", "fail over"),
    FailBack: ("mirror-failback", "fail back"),
    Resync: ("mirror-resync", "resync"),
    VerifyMirror: ("verify-mirror", "verify"),
    Rehearse: ("rehearse", "rehearse"),
    DisableMirroring: ("disable-mirroring", "disable mirroring of"),
}


def mirror_plans(request: Request) -> tuple[Plan, ...]:
    """One plan an RBD image asked for; what is asked of a pair or a pool is one plan."""
    subjects: tuple[RbdSubject, ...] = getattr(request, "subjects", ())
    if not subjects:
        return (_plan(request, RbdSubject(pool="volumes", image="", label="volumes")),)
    return tuple(_plan(request, subject) for subject in subjects)


def _plan(request: Request, subject: RbdSubject) -> Plan:
    operation, verb = _VERBS.get(type(request), ("mirror", "change mirroring of"))
    grave = isinstance(request, FailOver | FailBack | Resync)
    name = subject.label or subject.image
    return Plan(
        operation=operation,
        title=f"{verb} {name} → dcn0",
        objects=(ObjectReference(kind="volume", id=subject.volume_id or subject.image, name=name),),
        targets=("dcn0",),
        checks=(
            Check(outcome=Outcome.OK, text="both clusters answer"),
            Check(
                outcome=Outcome.WARNING,
                text=f"{name} was last written at 12:03; the mirror snapshot is of 12:00.",
                site="central",
                way_out="Take a mirror snapshot first.",
            ),
        ),
        steps=RELOCATION,
        commands=(
            f"rbd -c /etc/ceph/central.conf mirror image demote {subject.pool}/{subject.image}",
            f"rbd -c /etc/ceph/dcn0.conf mirror image promote {subject.pool}/{subject.image}",
        ),
        bytes_to_move=8 * GIB if isinstance(request, Resync) else None,
        parameters={"written": {"central": "2026-11-21T12:03:58Z", "dcn0": "2026-11-21T11:40:00Z"}},
        reads_only=isinstance(request, VerifyMirror),
        typed_name=name if grave else "",
        irreversible=f"4 min 31 s of writes to {name} at central are lost." if grave else "",
        made_at=NOW,
    )


def relocation_task(name: str = "db-05", now: datetime = NOW) -> Task:
    """A relocation that waits for both sides to tell of the demotion."""
    subject = RbdSubject(pool="volumes", image="volume-5", label=name)
    return Task(
        number=TASK_NUMBER,
        id=f"task-{TASK_NUMBER}",
        plan=_plan(Relocate(subjects=(subject,)), subject),
        state=TaskState.RUNNING,
        submitted_at=now - timedelta(seconds=50),
        started_at=now - timedelta(seconds=49),
        submitted_by="admin@jump-1",
        targets=(
            Target(
                site="dcn0",
                state=TargetState.RUNNING,
                text="settle: central says secondary, dcn0 has not yet",
                attempts=1,
                progress=Progress(
                    source=ProgressSource.MIRROR_SNAPSHOT,
                    done=3 * GIB,
                    total=4 * GIB,
                    rate=90 * 1024**2,
                    seconds_left=11,
                    measured_at=now - timedelta(seconds=1),
                ),
                updated_at=now,
            ),
        ),
    )


def relocation_steps(now: datetime = NOW) -> tuple[StepRecord, ...]:
    """Three steps taken, one of them twice, and one that runs."""
    began = now - timedelta(seconds=49)

    def step(
        name: str, start: int, end: int | None, text: str, state: StepState = StepState.DONE
    ) -> StepRecord:
        return StepRecord(
            name=name,
            site="dcn0",
            state=state if end is not None else StepState.RUNNING,
            text=text,
            started_at=began + timedelta(seconds=start),
            finished_at=None if end is None else began + timedelta(seconds=end),
        )

    return (
        step("check", 0, 1, "no watcher, volume available"),
        step("snapshot", 1, 9, "the cluster did not answer", StepState.FAILED),
        step("snapshot 2", 12, 30, "the mirror snapshot of 12:04:11 is whole at dcn0"),
        step("demote", 30, 31, "central is secondary"),
        step("settle", 31, None, ""),
    )
