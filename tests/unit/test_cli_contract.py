"""The JSON and CSV of every command, compared with golden files: a contract with scripts."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fake_core import FakeCore, write_sample_config

from dcn_console.cli.main import run
from dcn_console.model.inventory import (
    Attachment,
    Capacity,
    Image,
    Store,
    Volume,
)
from dcn_console.model.plans import (
    Check,
    ObjectReference,
    Outcome,
    Plan,
    PlannedStep,
    VerifyLevel,
)
from dcn_console.model.rows import (
    COPY_GONE,
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
from dcn_console.model.sites import ClusterAccess, Role, Site
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

GOLDEN_FOLDER = Path(__file__).parent / "golden_cli"
UPDATE_VARIABLE = "DCN_CONSOLE_UPDATE_GOLDEN"
AT = datetime(2026, 11, 21, 14, 4, 31, 250000, tzinfo=UTC)
IMAGE_ID = "0f1e2d3c-0000-4000-8000-000000000001"
GONE = Finding(
    kind=COPY_GONE,
    severity=Severity.ERROR,
    key=IMAGE_ID,
    site="dcn1",
    text="Glance lists cirros at dcn1, but its RBD image is not there.",
    way_out="Copy it again.",
)
CENTRAL = Site(
    name="central",
    role=Role.HUB,
    store="default_backend",
    availability_zone="nova",
    cluster=ClusterAccess(conf="/etc/ceph/central.conf", fsid="f0"),
)
EDGE = Site(name="dcn1", store="edge-1", read_only=True)
ROWS = Rows(
    sites=(
        SiteRow(
            site=CENTRAL,
            capacity=Capacity(total=3000, used=1000, available=1900),
            health="HEALTH_WARN",
            warnings=("1 osd down",),
            images=2,
            volumes=1,
            taken_at=AT,
            error="no answer within 10 s",
            unreachable_since=AT.astimezone(),
            findings=(GONE,),
        ),
        SiteRow(site=EDGE),
    ),
    stores=(
        StoreRow(
            store=Store(
                id="default_backend",
                description="RBD at central",
                default=True,
                type="rbd",
                pool="images",
                fsid="f0",
            ),
            site="central",
            capacity=Capacity(total=3000, used=1000, available=1900),
            images=2,
        ),
        StoreRow(store=Store(id="web", read_only=True)),
    ),
    images=(
        ImageRow(
            image=Image(
                id=IMAGE_ID,
                name="[red]cirros[/]\n☁",
                status="active",
                disk_format="qcow2",
                container_format="bare",
                size=46137344,
                virtual_size=117440512,
                visibility="public",
                owner="7c1f0a52",
                protected=True,
                hidden=True,
                created_at=AT - timedelta(days=30),
                updated_at=AT,
                stores=("default_backend", "edge-1"),
                hash_algorithm="sha512",
                hash_value="abc",
                tags=("lts", "edge"),
            ),
            cells=(
                Cell(site="central", state=Placement.PRESENT),
                Cell(site="dcn1", state=Placement.COPYING, percent=42.5, task=14, text="11 MiB/s"),
            ),
            findings=(GONE,),
        ),
        ImageRow(
            image=Image(id="00000000-0000-4000-8000-000000000002"),
            cells=(
                Cell(site="central", state=Placement.ABSENT),
                Cell(site="dcn1", state=Placement.UNKNOWN),
            ),
        ),
    ),
    volumes=(
        VolumeRow(
            volume=Volume(
                id="aaaaaaaa-0000-4000-8000-000000000001",
                name="=db01",
                status="in-use",
                size=8589934592,
                availability_zone="nova",
                host="central@rbd#rbd",
                project_id="7c1f0a52",
                volume_type="rbd",
                bootable=True,
                attachments=(Attachment(server_id="web-1-id", device="/dev/vdb"),),
                image_id=IMAGE_ID,
                created_at=AT,
                updated_at=AT,
            ),
            site="central",
            parent_image="cirros",
            server="web-1",
        ),
        VolumeRow(volume=Volume(id="aaaaaaaa-0000-4000-8000-000000000002")),
    ),
)
PLAN = Plan(
    operation="copy-image",
    title="copy cirros → dcn1",
    objects=(ObjectReference(kind="image", id=IMAGE_ID, name="cirros"),),
    targets=("dcn1",),
    skipped={"central": "has it already"},
    checks=(
        Check(outcome=Outcome.OK, text="dcn1 has 4 TiB free.", site="dcn1"),
        Check(outcome=Outcome.WARNING, text="cirros is qcow2.", way_out="Import it as raw."),
    ),
    steps=(PlannedStep(name="probe", text="see that dcn1 answers", site="dcn1"),),
    commands=("glance image-import ...",),
    bytes_to_move=46137344,
    estimate_seconds=4.0,
    estimate_basis="the last copies",
    parameters={"verify": VerifyLevel.METADATA.value},
    made_at=AT,
)
TASKS = (
    Task(
        number=15,
        id="b" * 32,
        plan=PLAN,
        state=TaskState.PARTLY_DONE,
        targets=(
            Target(site="dcn1", state=TargetState.FAILED, text="no space", attempts=3),
            Target(site="dcn2", state=TargetState.DONE, verified="snap protected"),
        ),
        submitted_at=AT,
        started_at=AT,
        finished_at=AT + timedelta(minutes=1),
        submitted_by="op@jump",
        cancel_requested_at=AT,
        retry_of=14,
        error="dcn1: no space",
    ),
    Task(
        number=14,
        id="a" * 32,
        plan=PLAN,
        state=TaskState.RUNNING,
        targets=(
            Target(
                site="dcn1",
                state=TargetState.COPYING,
                attempts=1,
                progress=Progress(
                    source=ProgressSource.RBD_IMAGE,
                    done=18874368,
                    total=46137344,
                    rate=11534336.0,
                    seconds_left=2.4,
                    measured_at=AT,
                ),
                updated_at=AT,
            ),
        ),
        submitted_at=AT,
    ),
)
STEPS = (
    StepRecord(name="probe", site="dcn1", state=StepState.DONE, text="answers", started_at=AT),
    StepRecord(name="ask", state=StepState.RUNNING, started_at=AT),
)
LOG = (LogLine(at=AT, text="submitted"), LogLine(at=AT, site="dcn1", text="[b]asked[/]"))
COMMANDS = {
    "site-list": ("site", "list"),
    "store-list": ("store", "list"),
    "image-list": ("image", "list"),
    "image-show": ("image", "show", IMAGE_ID),
    "volume-list": ("volume", "list"),
    "task-list": ("task", "list"),
    "task-show": ("task", "show", "14"),
    "image-copy-plan": ("image", "copy", IMAGE_ID, "--to", "dcn1", "--dry-run"),
}


class GoldenCore(FakeCore):
    """A core whose every answer is written down here."""

    def __init__(self) -> None:
        super().__init__(ROWS)
        self.fake.current_tasks = TASKS
        for name, answer in (("plan", (PLAN,)), ("steps", STEPS), ("log", LOG)):
            setattr(self.fake, name, self._answering(answer))

    def _answering(self, answer: object) -> object:
        async def answering(*arguments: object) -> object:
            return answer

        return answering


def cases() -> list[tuple[str, str]]:
    lists = [name for name in COMMANDS if name.endswith("-list")]
    return [(name, "json") for name in COMMANDS] + [(name, "csv") for name in lists]


@pytest.mark.parametrize(("name", "output"), cases())
def test_the_output_is_the_golden_one(
    name: str,
    output: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Compare with golden_cli/NAME.OUTPUT; DCN_CONSOLE_UPDATE_GOLDEN=1 writes them anew."""
    monkeypatch.delenv("DCN_CONSOLE_READ_ONLY", raising=False)
    config = write_sample_config(tmp_path)
    status = run(["--config", str(config), *COMMANDS[name], "-o", output], GoldenCore())
    captured = capfd.readouterr()
    assert (status, captured.err) == (0, "")
    file = GOLDEN_FOLDER / f"{name}.{output}"
    if os.environ.get(UPDATE_VARIABLE):
        file.parent.mkdir(exist_ok=True)
        file.write_text(captured.out, encoding="utf-8")
    assert captured.out == file.read_text(encoding="utf-8")
