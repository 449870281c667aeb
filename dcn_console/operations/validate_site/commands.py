"""What one would type for the same effect; what is only known later is in capitals."""

import shlex

from dcn_console.inventory.services import Services
from dcn_console.operations.backups.checks import FROM_BACKUP, TO_ANOTHER_ZONE
from dcn_console.operations.validate_site.names import BACKUP, RESTORE, SERVER
from dcn_console.operations.validate_site.parameters import Parameters


def equivalent_commands(services: Services, parameters: Parameters) -> tuple[str, ...]:
    """Return the commands of the guide's appendix for this edge."""
    topology = services.topology
    edge, hub = topology.site(parameters.site), topology.site(parameters.hub)
    image = parameters.image_id or "IMAGE"
    file = parameters.image_path or "FILE"
    commands = []
    if not parameters.image_id:
        commands.append(
            ["glance", "image-create", "--disk-format", "raw", "--container-format", "bare",
             "--name", "IMAGE", "--file", file, "--store", hub.store or ""]
        )  # fmt: skip
    commands += [
        ["glance", "image-import", image, "--import-method", "copy-image",
         "--stores", edge.store or ""],
        ["openstack", "volume", "create", "--availability-zone", edge.availability_zone or "",
         "--size", str(parameters.volume_bytes >> 30), "--image", image, "VOLUME"],
    ]  # fmt: skip
    server = SERVER not in parameters.skipped
    if server:
        commands += [
            ["openstack", "server", "create", "--volume", "VOLUME", "--flavor",
             parameters.flavor or "FLAVOR", "--availability-zone", edge.availability_zone or "",
             "--network", parameters.network or "none", "SERVER"],
            ["openstack", "server", "stop", "SERVER"],
        ]  # fmt: skip
    commands.append(
        ["openstack", "volume", "snapshot", "create", "--force", "--volume", "VOLUME", "SNAPSHOT"]
    )
    if server:
        commands.append(["openstack", "server", "start", "SERVER"])
    commands += [
        ["openstack", "image", "create", "--volume", "VOLUME", "--disk-format", "raw", "IMAGE2"],
        ["glance", "image-import", "IMAGE2", "--import-method", "copy-image",
         "--stores", hub.store or ""],
    ]  # fmt: skip
    if BACKUP not in parameters.skipped:
        commands.append(
            ["cinder", "--os-volume-api-version", TO_ANOTHER_ZONE, "backup-create", "--force",
             "--availability-zone", hub.availability_zone or "", "VOLUME"]
        )  # fmt: skip
    if RESTORE not in parameters.skipped and parameters.second_site:
        second = topology.site(parameters.second_site)
        commands.append(
            ["cinder", "--os-volume-api-version", FROM_BACKUP, "create", "--backup-id", "BACKUP",
             "--availability-zone", second.availability_zone or "", "--name", "RESTORED"]
        )  # fmt: skip
    return tuple(shlex.join(words) for words in commands)
