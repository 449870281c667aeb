# ruff: noqa: UP006, UP035 - the file must load in Python 3.6: no list[str], no str | None
"""Health and capacity of the cluster."""

from typing import Any, Dict, List

from .connection import Connection
from .parameters import Parameters, Send

PROBE_OBJECTS = ("rbd_directory", "rbd_info", *(f"dcn-console-probe.{n}" for n in range(6)))
"""Objects whose existence is asked for: their names fall into several placement groups."""


def status(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Answer health and capacity, in bytes (``ceph status`` and ``ceph df detail``).

    What a pool's quota leaves counts as available, where that is less.
    """
    health = connection.monitor("status").get("health") or {}
    usage = connection.monitor("df", detail="detail")
    stats = usage.get("stats") or {}
    sizes = {}
    for pool in usage.get("pools") or ():
        numbers = pool.get("stats") or {}
        used = numbers.get("stored", numbers.get("bytes_used", 0))
        available, quota = numbers.get("max_avail", 0), numbers.get("quota_bytes", 0)
        if quota:
            available = min(available, max(0, quota - used))
        sizes[pool["name"]] = {"used": used, "available": available}
    checks = health.get("checks") or {}
    return {
        "fsid": str(connection.handle.get_fsid()),
        "health": health.get("status"),
        "warnings": [check["summary"]["message"] for _, check in sorted(checks.items())],
        "total": stats.get("total_bytes", 0),
        "used": stats.get("total_used_raw_bytes", stats.get("total_used_bytes", 0)),
        "available": stats.get("total_avail_bytes", 0),
        "pools": sizes,
    }


def pools(connection: Connection, parameters: Parameters, send: Send) -> List[str]:
    """Answer the names of all pools."""
    return sorted(connection.handle.list_pools())


def probe(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Make the OSDs of a pool answer, without writing: ask for a few objects."""
    import rados

    with connection.pool(parameters) as ioctx:
        for name in PROBE_OBJECTS:
            try:
                ioctx.stat(name)
            except rados.ObjectNotFound:
                continue
    return {}
