"""The server commands on a fake core: what they ask for and refuse."""

from pathlib import Path

import msgspec
import pytest
from command_runner import Runner
from fake_core import FakeCore
from fake_data import NOW

from dcn_console.model.inventory import Server, Volume
from dcn_console.model.plans import ObjectReference, Plan
from dcn_console.model.requests import Request
from dcn_console.model.rows import ServerRow, VolumeRow
from dcn_console.model.server_requests import (
    CreateServer,
    DeleteServers,
    ImageOfServer,
    StartServers,
    StopServers,
)


@pytest.fixture
def command(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Runner:
    core = FakeCore()
    servers = (Server(id="id-web", name="web"), Server(id="id-db", name="db"))
    core.rows = msgspec.structs.replace(
        core.rows,
        servers=tuple(ServerRow(server=server) for server in servers),
        volumes=(VolumeRow(volume=Volume(id="id-root", name="root")),),
    )
    core.fake.plans = (
        Plan(
            operation="server-stop",
            title="stop server web",
            objects=(ObjectReference(kind="server", id="id-web", name="web"),),
            targets=("dcn0",),
            made_at=NOW,
        ),
    )
    return Runner(tmp_path, capfd, monkeypatch, core, "server")


REQUESTS: list[tuple[tuple[str, ...], Request]] = [
    (("stop", "web", "db", "web"), StopServers(server_ids=("id-web", "id-db"))),
    (("start", "id-web"), StartServers(server_ids=("id-web",))),
    (("delete", "db"), DeleteServers(server_ids=("id-db",))),
    (
        ("create", "new", "--volume", "root", "--flavor", "m1.tiny", "--network", "lab-net"),
        CreateServer(name="new", volume_id="id-root", flavor="m1.tiny", network="lab-net"),
    ),
    (
        *(("create", "new", "--volume", "root", "--flavor", "f", "--key", "k"),),
        CreateServer(name="new", volume_id="id-root", flavor="f", key="k"),
    ),
    (
        ("create", "new", "--volume", "root"),
        CreateServer(name="new", volume_id="id-root", flavor=""),
    ),
    (("image", "web"), ImageOfServer(server_id="id-web")),
    (
        ("image", "web", "--name", "golden", "--to", "dcn1", "--stop-server"),
        ImageOfServer(server_id="id-web", name="golden", sites=("dcn1",), stop_server=True),
    ),
]


@pytest.mark.parametrize(("arguments", "request_"), REQUESTS)
def test_what_is_asked_for(command: Runner, arguments: tuple[str, ...], request_: Request) -> None:
    assert command(*arguments).status == 0
    assert command.asked() == [request_]


@pytest.mark.parametrize(
    "arguments",
    [
        ("stop",),
        ("stop", "nobody"),
        ("create", "new", "--flavor", "f"),
        ("create", "new", "--volume", "nothing", "--flavor", "f"),
        ("image", "web", "--to", "nowhere"),
    ],
)
def test_what_is_not_understood(command: Runner, arguments: tuple[str, ...]) -> None:
    assert command(*arguments).status == 2
    assert command.asked() == []
