"""What tests of the lab do with its cloud, through openstacksdk's session."""

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import openstack
from dcn_lab.execution import wait_until
from dcn_lab.lab import Lab, LabSite
from openstack.config import OpenStackConfig

WAIT_SECONDS = 600
"""Nothing here takes as long, on the busiest machine."""


def connect(lab: Lab, cloud: str) -> Any:
    """Return a connection with the credentials of an entry of the lab's clouds.yaml."""
    config = OpenStackConfig(config_files=[str(lab.clouds_yaml)], load_envvars=False)
    return openstack.connection.Connection(config=config.get_one(cloud=cloud))


def wait_for(lab: Lab, what: str, condition: Callable[[], bool]) -> None:
    """Wait for what Glance or Cinder do; raise LabError with the end of Glance's log."""
    logs = (lab.log_folder / "glance-api.log",)
    wait_until(what, condition, seconds=WAIT_SECONDS, logs=logs)


def shown_image(connection: Any, identity: str) -> dict[str, Any]:
    """Return an image as the Image API shows it."""
    body: dict[str, Any] = connection.image.get(f"/images/{identity}").json()
    return body


def stores_of(connection: Any, identity: str) -> set[str]:
    """Return the ids of the stores that have a copy of an image."""
    return set(shown_image(connection, identity).get("stores", "").split(","))


def is_locked(connection: Any, identity: str) -> bool:
    """Tell whether an import still holds an image: that is so a moment longer than it copies."""
    return bool(shown_image(connection, identity).get("os_glance_import_task"))


def copy_image(lab: Lab, connection: Any, identity: str, sites: tuple[LabSite, ...]) -> None:
    """Copy an image to the stores of `sites` that lack it, and wait for it."""
    wanted = {site.store for site in sites}
    missing = sorted(wanted - stores_of(connection, identity))
    if missing:
        answer = connection.image.post(
            f"/images/{identity}/import",
            json={"method": {"name": "copy-image"}, "stores": missing},
        )
        assert answer.status_code == 202, answer.text
        wait_for(lab, "copies", lambda: wanted <= stores_of(connection, identity))
        wait_for(lab, "Glance's lock", lambda: not is_locked(connection, identity))


def delete_image(lab: Lab, connection: Any, identity: str) -> None:
    """Delete an image as soon as Glance lets it go, and wait until it is gone."""

    def is_gone() -> bool:
        connection.image.delete(f"/images/{identity}")
        answer = connection.image.get(f"/images/{identity}", raise_exc=False)
        return bool(answer.status_code == 404)

    wait_for(lab, f"the end of image {identity}", is_gone)


@contextmanager
def web_server(folder: Path, port: int) -> Iterator[str]:
    """Serve the files of `folder` on the loopback and yield the address."""
    handler = partial(_QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.shutdown()
            thread.join()


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files without a line on stderr for each."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""
