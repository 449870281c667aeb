"""Creating servers that boot from a volume (nova/api/openstack/compute/servers.py)."""

from typing import Any

from msgspec.structs import replace

from dcn_console.simulator import offers
from dcn_console.simulator.records import ServerRecord, SimulatedSite, VolumeRecord
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.tokens import Identity
from dcn_console.simulator.world import World

SPAWN_SECONDS = 4.0
_INVALID = "Block Device Mapping is Invalid: "
_NAME_LIMIT = 255


def create_server(world: World, who: Identity, body: Any, minor: int) -> ServerRecord:
    """Begin to build a server; raise Refusal 400."""
    asked = body.get("server") if isinstance(body, dict) else None
    if not isinstance(asked, dict):
        raise Refusal(400, "Invalid input for field/attribute server.")
    name = str(asked.get("name") or "")
    if not name or len(name) > _NAME_LIMIT:
        raise Refusal(400, f"Invalid input for field/attribute name. Value: {name}.")
    found = offers.flavor(world.deployment, str(asked.get("flavorRef")))
    if found is None:
        raise Refusal(400, f"Flavor {asked.get('flavorRef')} could not be found.")
    networks = _networks(world, asked.get("networks"), minor)
    key_name = _key(world, who, asked.get("key_name"))
    groups = _groups(world, who, asked.get("security_groups"))
    volume = _volume(world, who, asked)
    image_id = str(asked.get("imageRef") or "") or None
    if volume is None and image_id is None:
        raise Refusal(400, f"{_INVALID}Boot sequence for the instance and image/block device "
                      "mapping combination is not valid.")  # fmt: skip
    if image_id is not None and image_id not in world.images:
        raise Refusal(400, f"Can not find requested image {image_id}")
    site = _site(world, asked.get("availability_zone"), volume)
    server = ServerRecord(
        id=world.new_identifier("server"),
        name=name,
        project_id=who.project_id,
        user_id=who.user.id,
        availability_zone=site.availability_zone,
        host=f"compute-{site.name}-0",
        created_at=world.now,
        status="BUILD",
        flavor=found.name,
        image_id=None if volume is not None else image_id,
        task_state="spawning",
        due_at=world.now + SPAWN_SECONDS,
        updated_at=world.now,
        root_volume=volume.id if volume is not None else "",
        key_name=key_name,
        networks=networks,
        groups=groups,
        metadata={str(key): str(text) for key, text in (asked.get("metadata") or {}).items()},
    )
    if volume is not None:
        world.put_volume(replace(volume, status="reserved", updated_at=world.now))
    world.put_server(server)
    return server


def _networks(world: World, asked: object, minor: int) -> tuple[str, ...]:
    known = {item.id: item for item in offers.networks(world.deployment)}
    if asked == "none" and minor >= 37:
        return ()
    if asked in (None, "auto"):
        if minor >= 37 and asked is None:
            raise Refusal(400, "Invalid input for field/attribute server. 'networks' is a required "
                          "property")  # fmt: skip
        return ()
    if not isinstance(asked, list):
        raise Refusal(400, f"Invalid input for field/attribute networks. Value: {asked}.")
    wanted = [str(item.get("uuid")) for item in asked if isinstance(item, dict)]
    for identifier in wanted:
        if identifier not in known:
            raise Refusal(400, f"Network {identifier} could not be found.")
    return tuple(wanted)


def _key(world: World, who: Identity, asked: object) -> str | None:
    if not asked:
        return None
    if asked not in [item.name for item in offers.key_pairs(world.deployment, who.user)]:
        raise Refusal(400, "Invalid key_name provided.")
    return str(asked)


def _groups(world: World, who: Identity, asked: object) -> tuple[str, ...]:
    if not isinstance(asked, list) or not asked:
        return ("default",)
    own = [item for item in offers.groups(world.deployment) if item.project_id == who.project_id]
    wanted = [str(item.get("name")) for item in asked if isinstance(item, dict)]
    for name in wanted:
        if not any(name in (item.name, item.id) for item in own):
            raise Refusal(400, f"Security group {name} not found for project {who.project_id}.")
    return tuple(wanted)


def _volume(world: World, who: Identity, asked: dict[str, Any]) -> VolumeRecord | None:
    """The volume that the server shall boot from; raise Refusal 400."""
    mappings = asked.get("block_device_mapping_v2") or []
    root = next(
        (item for item in mappings if isinstance(item, dict) and item.get("boot_index") == 0), None
    )
    if root is None:
        return None
    if root.get("source_type") != "volume":
        raise Refusal(400, f"{_INVALID}the simulator boots from volumes only.")
    identifier = str(root.get("uuid"))
    volume = world.volumes.get(identifier)
    if volume is None or not (who.is_admin or volume.project_id == who.project_id):
        raise Refusal(400, f"{_INVALID}failed to get volume {identifier}.")
    if volume.status != "available":
        raise Refusal(
            400,
            f"{_INVALID}volume {identifier} status must be 'available' or 'in-use' with "
            f"multiattach. Currently in '{volume.status}'.",
        )
    if not volume.bootable:
        raise Refusal(400, f"Block Device {identifier} is not bootable.")
    return volume


def _site(world: World, asked: object, volume: VolumeRecord | None) -> SimulatedSite:
    """The site of a zone, with a host if one is named; raise Refusal 400.

    Without a zone a server goes where its volume is, as cross_az_attach is off.
    """
    home = world.deployment.site(volume.site) if volume is not None else None
    if not asked:
        return home or world.deployment.hub
    zone, _, host = str(asked).partition(":")
    site = world.deployment.site_of_zone(zone)
    if site is None or (host and host != f"compute-{site.name}-0"):
        raise Refusal(400, "The requested availability zone is not available")
    if volume is not None and home is not None and home != site:
        raise Refusal(
            400,
            "The availability zone between the server and its attached volumes do not match: "
            "Server and volumes are not in the same availability zone. Server is in: "
            f"{zone}. Volumes are in: {home.availability_zone}",
        )
    return site
