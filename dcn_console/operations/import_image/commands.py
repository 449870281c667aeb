"""What one would type for the same effect."""

import shlex
from collections.abc import Sequence

from dcn_console.model.sites import Site
from dcn_console.operations.import_image.parameters import Parameters
from dcn_console.operations.import_image.source import QEMU_NAMES


def equivalent_commands(parameters: Parameters, edges: Sequence[Site]) -> tuple[str, ...]:
    """Return the commands that import the image and copy it on."""
    commands = []
    container = ["--container-format", "bare", "--disk-format", parameters.disk_format]
    if parameters.file is not None:
        path = parameters.file.path
        if parameters.convert:
            source = QEMU_NAMES.get(parameters.source_format, parameters.source_format)
            words = ["qemu-img", "convert", "-p", "-f", source, "-O", "raw", path, "disk.raw"]
            commands.append(shlex.join(words))
            path = "disk.raw"
        words = ["openstack", "image", "create", f"--{parameters.visibility}", *container]
        commands.append(shlex.join([*words, "--file", path, parameters.name]))
    else:
        words = ["glance", "image-create-via-import", "--import-method", "web-download"]
        words += ["--uri", parameters.url, "--stores", parameters.store, *container]
        words += ["--visibility", parameters.visibility, "--name", parameters.name]
        commands.append(shlex.join(words))
    if edges:
        stores = ",".join(site.store for site in edges if site.store)
        words = ["glance", "image-import", "--import-method", "copy-image", "--stores", stores]
        commands.append(shlex.join([*words, "--allow-failure", "True"]) + " IMAGE")
    return tuple(commands)
