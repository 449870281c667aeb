"""Commands on a fake core: data on stdout, the rest on stderr, exit statuses."""

from pathlib import Path

import msgspec
import pytest
from command_runner import Runner
from fake_data import HOSTILE_NAMES

from dcn_console.cli.console_command import show_console
from dcn_console.cli.framework import Session
from dcn_console.config.paths import Paths
from dcn_console.config.settings import load
from dcn_console.inventory.diagnosis import Area
from dcn_console.model.errors import DcnError, UsageError
from dcn_console.model.requests import CopyImages
from dcn_console.model.rows import Rows
from dcn_console.model.tasks import TargetState


@pytest.fixture
def command(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Runner:
    return Runner(tmp_path, capfd, monkeypatch)


def test_a_dry_run_submits_nothing(command: Runner) -> None:
    ran = command("image", "copy", "fedora-40", "--to", "edges", "--dry-run")
    assert ran.status == 0
    for word in ("copy fedora-40", "dcn0", "dcn1", "GiB", "the same by hand"):
        assert word in ran.out
    assert not command.core.fake.named("submit")


def test_a_table_goes_to_stdout_alone(command: Runner) -> None:
    ran = command("image", "list", "--sort", "name", "--filter", "cirros")
    assert ran.err == ""
    heading, line = ran.out.splitlines()
    assert heading.split()[:3] == ["ID", "NAME", "SIZE"]
    assert "cirros-0.6.2-x86_64-disk" in line
    assert "● present" in line
    assert "… 42%" in line


def test_site_narrows_every_list(command: Runner) -> None:
    assert [
        row["name"] for row in command("site", "list", "--site", "dcn1", "-o", "json").json
    ] == ["dcn1"]
    assert {
        row["site"] for row in command("store", "list", "--site", "dcn0,dcn1", "-o", "json").json
    } == {"dcn0", "dcn1"}
    assert {
        row["site"] for row in command("volume", "list", "--site", "dcn0", "-o", "json").json
    } == {"dcn0"}
    images = command("image", "list", "--site", "dcn1", "-o", "json").json
    assert images
    assert all(row["sites"]["dcn1"]["state"] not in ("absent", "missing") for row in images)
    tasks = command("task", "list", "--site", "dcn1", "-o", "json").json
    assert 14 not in [row["number"] for row in tasks]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("image", "list", "--site", "dcn9"), ["dcn9", "Did you mean “dcn", "central, dcn0, dcn1"]),
        (("image", "list", "--sort", "nmae"), ["nmae", "“name”", "size_bytes"]),
        (("image", "copy", "fedora-40", "--to", "nowhere"), ["nowhere", "central, dcn0, dcn1"]),
        (("image", "copy", "fedora-40", "--to", ","), ["--to names no site"]),
        (("image", "copy", "fedora-40"), ["--to"]),
        (("image", "show", "no-such-image"), ["no-such-image"]),
        (("task", "show", "99"), ["no task 99"]),
        (("task", "wait", "zero"), ["zero"]),
        (("task", "wiat", "1"), ["wait"]),
        (("imgae", "list"), ["imgae", "image"]),
        (("image", "list", "-o", "xml"), ["xml", "table", "json", "csv"]),
    ],
)
def test_what_cannot_be_understood_is_usage(
    command: Runner, arguments: tuple[str, ...], words: list[str]
) -> None:
    ran = command(*arguments)
    assert (ran.status, ran.out) == (2, "")
    for word in words:
        assert word in ran.err


def test_an_ambiguous_name_lists_the_candidates(command: Runner) -> None:
    rows = command.core.rows
    twins = tuple(
        msgspec.structs.replace(row, image=msgspec.structs.replace(row.image, name="twin"))
        for row in rows.images[:2]
    )
    command.core.rows = msgspec.structs.replace(rows, images=twins)
    ran = command("image", "show", "twin")
    assert ran.status == 2
    for row in twins:
        assert row.key in ran.err


def test_an_image_is_found_by_the_beginning_of_its_id(command: Runner) -> None:
    key = command.core.rows.images[3].key
    assert command("image", "show", key[:12], "-o", "json").json["id"] == key


def test_copy_waits_and_succeeds(command: Runner) -> None:
    ran = command("image", "copy", "fedora-40", "--to", "dcn0,dcn1", "-o", "json")
    assert ran.status == 0
    (task,) = ran.json
    assert task["state"] == "done"
    assert [target["site"] for target in task["targets"]] == ["dcn0", "dcn1"]
    number = task["number"]
    assert f"submitted task {number}" in ran.err
    assert f"task {number} dcn0: queued" in ran.err
    assert "staging: on the Glance node" in ran.err
    assert f"task {number} dcn1: done" in ran.err


@pytest.mark.parametrize(
    ("endings", "status"),
    [
        ({"dcn0": TargetState.FAILED}, 3),
        ({"dcn0": TargetState.FAILED, "dcn1": TargetState.FAILED}, 1),
        ({"dcn1": TargetState.CANCELLED}, 1),
    ],
)
def test_the_exit_status_tells_the_outcome(
    command: Runner, endings: dict[str, TargetState], status: int
) -> None:
    command.core.fake.endings = endings
    ran = command("image", "copy", "fedora-40", "--to", "edges")
    assert ran.status == status
    assert command("task", "wait", ran.out.splitlines()[1].split()[0]).status == status


def test_waiting_sees_that_a_runner_runs(command: Runner) -> None:
    command.core.fake.runner = False
    assert command("image", "copy", "fedora-40", "--to", "edges").status == 0
    assert len(command.core.fake.named("tend_runner")) == 1


def test_copy_without_waiting_returns_the_task(command: Runner) -> None:
    ran = command("image", "copy", "fedora-40", "--to", "edges", "--no-wait", "-o", "json")
    assert ran.status == 0
    assert ran.json[0]["state"] == "queued"


def test_every_edge_lacking_it_is_asked_of_the_plan(command: Runner) -> None:
    command("image", "copy", "fedora-40", "--to", "edges", "--dry-run")
    command("image", "copy", "fedora-40", "--to", "central,edges", "--dry-run")
    asked = [request for (request,) in command.core.fake.named("plan")]
    assert [request.sites for request in asked if isinstance(request, CopyImages)] == [
        None,
        ("central", "dcn0", "dcn1"),
    ]


def test_read_only_refuses_before_anything_is_read(command: Runner) -> None:
    for arguments in (
        ("--read-only", "image", "copy", "fedora-40", "--to", "edges"),
        ("image", "--read-only", "copy", "fedora-40", "--to", "edges"),
        ("image", "copy", "fedora-40", "--to", "edges", "--read-only"),
    ):
        ran = command(*arguments)
        assert (ran.status, ran.out) == (1, "")
        assert "read-only" in ran.err
    assert not command.core.read_parts
    assert command("image", "copy", "fedora-40", "--to", "edges", "--dry-run").status == 0


def test_a_part_that_fails_is_a_warning_and_the_main_part_a_failure(command: Runner) -> None:
    command.core.errors = {"dcn1": "no answer within 10 s", "volumes": "401"}
    ran = command("image", "list", "-o", "json")
    assert ran.status == 0
    assert ran.json
    assert "warning: cluster of dcn1: no answer within 10 s" in ran.err
    ran = command("volume", "list", "-o", "json")
    assert ran.status == 1
    assert "warning: volumes: 401" in ran.err


def test_a_partial_list_says_so(command: Runner) -> None:
    command.core.errors = {"images": "the second page did not come"}
    assert command("image", "list").status == 3


def test_cancel_says_what_it_cannot_stop(command: Runner) -> None:
    ran = command("task", "cancel", "14")
    assert ran.status == 0
    assert "task 14: Glance cannot stop" in ran.err
    command.core.fake.failing["cancel"] = DcnError("The task store is locked.")
    assert command("task", "cancel", "14", "15").status == 1


def test_retry_submits_again_and_waits(command: Runner) -> None:
    ran = command("task", "retry", "11", "-o", "json")
    assert ran.status == 0
    assert ran.json[0]["number"] == 18
    assert command.core.fake.current_tasks[0].retry_of == 11


def test_retrying_what_cannot_be_undone_wants_its_name_again(command: Runner) -> None:
    fake = command.core.fake
    failed = next(task for task in fake.current_tasks if task.number == 11)
    fake.change_task(11, plan=msgspec.structs.replace(failed.plan, typed_name="db01"))
    refused = command("task", "retry", "11")
    assert refused.status == 1
    assert "--confirm db01" in refused.err
    assert command("task", "retry", "11", "--dry-run").status == 0
    assert fake.named("submit") == []
    assert command("task", "retry", "11", "--confirm", "db01").status == 0


def test_task_show_has_steps_log_and_commands(command: Runner) -> None:
    text = command("task", "show", "14").out
    for word in ("probe done", "POST /v2/images", "[red]hostile[/]", "42%", "The same by hand"):
        assert word in text


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_are_printed_as_text(command: Runner, name: str) -> None:
    rows = command.core.rows
    row = rows.images[0]
    hostile = msgspec.structs.replace(row, image=msgspec.structs.replace(row.image, name=name))
    command.core.rows = Rows(sites=rows.sites, images=(hostile,))
    table = command("image", "list").out
    assert len(table.splitlines()) == 2
    assert "\x1b" not in table
    assert command("image", "list", "-o", "json").json[0]["name"] == name
    shown = command("image", "show", row.key).out
    assert "\x1b" not in shown


def test_no_terminal_for_the_console_is_usage(command: Runner) -> None:
    ran = command()
    assert (ran.status, ran.out) == (2, "")
    assert "needs a terminal" in ran.err


def test_a_bad_config_names_file_line_and_key(command: Runner) -> None:
    command.config.write_text('[site.a]\nstroe = "x"\n', encoding="utf-8")
    ran = command("site", "list")
    assert ran.status == 2
    assert f"{command.config}, line 2: site.a.stroe: unknown key" in ran.err
    assert "Did you mean “store”?" in ran.err


def test_info_names_every_path_and_origin(
    command: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DCN_CONSOLE_STATE", str(tmp_path / "state"))
    lines = {line["name"]: line for line in command("info", "-o", "json", "--read-only").json}
    assert lines["config_file"] == {
        "name": "config_file",
        "value": str(command.config),
        "origin": "option --config",
        "kind": "path",
    }
    assert lines["state_folder"]["origin"] == "environment DCN_CONSOLE_STATE"
    assert lines["cloud"]["origin"] == f"{command.config}, line 5"
    assert lines["read_only"] == {
        "name": "read_only",
        "value": True,
        "origin": "option --read-only",
        "kind": "setting",
    }
    assert lines["topology"]["value"]["dcn0"]["store"] == "dcn0"
    table = command("info").out
    for name in lines:
        assert name in table


def test_doctor_groups_what_it_found_and_fails_on_a_problem(command: Runner) -> None:
    ceph = Area("ceph")
    well = (Area("identity").ok("credentials", "User admin."), ceph.warning("dcn0", "1 osd down"))
    command.core.diagnoses = well
    ran = command("doctor")
    assert ran.status == 0
    assert ran.out.splitlines() == [
        "identity",
        "  ● ok       credentials: User admin.",
        "ceph",
        "  ▲ warning  dcn0: 1 osd down",
    ]
    assert "1 ok, 1 warning, 0 problems, 0 skipped" in ran.err
    command.core.diagnoses = (*well, ceph.problem("dcn1\x1b[2J", "no keyring", "Put it there."))
    ran = command("doctor", "-o", "json")
    assert ran.status == 1
    assert ran.json[-1] == {
        "area": "ceph",
        "subject": "dcn1\x1b[2J",
        "outcome": "problem",
        "text": "no keyring",
        "way_out": "Put it there.",
    }
    ran = command("doctor")
    assert "\x1b" not in ran.out
    assert ran.out.splitlines()[-1].strip() == "Put it there."


def test_the_console_without_sites_says_how_to_find_them(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('cloud = "lab"\n')
    session = Session(paths=Paths.resolve(config), loaded=load(Paths.resolve(config), {}))
    with pytest.raises(UsageError, match="dcn-console init"):
        show_console(session)


@pytest.mark.parametrize(
    ("words", "default"),
    [
        (("image", "list"), "table"),
        (("site", "report"), "text"),
        (("backup", "check"), "sampled"),
        (("mirror", "peer", "connect"), "image"),
    ],
)
def test_help_names_a_default_as_it_is_typed(
    command: Runner, words: tuple[str, ...], default: str
) -> None:
    assert f"[default: {default}]" in " ".join(command(*words, "--help").out.split())
