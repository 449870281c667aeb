"""Starting and stopping servers, and how they get there in time (Nova)."""

from msgspec.structs import replace

from dcn_console.simulator.records import ServerRecord
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.tokens import Identity
from dcn_console.simulator.world import World

STOP_SECONDS = 4.0
START_SECONDS = 3.0
_WISHES = {
    "stop": ("ACTIVE", "powering-off", STOP_SECONDS),
    "start": ("SHUTOFF", "powering-on", START_SECONDS),
}
_AFTER = {"powering-off": "SHUTOFF", "powering-on": "ACTIVE"}
VM_STATES = {"ACTIVE": "active", "SHUTOFF": "stopped", "ERROR": "error"}


def visible_server(world: World, who: Identity, server_id: str) -> ServerRecord:
    """Return a server that the user may see; raise Refusal 404."""
    server = world.servers.get(server_id)
    if server is None or not (who.is_admin or server.project_id == who.project_id):
        raise Refusal(404, f"Instance {server_id} could not be found.")
    return server


def act(world: World, who: Identity, server_id: str, action: str) -> None:
    """Begin to start or stop a server; raise Refusal 404, or 409 in another state.

    Source: nova/compute/api.py, ``check_instance_state``.
    """
    server = visible_server(world, who, server_id)
    needed, task_state, seconds = _WISHES[action]
    if server.task_state is not None:
        raise Refusal(
            409,
            f"Cannot '{action}' instance {server_id} while it is in task_state {server.task_state}",
        )
    if server.status != needed:
        vm_state = VM_STATES.get(server.status, server.status.lower())
        raise Refusal(
            409, f"Cannot '{action}' instance {server_id} while it is in vm_state {vm_state}"
        )
    world.put_server(
        replace(server, task_state=task_state, due_at=world.now + seconds, updated_at=world.now)
    )


def advance_servers(world: World) -> None:
    """Finish what is due at ``world.now``."""
    for server in world.changing_servers():
        if server.due_at is not None and server.due_at <= world.now:
            status = _AFTER.get(server.task_state or "", server.status)
            world.put_server(
                replace(server, status=status, task_state=None, due_at=None, updated_at=world.now)
            )
