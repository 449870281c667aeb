"""Starting, stopping and removing servers, and how they get there in time (Nova)."""

from msgspec.structs import replace

from dcn_console.simulator.records import AttachmentRecord, ServerRecord, VolumeRecord
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.tokens import Identity
from dcn_console.simulator.world import World

STOP_SECONDS = 4.0
START_SECONDS = 3.0
DELETE_SECONDS = 2.0
_WISHES = {
    "stop": ("ACTIVE", "powering-off", STOP_SECONDS),
    "start": ("SHUTOFF", "powering-on", START_SECONDS),
}
_AFTER = {"powering-off": "SHUTOFF", "powering-on": "ACTIVE"}
VM_STATES = {"ACTIVE": "active", "SHUTOFF": "stopped", "ERROR": "error", "BUILD": "building"}
_LOST = "Build of instance {} aborted: Volume {} could not be found."


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
    check_state(server, action, (needed,))
    world.put_server(
        replace(server, task_state=task_state, due_at=world.now + seconds, updated_at=world.now)
    )


def check_state(server: ServerRecord, action: str, allowed: tuple[str, ...]) -> None:
    """Raise Refusal 409 unless a server has nothing to do and one of the allowed statuses."""
    beginning = f"Cannot '{action}' instance {server.id} while it is in"
    if server.task_state is not None:
        raise Refusal(409, f"{beginning} task_state {server.task_state}")
    if server.status not in allowed:
        vm_state = VM_STATES.get(server.status, server.status.lower())
        raise Refusal(409, f"{beginning} vm_state {vm_state}")


def delete_server(world: World, who: Identity, server_id: str) -> None:
    """Begin to delete a server, whatever it is at; raise Refusal 404."""
    server = visible_server(world, who, server_id)
    world.put_server(
        replace(
            server,
            task_state="deleting",
            due_at=world.now + DELETE_SECONDS,
            updated_at=world.now,
        )
    )


def attach(world: World, server: ServerRecord, volume: VolumeRecord, device: str) -> None:
    """Attach a volume to a server."""
    attachment = AttachmentRecord(
        id=world.new_identifier("attachment"),
        server_id=server.id,
        host=server.host,
        device=device,
        attached_at=world.now,
    )
    attachments = (*volume.attachments, attachment)
    world.put_volume(
        replace(volume, status="in-use", attachments=attachments, updated_at=world.now)
    )


def detach(world: World, server_id: str, volume: VolumeRecord) -> None:
    """Take a volume from a server; without another it is available again."""
    left = tuple(item for item in volume.attachments if item.server_id != server_id)
    status = volume.status
    if not left and status in ("in-use", "reserved", "detaching"):
        status = "available"
    previous = "available" if volume.previous_status == "in-use" else volume.previous_status
    world.put_volume(
        replace(
            volume,
            status=status,
            previous_status=previous,
            attachments=left,
            updated_at=world.now,
        )
    )


def advance_servers(world: World) -> None:
    """Finish what is due at ``world.now``."""
    for server in world.changing_servers():
        if server.due_at is None or server.due_at > world.now:
            continue
        if server.task_state == "deleting":
            _remove(world, server)
        elif server.task_state == "spawning":
            _spawn(world, server)
        else:
            status = _AFTER.get(server.task_state or "", server.status)
            world.put_server(
                replace(server, status=status, task_state=None, due_at=None, updated_at=world.now)
            )


def _spawn(world: World, server: ServerRecord) -> None:
    volume = world.volumes.get(server.root_volume)
    done = replace(server, task_state=None, due_at=None, updated_at=world.now)
    if server.root_volume and volume is None:
        fault = _LOST.format(server.id, server.root_volume)
        world.put_server(replace(done, status="ERROR", fault=fault))
        return
    if volume is not None:
        attach(world, server, volume, server.root_device)
    world.put_server(replace(done, status="ACTIVE"))


def _remove(world: World, server: ServerRecord) -> None:
    for volume in world.attached(server.id):
        detach(world, server.id, volume)
    waiting = world.volumes.get(server.root_volume)
    if waiting is not None and waiting.status == "reserved":
        detach(world, server.id, waiting)
    world.drop_server(server.id)
