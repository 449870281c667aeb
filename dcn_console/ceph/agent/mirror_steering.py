# ruff: noqa: UP006, UP035 - the file must load in Python 3.6: no list[str], no str | None
"""Changes of mirroring: of RBD images and pools. librbd's reasons for refusing are told."""

import contextlib
from typing import Any, Dict, Iterator

from .connection import Connection
from .failures import Failure, kind_of
from .mirror_status import IMAGE_MODES, POOL_MODES
from .opening import open_to_change, parent_of
from .parameters import Parameters, Send, choice, flag, text


def mirror_enable(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Enable mirroring of an RBD image; the parameter mode is "journal" or "snapshot"."""
    mode = choice(parameters, "mode", IMAGE_MODES)
    with changing(connection, parameters) as image, told(image, unfit_to_enable):
        image.mirror_image_enable(mode)
    return {}


def mirror_disable(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Disable mirroring of an RBD image, with force where it is not primary."""
    force = flag(parameters, "force")
    with changing(connection, parameters) as image, told(image, not_primary):
        image.mirror_image_disable(force)
    return {}


def mirror_promote(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Promote an RBD image; with force while another cluster has the primary."""
    force = flag(parameters, "force")
    with changing(connection, parameters) as image, told(image, unfit_to_promote):
        image.mirror_image_promote(force)
    return {}


def mirror_demote(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Demote an RBD image."""
    with changing(connection, parameters) as image, told(image, not_primary):
        image.mirror_image_demote()
    return {}


def mirror_resync(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Ask this cluster's daemon to copy an RBD image afresh, if it is still the one meant."""
    wanted = text(parameters, "id")
    with changing(connection, parameters) as image, told(image, primary):
        if image.id() != wanted:
            raise Failure("not-found", "another RBD image has its name by now")
        image.mirror_image_resync()
    return {}


def mirror_snapshot(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Take a mirror snapshot; answer its id."""
    with changing(connection, parameters) as image, told(image, unfit_for_snapshot):
        return {"id": int(image.mirror_image_create_snapshot())}


def mirror_pool_mode(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Set which RBD images of a pool are mirrored."""
    import rbd

    mode = choice(parameters, "mode", POOL_MODES)
    with connection.pool(parameters) as ioctx:
        rbd.RBD().mirror_mode_set(ioctx, mode)
    return {}


def mirror_site_name(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Set what the cluster calls itself."""
    import rbd

    rbd.RBD().mirror_site_name_set(connection.handle, text(parameters, "name"))
    return {}


@contextlib.contextmanager
def changing(connection: Connection, parameters: Parameters) -> Iterator[Any]:
    """Open the RBD image of a request for changes."""
    name = text(parameters, "name")
    with connection.pool(parameters) as ioctx, open_to_change(ioctx, name) as image:
        yield image


@contextlib.contextmanager
def told(image: Any, reason: Any) -> Iterator[None]:
    """Put into words what librbd refuses: it tells its reasons only to its log."""
    import rbd

    try:
        yield
    except (rbd.InvalidArgument, rbd.ImageBusy, rbd.ReadOnlyImage) as error:
        words = reason(image, error)
        raise Failure(kind_of(error), f"{words} ({error})" if words else str(error)) from error


def unfit_to_enable(image: Any, error: Exception) -> str:
    """Return why an RBD image cannot be mirrored (librbd, api/Mirror.cc, ``image_enable``)."""
    import rbd

    parent = parent_of(image)
    if parent is not None:
        name = "{pool}/{image}@{snapshot}".format(**parent)
        return f"mirroring is not enabled for the parent: it is a clone of {name}"
    if image.mirror_image_get_info()["state"] == rbd.RBD_MIRROR_IMAGE_ENABLED:
        return "it is mirrored already, in the other mode"
    return "the pool's mirroring mode is not image"


def unfit_to_promote(image: Any, error: Exception) -> str:
    """Return why an RBD image cannot be promoted (librbd, mirror/PromoteRequest.cc)."""
    import rbd

    if isinstance(error, rbd.ImageBusy):
        return "it is primary at a peer, or the demotion there has not arrived here yet"
    if isinstance(error, rbd.ReadOnlyImage):
        return "a daemon here still replays it"
    return primary(image, error)


def unfit_for_snapshot(image: Any, error: Exception) -> str:
    """Return why there is no mirror snapshot (librbd, api/Mirror.cc)."""
    import rbd

    if image.mirror_image_get_info()["state"] != rbd.RBD_MIRROR_IMAGE_ENABLED:
        return "it is not mirrored"
    if image.mirror_image_get_mode() != IMAGE_MODES["snapshot"]:
        return "it is mirrored in journal mode"
    return not_primary(image, error)


def not_primary(image: Any, error: Exception) -> str:
    """Say that an RBD image is not primary, if so."""
    return "" if image.mirror_image_get_info().get("primary") else "it is not primary here"


def primary(image: Any, error: Exception) -> str:
    """Say that an RBD image is primary, if so."""
    return "it is primary here" if image.mirror_image_get_info().get("primary") else ""
