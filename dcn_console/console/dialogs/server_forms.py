"""What each action on volumes' servers asks, and the requests it makes."""

from collections.abc import Callable
from datetime import datetime

from dcn_console.console.dialogs.checks import something
from dcn_console.console.dialogs.forms import Answers, Field, Form, Option, yes_no
from dcn_console.console.dialogs.mirror_forms import FormMaker
from dcn_console.console.dialogs.server_fields import put_on, server_facts, server_fields
from dcn_console.console.dialogs.subjects import what
from dcn_console.console.server_availability import servers_of
from dcn_console.console.situation import Situation
from dcn_console.model.requests import Request
from dcn_console.model.rows import Rows
from dcn_console.model.server_requests import (
    CreateServer,
    DeleteServers,
    ImageOfServer,
    StartServers,
    StopServers,
)
from dcn_console.model.text import count, printable

_NAME = 40
_OWN = "own"
_EDGES = "edges"


def create(situation: Situation, _rows: Rows, _now: datetime) -> Form:
    """Ask for the name and what it is put on."""
    volume_id = situation.volumes[0].key
    return Form(
        title=f"Server of volume {what(situation)}",
        verb="Create",
        fields=(
            Field(id="name", label="name", hint="What it is to be called.", complaint=something),
            *server_fields(),
        ),
        requests=lambda answers: (
            CreateServer(name=answers["name"], volume_id=volume_id, **put_on(answers)),
        ),
        facts=server_facts(CreateServer(name="new", volume_id=volume_id, flavor="")),
    )


def image(situation: Situation, _rows: Rows, _now: datetime) -> Form:
    """Ask for name and sites, and whether the server may be stopped."""
    (server_id,) = servers_of(situation)
    edges = tuple(site.name for site in situation.topology.edges if site.store is not None)

    def requests(answers: Answers) -> tuple[Request, ...]:
        return (
            ImageOfServer(
                server_id=server_id,
                name=answers["name"],
                sites={_OWN: (), _EDGES: edges}.get(answers["to"], (answers["to"],)),
                stop_server=answers["stop_server"] == "yes",
            ),
        )

    own = Option(value=_OWN, words="its own site", hint="And the hub.")
    everywhere = Option(value=_EDGES, words="every edge", hint="And the hub.")
    others = (Option(value=name, words=name, hint="And the hub.") for name in edges)
    return Form(
        title=f"Image of {_servers(situation)}",
        verb="Make",
        fields=(
            Field(id="name", label="name", hint="The image's name; empty for the server's."),
            Field(id="to", label="to", options=(own, everywhere, *others), start=_OWN),
            Field(
                id="stop_server",
                label="stop server",
                options=yes_no(
                    "It is stopped for the snapshot, and started again.",
                    "One that runs is taken as after a power cut.",
                ),
                start="no",
            ),
        ),
        requests=requests,
    )


def _change(verb: str, make: Callable[[tuple[str, ...]], Request]) -> FormMaker:
    def form(situation: Situation, _rows: Rows, _now: datetime) -> Form:
        ids = servers_of(situation)
        return Form(
            title=f"{verb} {_servers(situation)}", verb=verb, requests=lambda _: (make(ids),)
        )

    return form


def _servers(situation: Situation) -> str:
    ids = servers_of(situation)
    if len(situation.servers) == 1:
        return f"server {printable(situation.servers[0].server.label, _NAME)}"
    if len(ids) == 1:
        name = next((row.server for row in situation.volumes if row.server), ids[0])
        return f"server {printable(name, _NAME)}"
    return count(len(ids), "server")


SERVER_FORMS: dict[str, FormMaker] = {
    "create_server": create,
    "stop_servers": _change("Stop", lambda ids: StopServers(server_ids=ids)),
    "start_servers": _change("Start", lambda ids: StartServers(server_ids=ids)),
    "image_of_server": image,
    "delete_servers": _change("Delete", lambda ids: DeleteServers(server_ids=ids)),
}
"""What each action of the menu asks, by the action's id."""
