# ruff: noqa: UP006, UP035, UP045 - the file must load in Python 3.6: no list[str], no str | None
"""Peers of pools: tokens made and used, names and removal.

``rbd mirror pool peer bootstrap import`` looks at a pool's first peer only: it refuses a pool that
another site merely receives from, and leaves the direction of a peer that it finds as it is
(librbd, api/Mirror.cc, ``create_bootstrap_peer``; both measured on 16.2.15). So a token is used
here step by step, with the same outcome.
"""

import base64
import binascii
import json
import struct
from typing import Any, Dict, List, NamedTuple, Optional

from .connection import DEFAULT_SECONDS, Connection, time_limits
from .failures import Failure, kind_of
from .mirror_status import DIRECTIONS, pool_uuid
from .parameters import Parameters, Send, choice, text

SENDS = DIRECTIONS["tx-only"]
BOTH = DIRECTIONS["rx-tx"]
MIRRORING_OBJECT = "rbd_mirroring"
"""Holds a pool's peers (cls/rbd, ``RBD_MIRRORING``)."""


class Token(NamedTuple):
    """What a bootstrap token holds (librbd, api/Mirror.cc, ``peer_bootstrap_create``)."""

    fsid: str
    client_id: str
    key: str
    mon_host: str

    def __repr__(self) -> str:
        return "Token()"


class Other(NamedTuple):
    """What a token's cluster calls itself, and its pool; ``mirror_uuid`` is "" until it has one."""

    site_name: str
    mirror_uuid: str


def mirror_peer_permission(
    connection: Connection, parameters: Parameters, send: Send
) -> Dict[str, Any]:
    """Answer {} to a user who may read users' keys: only such a one can make a token."""
    connection.monitor("auth get", entity=f"client.{connection.user}")
    return {}


def mirror_peer_token(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Answer a bootstrap token, which is a secret."""
    import rbd

    with connection.pool(parameters) as ioctx:
        return {"token": str(rbd.RBD().mirror_peer_bootstrap_create(ioctx))}


def mirror_peer_import(
    connection: Connection, parameters: Parameters, send: Send
) -> Dict[str, Any]:
    """Have a pool receive from the same pool of a token's cluster, which is connected to first."""
    import rbd

    direction = choice(parameters, "direction", DIRECTIONS)
    if direction == SENDS:
        raise Failure("invalid", "a token lets a pool receive, not send")
    token = token_of(text(parameters, "token"))
    if token.fsid == connection.handle.get_fsid():
        raise Failure("invalid", "the token is of this cluster itself")
    api = rbd.RBD()
    other = look_at_other(token, text(parameters, "pool"))
    if other.site_name == str(api.mirror_site_name_get(connection.handle)):
        raise Failure("invalid", f"both clusters call themselves {other.site_name}")
    with connection.pool(parameters) as ioctx:
        admit(ioctx, token, other, direction)
    return {}


def mirror_peer_rename(
    connection: Connection, parameters: Parameters, send: Send
) -> Dict[str, Any]:
    """Give a peer of a pool another name."""
    import rbd

    with connection.pool(parameters) as ioctx:
        rbd.RBD().mirror_peer_set_name(ioctx, text(parameters, "uuid"), text(parameters, "name"))
    return {}


def mirror_peer_remove(
    connection: Connection, parameters: Parameters, send: Send
) -> Dict[str, Any]:
    """Forget a peer of a pool."""
    import rbd

    with connection.pool(parameters) as ioctx:
        rbd.RBD().mirror_peer_remove(ioctx, text(parameters, "uuid"))
    return {}


def token_of(encoded: str) -> Token:
    """Return what a bootstrap token holds; raise Failure, which does not hold it."""
    try:
        content = json.loads(base64.b64decode(encoded.encode("ascii"), validate=True).decode())
        values = [content[name] for name in Token._fields]
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise Failure("invalid", "this is no bootstrap token") from None
    if not all(isinstance(value, str) and value for value in values):
        raise Failure("invalid", "this is no bootstrap token")
    return Token(*values)


def look_at_other(token: Token, pool: str) -> Other:
    """Connect to the cluster of a token, as rbd-mirror will; raise Failure."""
    import rados
    import rbd

    options = {
        **time_limits(DEFAULT_SECONDS),
        "mon_host": token.mon_host,
        "key": token.key,
        "admin_socket": "",
        "log_file": "",
    }
    handle = rados.Rados(rados_id=token.client_id, conf=options)
    try:
        try:
            handle.connect()
        except rados.Error as error:
            message = f"connecting to the peer's cluster: {error}"
            raise Failure(kind_of(error), message) from None
        if str(handle.get_fsid()) != token.fsid:
            raise Failure("invalid", "another cluster answers at the peer's addresses")
        try:
            ioctx = handle.open_ioctx(pool)
        except rados.ObjectNotFound:
            raise Failure("invalid", f"the peer's cluster has no pool {pool}") from None
        api = rbd.RBD()
        with ioctx:
            if api.mirror_mode_get(ioctx) == 0:
                raise Failure("invalid", "mirroring of the peer's pool is switched off")
            return Other(str(api.mirror_site_name_get(handle)), pool_uuid(api, ioctx))
    finally:
        handle.shutdown()


def admit(ioctx: Any, token: Token, other: Other, direction: int) -> None:
    """Have a pool receive from ``other``, all of it before the peer's direction tells the daemon.

    A peer just added is taken away again when its addresses and key cannot be kept.
    """
    import rbd

    api = rbd.RBD()
    peers = list(api.mirror_peer_list(ioctx))
    known = known_peer(peers, token, other)
    if any(peer["direction"] != SENDS for peer in peers if peer is not known):
        raise Failure("invalid", "the pool receives from a peer already, and can from one only")
    client = f"client.{token.client_id}"
    attributes = {"mon_host": token.mon_host, "key": token.key}
    if known is None:
        uuid = str(api.mirror_peer_add(ioctx, other.site_name, client, direction))
        try:
            api.mirror_peer_set_attributes(ioctx, uuid, attributes)
        except rbd.Error:
            api.mirror_peer_remove(ioctx, uuid)
            raise
        return
    uuid = known["uuid"]
    api.mirror_peer_set_attributes(ioctx, uuid, attributes)
    if known["site_name"] != other.site_name:
        api.mirror_peer_set_name(ioctx, uuid, other.site_name)
    if known["client_name"] != client:
        api.mirror_peer_set_client(ioctx, uuid, client)
    if known["direction"] not in (direction, BOTH):
        set_direction(ioctx, uuid, BOTH)


def known_peer(peers: List[Dict[str, Any]], token: Token, other: Other) -> Optional[Dict[str, Any]]:
    """Return the peer that is the cluster of a token, by its pool's uuid or by its names."""
    tests = (
        lambda peer: other.mirror_uuid and peer["mirror_uuid"] == other.mirror_uuid,
        lambda peer: peer["site_name"] in (other.site_name, token.fsid),
    )
    return next((peer for fits in tests for peer in peers if fits(peer)), None)


def set_direction(ioctx: Any, uuid: str, direction: int) -> None:
    """Change a peer's direction, which the binding of 16.2 cannot.

    Source: cls/rbd/cls_rbd_client.cc, ``mirror_peer_set_direction``: the uuid as Ceph encodes a
    string, then one byte.
    """
    encoded = uuid.encode("ascii")
    data = struct.pack("<I", len(encoded)) + encoded + struct.pack("<B", direction)
    ioctx.execute(MIRRORING_OBJECT, "rbd", "mirror_peer_set_direction", data)
