"""Daemons are started, known again and ended by pid and start time, with all their children."""

import os
import socket
from pathlib import Path

import pytest
from dcn_lab.daemons import Daemon, Supervisor
from dcn_lab.errors import LabError
from dcn_lab.execution import environment_of, wait_until
from dcn_lab.files import make_folder
from dcn_lab.layout import LONGEST_DIRECTORY, Layout, layout_in
from dcn_lab.processes import session_members
from dcn_lab.stages import Stage, run_stages

FAMILY = "sleep 600 & sleep 600 & wait"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Return the layout of an empty lab."""
    layout = Layout(tmp_path / "lab")
    for folder in (layout.run, layout.log, layout.temporary):
        make_folder(folder)
    return layout


def _daemon(layout: Layout, script: str, *, port: int | None = None) -> Daemon:
    return Daemon(
        name="helper",
        arguments=("sh", "-c", script),
        environment=environment_of(layout),
        ready=lambda age_seconds: age_seconds > 0,
        log=layout.log / "helper.log",
        port=port,
        ready_seconds=120,
    )


def test_a_started_daemon_is_known_to_a_later_supervisor(layout: Layout) -> None:
    Supervisor(layout).start(_daemon(layout, FAMILY))
    later = Supervisor(layout)

    pid = later.pid("helper")
    assert pid is not None
    later.start(_daemon(layout, FAMILY))
    assert later.pid("helper") == pid
    assert later.recorded() == ("helper",)
    later.kill("helper")
    assert later.pid("helper") is None
    assert later.recorded() == ()


def test_stop_ends_the_children_too(layout: Layout) -> None:
    supervisor = Supervisor(layout)
    supervisor.start(_daemon(layout, FAMILY))
    pid = supervisor.pid("helper")
    assert pid is not None
    wait_until("the family", lambda: len(supervisor.members("helper")) == 3, seconds=120)

    supervisor.stop("helper", seconds=60)

    assert session_members(pid) == ()


def test_a_daemon_that_ignores_the_request_is_killed(layout: Layout) -> None:
    supervisor = Supervisor(layout)
    supervisor.start(_daemon(layout, f"trap '' TERM; {FAMILY}"))
    pid = supervisor.pid("helper")
    assert pid is not None
    wait_until("the family", lambda: len(supervisor.members("helper")) == 3, seconds=120)

    supervisor.stop("helper", seconds=0.2)

    assert session_members(pid) == ()


def test_a_process_that_took_over_the_pid_is_left_alone(layout: Layout) -> None:
    supervisor = Supervisor(layout)
    record = layout.run / "helper.process"
    record.write_text(f'{{"pid": {os.getpid()}, "start_time": "1"}}', encoding="utf-8")

    assert supervisor.pid("helper") is None
    supervisor.kill("helper")

    assert not record.exists()


def test_the_end_of_a_daemon_is_told_with_its_last_words(layout: Layout) -> None:
    daemon = Daemon(
        name="helper",
        arguments=("sh", "-c", "echo no licence >&2; exit 3"),
        environment=environment_of(layout),
        ready=lambda age_seconds: False,
        log=layout.log / "helper.log",
    )

    with pytest.raises(LabError, match=r"helper: ended by itself(.|\n)*no licence"):
        Supervisor(layout).start(daemon)


def test_a_taken_port_is_told_before_the_start(layout: Layout) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(LabError, match=f"port {port} is taken"):
            Supervisor(layout).start(_daemon(layout, FAMILY, port=port))

    assert Supervisor(layout).recorded() == ()


def test_a_folder_too_long_for_sockets_is_refused() -> None:
    with pytest.raises(LabError, match="characters at most"):
        layout_in(Path("/" + "x" * LONGEST_DIRECTORY))


def test_stages_wait_for_what_they_need() -> None:
    order: list[str] = []
    stages = [
        Stage("c", lambda: order.append("c"), ("a", "b")),
        Stage("b", lambda: order.append("b"), ("a",)),
        Stage("a", lambda: order.append("a")),
    ]
    finished: list[str] = []

    run_stages(stages, finished.append)

    assert order == finished == ["a", "b", "c"]


def test_nothing_follows_a_failed_stage() -> None:
    order: list[str] = []

    def fail() -> None:
        raise LabError("no room")

    stages = [Stage("a", fail), Stage("b", lambda: order.append("b"), ("a",))]

    with pytest.raises(LabError, match="no room"):
        run_stages(stages, order.append)
    assert order == []


def test_stages_in_a_circle_are_refused() -> None:
    stages = [Stage("a", lambda: None, ("b",)), Stage("b", lambda: None, ("a",))]

    with pytest.raises(ValueError, match="a, b"):
        run_stages(stages, lambda name: None)
