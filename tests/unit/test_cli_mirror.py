"""The mirror commands on a fake core: what they ask for, agree to, print, and return."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from command_runner import Runner
from fake_core import FakeCore

from dcn_console.cli import submitting
from dcn_console.model.findings import SPLIT_BRAIN, Finding, Severity
from dcn_console.model.inventory import MirroredPool, MirrorState
from dcn_console.model.mirror_rows import Judgement, MirrorCondition, MirrorRow, MirrorSide
from dcn_console.model.mirroring import (
    MirrorDaemon,
    MirrorMode,
    MirrorPeer,
    MirrorPool,
    PeerDirection,
    PoolMode,
    SnapshotSchedule,
)
from dcn_console.model.plans import Check, ObjectReference, Outcome, Plan, PlannedStep
from dcn_console.model.requests import (
    AddSchedule,
    ChangePoolMode,
    ConnectPeers,
    ContentCheck,
    DisableMirroring,
    EnableMirroring,
    FailBack,
    FailOver,
    NameMirrorSite,
    RbdSubject,
    Rehearse,
    Relocate,
    RemovePeer,
    RemoveSchedule,
    Request,
    Resync,
    TakeMirrorSnapshot,
    VerifyMirror,
)
from dcn_console.model.tasks import StepRecord, StepState, TargetState, TaskState

NOW = datetime.now(UTC)


def a_plan(name: str = "db01", **changes: object) -> Plan:
    plan = Plan(
        operation="relocate",
        title=f"relocate {name} → dcn0",
        objects=(ObjectReference(kind="volume", id=name, name=name),),
        targets=("dcn0",),
        steps=(
            PlannedStep(name="demote", text="demote it", site="central", undo="promote it again"),
            PlannedStep(name="promote", text="promote it", site="dcn0"),
        ),
        made_at=NOW,
    )
    return msgspec.structs.replace(plan, **changes)


def a_row(image: str, **changes: object) -> MirrorRow:
    row = MirrorRow(
        pool="volumes",
        image=image,
        global_id=f"global-{image}",
        mode=MirrorMode.JOURNAL,
        source=MirrorSide(site="central", primary=True, exists=True),
        destination=MirrorSide(site="dcn0", primary=False, exists=True),
        condition=MirrorCondition.IN_SYNC,
        consistent_at=NOW - timedelta(seconds=12),
        reported_at=NOW,
        protected=Judgement(holds=True, why="in sync"),
        peer_ready=Judgement(holds=True, why="in sync"),
    )
    return msgspec.structs.replace(row, **changes)


def mirrored(command: Runner, *rows: MirrorRow) -> None:
    """Have these rows mirrored."""
    command.core.rows = msgspec.structs.replace(command.core.rows, mirrors=rows)


@pytest.fixture
def command(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Runner:
    core = FakeCore()
    core.fake.plans = (a_plan(),)
    return Runner(tmp_path, capfd, monkeypatch, core)


BARE = RbdSubject(pool="volumes", image="bare", label="volumes/bare")
ONE = (BARE,)
REQUESTS: list[tuple[tuple[str, ...], Request]] = [
    (("enable", "--mode", "journal"), EnableMirroring(subjects=ONE, mode=MirrorMode.JOURNAL)),
    (
        ("enable", "--mode", "snapshot", "--to", "dcn1", "--schedule", "15m", "--flatten"),
        EnableMirroring(
            subjects=ONE,
            mode=MirrorMode.SNAPSHOT,
            destination="dcn1",
            schedule="15m",
            flatten=True,
        ),
    ),
    (("disable",), DisableMirroring(subjects=ONE)),
    (("snapshot",), TakeMirrorSnapshot(subjects=ONE)),
    (("relocate",), Relocate(subjects=ONE)),
    (
        ("relocate", "--to", "dcn0", "--stop-server", "--check", "full"),
        Relocate(subjects=ONE, destination="dcn0", stop_server=True, check=ContentCheck.FULL),
    ),
    (("failover", "--deadline", "30"), FailOver(subjects=ONE, deadline_seconds=30.0)),
    (
        ("failback", "--no-safety-copy", "--percent", "1.5"),
        FailBack(subjects=ONE, safety_copy=False, sample_percent=1.5),
    ),
    (("resync", "--victim", "dcn0"), Resync(subjects=ONE, victim="dcn0")),
    (
        ("verify", "--check", "sampled", "--percent", "10"),
        VerifyMirror(subjects=ONE, check=ContentCheck.SAMPLED, sample_percent=10.0),
    ),
    (("rehearse", "--at", "dcn0"), Rehearse(subjects=ONE, destination="dcn0")),
]


@pytest.mark.parametrize(("words", "request_"), REQUESTS)
def test_each_command_asks_for_what_it_says(
    command: Runner, words: tuple[str, ...], request_: Request
) -> None:
    ran = command("mirror", words[0], "volumes/bare", *words[1:], "--dry-run")
    assert ran.status == 0
    assert command.asked()[-1] == request_
    assert not command.core.fake.named("submit")


POOL_REQUESTS: list[tuple[tuple[str, ...], Request]] = [
    (
        ("schedule", "add", "15m", "--pool", "volumes", "--site", "dcn0"),
        AddSchedule(site="dcn0", pool="volumes", interval="15m"),
    ),
    (
        ("schedule", "add", "1h", "volumes/bare", "--site", "central"),
        AddSchedule(site="central", pool="volumes", interval="1h", image="bare"),
    ),
    (
        ("schedule", "remove", "1h", "volumes/mirrored"),
        RemoveSchedule(site="central", pool="volumes", interval="1h", image="mirrored"),
    ),
    (
        ("peer", "connect", "volumes", "central", "dcn0", "--both-ways", "--mode", "pool"),
        ConnectPeers(
            pool="volumes",
            source="central",
            destination="dcn0",
            direction=PeerDirection.BOTH,
            mode=PoolMode.POOL,
        ),
    ),
    (
        ("peer", "connect", "volumes", "central", "dcn1"),
        ConnectPeers(pool="volumes", source="central", destination="dcn1"),
    ),
    (
        ("peer", "remove", "dcn0", "volumes", "u-1"),
        RemovePeer(site="dcn0", pool="volumes", uuid="u-1"),
    ),
    (
        ("pool-mode", "dcn0", "volumes", "image"),
        ChangePoolMode(site="dcn0", pool="volumes", mode=PoolMode.IMAGE),
    ),
    (("site-name", "dcn0", "edge-0"), NameMirrorSite(site="dcn0", site_name="edge-0")),
]


@pytest.mark.parametrize(("words", "request_"), POOL_REQUESTS)
def test_pools_peers_and_schedules_are_asked_for(
    command: Runner, words: tuple[str, ...], request_: Request
) -> None:
    mirrored(command, a_row("mirrored"))
    ran = command("mirror", *words, "--yes")
    assert ran.status == 0
    assert command.asked()[-1] == request_
    assert command.core.fake.named("submit")


def test_a_volume_is_found_by_name_id_and_rbd_image(command: Runner) -> None:
    row = next(row for row in command.core.rows.volumes if row.site == "dcn0")
    wanted = RbdSubject(
        pool="volumes",
        image=f"volume-{row.key}",
        volume_id=row.key,
        label=row.volume.label,
        site="dcn0",
    )
    for text in (row.key, row.volume.label, f"volumes/volume-{row.key}"):
        command("mirror", "disable", text, "--dry-run")
        assert command.asked()[-1] == DisableMirroring(subjects=(wanted,))


def test_a_name_given_twice_is_planned_once(command: Runner) -> None:
    command("mirror", "snapshot", "volumes/bare", "volumes/bare", "volumes/b", "--dry-run")
    request = command.asked()[-1]
    assert isinstance(request, TakeMirrorSnapshot)
    assert [subject.image for subject in request.subjects] == ["bare", "b"]


def test_all_of_a_site_are_its_volumes_that_are_not_mirrored(command: Runner) -> None:
    at_site = [row for row in command.core.rows.volumes if row.site == "dcn0"]
    first = at_site[0]
    mirrored(command, a_row(f"volume-{first.key}", volume_id=first.key))
    command("mirror", "enable", "--all-of", "dcn0", "--mode", "journal", "--dry-run")
    request = command.asked()[-1]
    assert isinstance(request, EnableMirroring)
    assert [subject.volume_id for subject in request.subjects] == [row.key for row in at_site[1:]]


def test_all_that_is_mirrored_of_a_site(command: Runner) -> None:
    home = next(row for row in command.core.rows.volumes if row.site == "dcn0")
    mirrored(
        command,
        a_row(f"volume-{home.key}", volume_id=home.key),
        a_row("bare-there", source=MirrorSide(site="dcn0", primary=True)),
        a_row("bare-elsewhere"),
    )
    for word in ("disable", "verify"):
        command("mirror", word, "--all-of", "dcn0", "--dry-run")
        request = command.asked()[-1]
        assert isinstance(request, DisableMirroring | VerifyMirror)
        images = [subject.image for subject in request.subjects]
        assert images == [f"volume-{home.key}", "bare-there"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("disable",), "--all-of"),
        (("disable", "volumes/a", "--all-of", "dcn0"), "one of the two"),
        (("disable", "--all-of", "dcn0"), "Nothing of dcn0 is mirrored"),
        (("disable", "--all-of", "dcn9"), "no site “dcn9”"),
        (("disable", "no-such-thing"), "POOL/IMAGE"),
        (("relocate", "volumes/a", "--to", "dnc0"), "Did you mean “dcn0”"),
        (("resync", "volumes/a"), "--victim"),
        (("resync", "volumes/a", "--victim", "dcn9"), "dcn9"),
        (("enable", "volumes/a"), "--mode"),
        (("enable", "volumes/a", "--mode", "magic"), "magic"),
        (("verify", "volumes/a", "--percent", "0"), "0"),
        (("schedule", "add", "15m"), "one of the two"),
        (("schedule", "add", "15m", "--pool", "volumes"), "--site"),
        (("schedule", "add", "15m", "volumes/a"), "primary at no site"),
        (("peer", "connect", "volumes", "central", "dcn9"), "dcn9"),
        (("pool-mode", "dcn0", "volumes", "some"), "some"),
        (("sttaus",), "status"),
    ],
)
def test_what_cannot_be_understood_is_usage(
    command: Runner, words: tuple[str, ...], said: str
) -> None:
    ran = command("mirror", *words)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err
    assert not command.core.fake.named("plan")


def test_a_script_must_name_what_cannot_be_undone(command: Runner) -> None:
    command.core.fake.plans = (a_plan(typed_name="db01", irreversible="12 s of writes"),)
    words = ("mirror", "failover", "volumes/bare")
    for more in ((), ("--yes",), ("--yes", "--confirm", "db02")):
        ran = command(*words, *more)
        assert (ran.status, ran.out) == (1, "")
        assert "--confirm db01" in ran.err
        assert "cannot be undone: 12 s of writes" in ran.err
    assert not command.core.fake.named("submit")
    assert command(*words, "--confirm", "db01").status == 0
    assert command.core.fake.named("submit")


@pytest.mark.parametrize(("typed", "status"), [("db01", 0), ("db02", 1), ("yes", 1), ("", 1)])
def test_a_person_types_the_name(
    command: Runner, monkeypatch: pytest.MonkeyPatch, typed: str, status: int
) -> None:
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return typed

    monkeypatch.setattr(submitting, "is_interactive", lambda: True)
    monkeypatch.setattr(submitting, "ask_for_name", answer)
    command.core.fake.plans = (a_plan(typed_name="db01"),)
    assert command("mirror", "failover", "volumes/bare", "--yes").status == status
    assert asked == ["To agree, type “db01”"]
    assert bool(command.core.fake.named("submit")) is (status == 0)


def test_several_plans_and_a_refused_one_are_partly_done(command: Runner) -> None:
    refused = Check(outcome=Outcome.REFUSED, text="The peer is full.", way_out="Free space.")
    command.core.fake.plans = (a_plan(), a_plan("db02", checks=(refused,)))
    ran = command("mirror", "relocate", "volumes/a", "volumes/b", "-o", "json")
    assert ran.status == 3
    assert [task["title"] for task in ran.json] == ["relocate db01 → dcn0"]
    assert "The peer is full." in ran.err
    command.core.fake.plans = (a_plan(checks=(refused,)),)
    assert command("mirror", "relocate", "volumes/a").status == 1


def test_a_plan_is_told_with_its_steps_and_what_they_leave(command: Runner) -> None:
    command.core.fake.plans = (a_plan(typed_name="db01", irreversible="12 s of writes"),)
    text = command("mirror", "failover", "volumes/a", "--dry-run").out
    for words in (
        "central: demote it",
        "then: promote it again",
        "cannot be undone: 12 s of writes",
    ):
        assert words in text
    (plan,) = command("mirror", "failover", "volumes/a", "--dry-run", "-o", "json").json
    assert plan["typed_name"] == "db01"
    assert plan["steps"][0]["undo"] == "promote it again"


def test_watching_names_the_step_and_the_next(
    command: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = StepRecord(name="demote 2", site="dcn0", state=StepState.RUNNING, started_at=NOW)

    async def steps(number: int) -> tuple[StepRecord, ...]:
        return (step,)

    monkeypatch.setattr(command.core.fake, "steps", steps)
    ran = command("mirror", "relocate", "volumes/a")
    assert "dcn0: step 1 of 2, demote; next: promote: staging" in ran.err
    text = command("task", "show", ran.out.splitlines()[1].split()[0]).out
    assert "relocate db01" in text


def test_a_running_task_tells_what_comes_and_what_can_be_undone(
    command: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = command("mirror", "relocate", "volumes/a", "--no-wait", "-o", "json").json[0]["number"]
    step = StepRecord(name="demote", site="dcn0", state=StepState.DONE, started_at=NOW)

    async def steps(number: int) -> tuple[StepRecord, ...]:
        return (step,)

    monkeypatch.setattr(command.core.fake, "steps", steps)
    command.core.fake.change_task(number, state=TaskState.RUNNING)
    text = command("task", "show", str(number)).out
    assert "Still to come\n  promote: promote it" in text
    assert "What can be undone now\n  promote it again" in text


def test_tasks_pause_and_resume(command: Runner) -> None:
    ran = command("task", "pause", "14")
    assert (ran.status, ran.out) == (0, "")
    assert "pauses before its next step" in ran.err
    listed = {row["number"]: row["state"] for row in command("task", "list", "-o", "json").json}
    assert listed[14] == "paused"
    ran = command("task", "resume", "14", "14")
    assert ran.status == 0
    assert command.core.fake.named("resume") == [(14,)]


def test_a_failed_task_is_a_failure(command: Runner) -> None:
    command.core.fake.endings = {"dcn0": TargetState.FAILED}
    assert command("mirror", "relocate", "volumes/a").status == 1


def test_read_only_refuses_all_but_looking(command: Runner) -> None:
    ran = command("--read-only", "mirror", "relocate", "volumes/a")
    assert ran.status == 1
    assert "read-only" in ran.err
    assert not command.core.read_parts
    assert command("--read-only", "mirror", "relocate", "volumes/a", "--dry-run").status == 0
    assert command("--read-only", "mirror", "status").status == 0


def test_status_shows_both_sides_and_the_judgement(command: Runner) -> None:
    home = command.core.rows.volumes[0]
    mirrored(
        command,
        a_row(f"volume-{home.key}", volume_id=home.key, volume_name=home.volume.name),
        a_row(
            "bare",
            pool="other",
            source=MirrorSide(site="central", primary=False),
            destination=MirrorSide(site="dcn1", primary=False),
            condition=MirrorCondition.SPLIT_BRAIN,
            protected=Judgement(holds=False, why="split-brain"),
            consistent_at=None,
        ),
    )
    table = command("mirror", "status").out
    assert "central → dcn0" in table
    assert "central | dcn1" in table
    assert "split-brain" in table
    assert "✗ no" in table
    assert [row["image"] for row in command("mirror", "status", "-o", "json").json] == [
        f"volume-{home.key}",
        "bare",
    ]
    for narrowed in (("--site", "dcn1"), ("--pool", "other"), ("other/bare",), ("bare",)):
        rows = command("mirror", "status", *narrowed, "-o", "json").json
        assert [row["image"] for row in rows] == ["bare"]
    for text in (home.key, home.key[:12]):
        rows = command("mirror", "status", text, "-o", "json").json
        assert [row["volume_id"] for row in rows] == [home.key]
    row = command("mirror", "status", "bare", "-o", "json").json[0]
    assert row["protected"] == {"holds": False, "why": "split-brain"}
    assert row["lag_seconds"] is None


def finding(severity: Severity) -> Finding:
    return Finding(kind=SPLIT_BRAIN, severity=severity, key="bare", text="Split-brain of bare.")


def in_sync(row: MirrorRow) -> MirrorRow:
    return row


def unprotected(row: MirrorRow) -> MirrorRow:
    judgement = Judgement(holds=False, why="first copy")
    return msgspec.structs.replace(row, protected=judgement)


def split(row: MirrorRow) -> MirrorRow:
    return msgspec.structs.replace(
        row, findings=(finding(Severity.ERROR),), condition=MirrorCondition.SPLIT_BRAIN
    )


def lagging(row: MirrorRow) -> MirrorRow:
    return msgspec.structs.replace(row, findings=(finding(Severity.WARNING),))


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        (in_sync, 0, "MIRROR OK - 2 in sync; largest lag "),
        (unprotected, 1, "MIRROR WARNING - 2 in sync; 1 RBD image not protected"),
        (lagging, 1, "MIRROR WARNING - split-brain; 2 in sync"),
        (split, 2, "MIRROR CRITICAL - split-brain; 1 split-brain, 1 in sync"),
    ],
)
def test_health_is_one_line_with_a_plug_ins_status(
    command: Runner, change: Callable[[MirrorRow], MirrorRow], status: int, words: str
) -> None:
    command.core.mirrors = {"central": MirrorState(site="central")}
    mirrored(command, change(a_row("one")), a_row("two"))
    ran = command("mirror", "health")
    assert ran.status == status
    assert len(ran.out.splitlines()) == 1
    assert ran.out.startswith(words)
    assert " | images=2 unprotected=" in ran.out
    assert command("mirror", "health", "-o", "json").json["status"] == words.split()[1]


def test_health_counts_an_rbd_image_that_goes_to_two_sites_once(command: Runner) -> None:
    command.core.mirrors = {"central": MirrorState(site="central")}
    one = unprotected(a_row("one"))
    elsewhere = msgspec.structs.replace(one.destination, site="dcn1")
    mirrored(command, one, msgspec.structs.replace(one, destination=elsewhere))
    ran = command("mirror", "health")
    assert "2 in sync; 1 RBD image not protected" in ran.out
    assert " | images=1 unprotected=1" in ran.out


def test_health_of_what_cannot_be_read(command: Runner) -> None:
    states = {name: MirrorState(site=name) for name in ("central", "dcn0")}
    command.core.mirrors = states
    mirrored(command, a_row("one"))
    command.core.errors = {"mirroring at dcn0": "no answer"}
    ran = command("mirror", "health")
    assert ran.status == 2
    assert "dcn0 does not answer" in ran.out
    command.core.errors["mirroring at central"] = "no answer"
    ran = command("mirror", "health")
    assert ran.status == 3
    assert ran.out.startswith("MIRROR UNKNOWN")
    assert command("mirror", "status").status == 1


def test_a_site_that_is_not_asked_for_does_not_alarm(command: Runner) -> None:
    command.core.mirrors = {name: MirrorState(site=name) for name in ("central", "dcn0", "dcn1")}
    command.core.errors = {"mirroring at dcn1": "no answer"}
    assert command("mirror", "health", "--site", "dcn0").status == 0
    assert command("mirror", "status", "--site", "dcn0").status == 3


def a_pool(*peers: MirrorPeer, site_name: str, mirror_uuid: str) -> MirroredPool:
    return MirroredPool(
        pool=MirrorPool(
            name="volumes",
            mode=PoolMode.IMAGE,
            site_name=site_name,
            mirror_uuid=mirror_uuid,
            peers=peers,
        ),
        daemons=(MirrorDaemon(name="a", problems=("unable to connect",)),),
        schedules=(SnapshotSchedule(interval="15m"), SnapshotSchedule(interval="1h", image="x")),
    )


def test_peers_are_matched_to_sites_by_their_mirror_uuid(command: Runner) -> None:
    peer = MirrorPeer(
        uuid="p-1", site_name="hub", mirror_uuid="m-c", direction=PeerDirection.RECEIVE
    )
    stranger = MirrorPeer(uuid="p-2", site_name="backup", mirror_uuid="m-x")
    command.core.mirrors = {
        "central": MirrorState(
            site="central", pools=(a_pool(site_name="fsid-c", mirror_uuid="m-c"),)
        ),
        "dcn0": MirrorState(
            site="dcn0",
            pools=(a_pool(peer, stranger, site_name="fsid-0", mirror_uuid="m-0"),),
        ),
    }
    rows = command("mirror", "peer", "list", "-o", "json").json
    assert [(row["site"], row["uuid"], row["peer_site"]) for row in rows] == [
        ("central", None, None),
        ("dcn0", "p-1", "central"),
        ("dcn0", "p-2", None),
    ]
    table = command("mirror", "peer", "list").out
    assert "backup (none of our sites)" in table
    assert "unable to connect" in table
    schedules = command("mirror", "schedule", "list", "--site", "dcn0", "-o", "json").json
    assert [(row["image"], row["interval"]) for row in schedules] == [(None, "15m"), ("x", "1h")]


def test_a_peer_that_was_never_met_is_known_by_the_name_that_others_know_it_by(
    command: Runner,
) -> None:
    """A receive-only edge and a user who is told fsids for names (measured on 16.2.15)."""
    both = MirrorPeer(uuid="p-0", site_name="alpha", mirror_uuid="m-c")
    receives = MirrorPeer(uuid="p-1", site_name="alpha", direction=PeerDirection.RECEIVE)
    pools = {
        "central": a_pool(site_name="fsid-c", mirror_uuid="m-c"),
        "dcn0": a_pool(both, site_name="fsid-0", mirror_uuid="m-0"),
        "dcn1": a_pool(receives, site_name="fsid-1", mirror_uuid="m-1"),
    }
    command.core.mirrors = {
        site: MirrorState(site=site, pools=(pool,)) for site, pool in pools.items()
    }
    rows = command("mirror", "peer", "list", "-o", "json").json
    assert [(row["site"], row["peer_site"]) for row in rows] == [
        ("central", None),
        ("dcn0", "central"),
        ("dcn1", "central"),
    ]


def test_hostile_names_are_printed_as_text(command: Runner) -> None:
    mirrored(command, a_row("x", volume_id="v", volume_name="a\x1b[31m|b\nc"))
    assert "\x1b" not in command("mirror", "status").out
    assert len(command("mirror", "status").out.splitlines()) == 2
