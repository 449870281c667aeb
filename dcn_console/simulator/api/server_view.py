"""How Nova shows servers (nova/api/openstack/compute/views/servers.py)."""

from typing import Any

from dcn_console.simulator import offers
from dcn_console.simulator.deployment import Deployment
from dcn_console.simulator.records import ServerRecord
from dcn_console.simulator.servers import VM_STATES
from dcn_console.simulator.times import zulu
from dcn_console.simulator.tokens import Identity
from dcn_console.simulator.world import World

_POWER_STATES = {"ACTIVE": 1, "SHUTOFF": 4}
"""RUNNING and SHUTDOWN (nova/compute/power_state.py)."""
_FLAVOR_INSIDE_MINOR = 47
"""Since when a server holds its flavor instead of the flavor's id."""


def server_view(world: World, server: ServerRecord, who: Identity, minor: int) -> dict[str, Any]:
    """Return a server in detail."""
    deployment = world.deployment
    is_running = server.status in ("ACTIVE", "SHUTOFF")
    view: dict[str, Any] = {
        "id": server.id,
        "name": server.name,
        "status": server.status,
        "tenant_id": server.project_id,
        "user_id": server.user_id,
        "metadata": server.metadata,
        "hostId": "",
        "image": {"id": server.image_id, "links": []} if server.image_id else "",
        "flavor": _flavor(deployment, server.flavor, minor),
        "created": zulu(server.created_at),
        "updated": zulu(server.updated_at or server.created_at),
        "addresses": _addresses(deployment, server),
        "accessIPv4": "",
        "accessIPv6": "",
        "links": [],
        "progress": 0,
        "config_drive": "",
        "key_name": server.key_name,
        "security_groups": [{"name": name} for name in server.groups or ("default",)],
        "OS-DCF:diskConfig": "MANUAL",
        "OS-EXT-AZ:availability_zone": server.availability_zone,
        "OS-EXT-STS:task_state": server.task_state,
        "OS-EXT-STS:vm_state": VM_STATES.get(server.status, "error"),
        "OS-EXT-STS:power_state": _POWER_STATES.get(server.status, 0),
        "OS-SRV-USG:launched_at": zulu(server.created_at) if is_running else None,
        "OS-SRV-USG:terminated_at": None,
        "os-extended-volumes:volumes_attached": [
            {"id": volume.id, "delete_on_termination": False}
            for volume in world.attached(server.id)
        ],
    }
    if server.fault:
        view["fault"] = {
            "code": 500,
            "created": zulu(server.updated_at),
            "message": server.fault,
        }
    if who.is_admin:
        view |= {
            "OS-EXT-SRV-ATTR:host": server.host,
            "OS-EXT-SRV-ATTR:hypervisor_hostname": server.host,
            "OS-EXT-SRV-ATTR:instance_name": f"instance-{server.id[:8]}",
        }
        if minor >= 3:
            view["OS-EXT-SRV-ATTR:root_device_name"] = server.root_device
    return view | _newer(server, minor)


def _newer(server: ServerRecord, minor: int) -> dict[str, Any]:
    """What newer microversions show in a server (Compute API microversion history)."""
    added: list[tuple[int, str, Any]] = [
        (9, "locked", False),
        (19, "description", None),
        (26, "tags", []),
        (63, "trusted_image_certificates", None),
        (71, "server_groups", []),
        (73, "locked_reason", None),
        (96, "pinned_availability_zone", server.availability_zone),
        (100, "scheduler_hints", {}),
    ]
    if server.image_id:
        added.append((98, "image", {"id": server.image_id, "links": [], "properties": {}}))
    return {key: value for since, key, value in added if minor >= since}


def _flavor(deployment: Deployment, name: str, minor: int) -> dict[str, Any]:
    flavor = offers.flavor(deployment, name)
    if flavor is None:
        return {"original_name": name} if minor >= _FLAVOR_INSIDE_MINOR else {"id": name}
    if minor < _FLAVOR_INSIDE_MINOR:
        return {"id": flavor.id, "links": []}
    return {
        "original_name": flavor.name,
        "vcpus": flavor.cores,
        "ram": flavor.memory,
        "disk": flavor.disk,
        "ephemeral": 0,
        "swap": 0,
        "extra_specs": {},
    }


def _addresses(deployment: Deployment, server: ServerRecord) -> dict[str, Any]:
    known = {item.id: item.name for item in offers.networks(deployment)}
    number = int(server.id[-2:], 16)
    return {
        known[identifier]: [
            {
                "version": 4,
                "addr": f"192.0.2.{number}",
                "OS-EXT-IPS:type": "fixed",
                "OS-EXT-IPS-MAC:mac_addr": f"fa:16:3e:00:00:{number:02x}",
            }
        ]
        for identifier in server.networks
        if identifier in known
    }
