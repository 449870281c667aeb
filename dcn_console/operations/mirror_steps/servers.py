"""Servers that use a volume: stopped before it is demoted, started where that can work.

A server uses the RBD image of its own site's cluster, whatever is primary: it can only run
while that side is.
"""

from collections.abc import Sequence

from dcn_console.model.errors import HttpError, ObjectNotFound, UsageError
from dcn_console.model.text import printable
from dcn_console.operations.base import TargetContext
from dcn_console.operations.mirror_steps.watching import watch
from dcn_console.operations.patience import CANCELLED, DONE, REFUSED
from dcn_console.operations.results import StepResult

STOPPED = "SHUTOFF"
RUNNING = "ACTIVE"
LETS_GO = frozenset({STOPPED, "SHELVED_OFFLOADED", "DELETED", "SOFT_DELETED"})
"""Statuses of a server that has no volume open (Compute API guide: Server concepts)."""
STOP_SECONDS = 600.0
"""A guest may take long to shut down."""
_CONFLICT = 409


async def stop_servers(context: TargetContext, servers: Sequence[str]) -> StepResult:
    """Stop the servers and wait until they are; what was asked to stop is waited for."""
    asked = False
    names: dict[str, str] = {}

    async def look() -> StepResult | str:
        nonlocal asked
        for server_id in servers:
            waiting = await _bring_to(context, server_id, STOPPED, names)
            if waiting is not None:
                asked = isinstance(waiting, str)
                return waiting
        return StepResult(outcome=DONE, text=f"{_all(names)} stopped")

    return await watch(
        context,
        look,
        cancelled="nothing was changed but the server's state",
        heed=lambda: not asked,
        deadline=STOP_SECONDS,
        way_out="Nothing else was changed. Stop the server yourself, and try again.",
    )


async def start_servers(context: TargetContext, servers: Sequence[str]) -> StepResult:
    """Start the servers and wait until they run."""
    names: dict[str, str] = {}

    async def look() -> StepResult | str:
        for server_id in servers:
            waiting = await _bring_to(context, server_id, RUNNING, names)
            if waiting is not None:
                return waiting
        return StepResult(outcome=DONE, text=f"{_all(names)} started")

    return await watch(
        context,
        look,
        cancelled="",
        lost=STOP_SECONDS,
        deadline=STOP_SECONDS,
        way_out="Start the server yourself: openstack server start ID",
    )


async def _bring_to(
    context: TargetContext, server_id: str, wanted: str, names: dict[str, str]
) -> StepResult | str | None:
    """Ask once a look for what is missing; None when the server is as wanted.

    What people call the server goes into ``names``, by its id.
    """
    nova = context.services.nova
    if nova is None:
        raise UsageError("There is no compute service in the catalogue any more.")
    try:
        server = await nova.server(server_id)
    except ObjectNotFound:
        gone = f"server {printable(server_id, 60)} does not exist any more"
        return StepResult(outcome=REFUSED, text=gone)
    name = names[server_id] = printable(server.label, 60)
    if server.status == wanted or (wanted == STOPPED and server.status in LETS_GO):
        return None
    if server.status == "ERROR":
        return StepResult(outcome=REFUSED, text=f"server {name} is in ERROR")
    verb = "stops" if wanted == STOPPED else "starts"
    try:
        if wanted == STOPPED and server.status == RUNNING:
            if context.cancelled():
                return StepResult(outcome=CANCELLED, text="nothing was changed")
            await nova.stop(server_id)
        elif wanted == RUNNING and server.status == STOPPED:
            await nova.start(server_id)
    except HttpError as error:
        if error.status != _CONFLICT:
            return StepResult(outcome=REFUSED, text=str(error))
    return f"server {name} {verb} ({printable(server.status or 'no status', 40)})"


def _all(names: dict[str, str]) -> str:
    return f"{'server' if len(names) == 1 else 'servers'} {', '.join(names.values())}"
