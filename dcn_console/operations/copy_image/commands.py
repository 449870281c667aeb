"""What one would type for the same effect."""

import shlex
from collections.abc import Sequence

from dcn_console.model.inventory import Image
from dcn_console.model.sites import Site


def equivalent_commands(image: Image, sites: Sequence[Site]) -> tuple[str, ...]:
    """Return the commands that copy ``image`` to ``sites`` and look at the result."""
    stores = ",".join(site.store for site in sites if site.store)
    commands = [
        f"glance image-import --import-method copy-image --stores {shlex.quote(stores)}"
        f" --allow-failure True {image.id}",
        f"glance image-tasks {image.id}",
        f"glance image-show {image.id}",
    ]
    for site in sites:
        if site.cluster is not None and site.cluster.conf:
            pool = shlex.quote(f"{site.cluster.images_pool}/{image.id}@snap")
            user = shlex.quote(site.cluster.user)
            commands.append(f"rbd --conf {shlex.quote(site.cluster.conf)} --id {user} info {pool}")
    return tuple(commands)
