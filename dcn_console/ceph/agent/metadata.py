# ruff: noqa: UP006, UP035 - the file must load in Python 3.6: no list[str], no str | None
"""Notes of our own kept with an RBD image, in its metadata. Ceph mirrors them with it."""

from typing import Any, Dict

from .connection import Connection
from .failures import Failure
from .opening import open_image, open_to_change
from .parameters import Parameters, Send, text

OWN_KEY = "dcn-console."
"""librbd gives other keys a meaning of its own: "conf_rbd_cache" is configuration."""


def metadata_get(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Answer the value of a key, null without one."""
    name, key = text(parameters, "name"), text(parameters, "key")
    with connection.pool(parameters) as ioctx, open_image(ioctx, name) as image:
        return {"value": dict(image.metadata_list()).get(key)}


def metadata_set(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Set a key of our own."""
    name, key, value = text(parameters, "name"), own_key(parameters), text(parameters, "value")
    with connection.pool(parameters) as ioctx, open_to_change(ioctx, name) as image:
        image.metadata_set(key, value)
    return {}


def metadata_remove(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Remove a key of our own, if it is there."""
    name, key = text(parameters, "name"), own_key(parameters)
    with connection.pool(parameters) as ioctx, open_to_change(ioctx, name) as image:
        if key in dict(image.metadata_list()):
            image.metadata_remove(key)
    return {}


def own_key(parameters: Parameters) -> str:
    """Return the key of a request; raises Failure for one that is not ours."""
    key = text(parameters, "key")
    if not key.startswith(OWN_KEY):
        raise Failure("invalid", f"the key does not begin with {OWN_KEY}, so it is not ours")
    return key
