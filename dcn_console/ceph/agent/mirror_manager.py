# ruff: noqa: UP006, UP035, UP045 - the file must load in Python 3.6: no list[str], no str | None
"""What only the cluster's manager knows: rbd-mirror daemons, and schedules of mirror snapshots.

Without an active manager its answers never come, so the monitors are asked first whether there is
one. The protocol's client asks for these through an agent that serves nothing else.
"""

import json
from typing import Any, Dict, List, Optional

from .connection import Connection, json_object
from .failures import Failure
from .parameters import Parameters, Send, text

SERVICE = "rbd-mirror"
SCHEDULE = "rbd mirror snapshot schedule"
"""Commands of the manager's module (src/pybind/mgr/rbd_support/module.py)."""


def mirror_daemons(
    connection: Connection, parameters: Parameters, send: Send
) -> List[Dict[str, Any]]:
    """Answer the daemons that serve a pool, with what they complain of.

    The monitors tell the daemons even to those who may not ask the manager; who leads, and the
    complaints, then stay unknown, and so does which pools they serve.
    """
    pool = text(parameters, "pool")
    status = active_status(connection)
    services = (status.get("servicemap") or {}).get("services") or {}
    daemons = (services.get(SERVICE) or {}).get("daemons") or {}
    reports = service_reports(connection)
    answer = []
    for key, daemon in sorted(daemons.items()):
        if not isinstance(daemon, dict):
            continue
        said: Optional[Dict[str, Any]] = None
        if reports is not None:
            said = pool_report(reports.get(key), pool)
            if said is None:
                continue
        facts = daemon.get("metadata") or {}
        answer.append(
            {
                "name": str(facts.get("id") or key),
                "hostname": str(facts.get("hostname") or ""),
                "version": str(facts.get("ceph_version_short") or facts.get("ceph_version") or ""),
                "leader": bool((said or {}).get("leader")),
                "problems": complaints(said or {}),
            }
        )
    return answer


def mirror_schedules(
    connection: Connection, parameters: Parameters, send: Send
) -> List[Dict[str, Any]]:
    """Answer the schedules of a pool and of its RBD images."""
    pool = text(parameters, "pool")
    active_status(connection)
    command = {"prefix": f"{SCHEDULE} list", "level_spec": f"{pool}/"}
    levels = json_object(command["prefix"], connection.manager(command))
    answer = []
    for level in levels.values():
        image = level["name"].rpartition("/")[2]
        for schedule in level.get("schedule") or ():
            answer.append(
                {
                    "image": image or None,
                    "interval": str(schedule["interval"]),
                    "start_time": str(schedule.get("start_time") or ""),
                }
            )
    return answer


def mirror_schedule_add(
    connection: Connection, parameters: Parameters, send: Send
) -> Dict[str, Any]:
    """Add a schedule to a pool or an RBD image."""
    return change(connection, parameters, "add")


def mirror_schedule_remove(
    connection: Connection, parameters: Parameters, send: Send
) -> Dict[str, Any]:
    """Remove a schedule from a pool or an RBD image."""
    return change(connection, parameters, "remove")


def change(connection: Connection, parameters: Parameters, verb: str) -> Dict[str, Any]:
    """Change the schedules of the pool, or RBD image, of a request."""
    level = f"{text(parameters, 'pool')}/{text(parameters, 'name', '')}"
    active_status(connection)
    connection.manager(
        {
            "prefix": f"{SCHEDULE} {verb}",
            "level_spec": level,
            "interval": text(parameters, "interval"),
        }
    )
    return {}


def active_status(connection: Connection) -> Dict[str, Any]:
    """Return the cluster's status; raise Failure when no manager is active."""
    status: Dict[str, Any] = connection.monitor("status")
    if not (status.get("mgrmap") or {}).get("available", True):
        raise Failure("unreachable", "the cluster has no active manager (mgr)")
    return status


def service_reports(connection: Connection) -> Optional[Dict[str, Any]]:
    """Return what each daemon reports, by its key; None to a user who may not ask."""
    try:
        reports = connection.monitor("service status").get(SERVICE)
    except Failure as failure:
        if failure.kind != "permission":
            raise
        return None
    return reports if isinstance(reports, dict) else {}


def pool_report(report: Any, pool: str) -> Optional[Dict[str, Any]]:
    """Return what a daemon reports of a pool: its report holds a text of JSON, by pool id."""
    try:
        pools = json.loads(report["status"]["json"])
        found = [said for said in pools.values() if said.get("name") == pool]
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return found[0] if found else None


def complaints(said: Dict[str, Any]) -> List[str]:
    """Return the complaints in a daemon's report of a pool (tools/rbd_mirror/ServiceDaemon.cc)."""
    callouts = said.get("callouts") or {}
    return [
        f"{callout.get('level', 'info')}: {callout.get('text', '')}"
        for _, callout in sorted(callouts.items())
    ]
