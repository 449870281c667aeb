"""Deleting one server, and seeing its volumes come free."""

from functools import partial

from msgspec.structs import replace

from dcn_console.model.errors import HttpError, ObjectNotFound, ServiceUnreachable
from dcn_console.model.tasks import Target, TargetState
from dcn_console.model.text import printable
from dcn_console.operations.base import TargetContext
from dcn_console.operations.cinder_waiting import until_answered
from dcn_console.operations.delete_servers.plan import DELETE_STEP, VOLUMES_STEP, Parameters
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import CANCELLED, DONE, REFUSED, target_of
from dcn_console.operations.results import StepResult
from dcn_console.operations.servers.releasing import released
from dcn_console.operations.servers.where import nova_of

ASKS = 3
_GONE = frozenset({"DELETED", "SOFT_DELETED"})
_CONFLICT = 409


async def delete_at(context: TargetContext) -> Target:
    """Delete the server of the task."""
    parameters = parameters_of(context.task.plan, Parameters)
    result = await context.step(
        DELETE_STEP, partial(delete_server, context, parameters.server_id, parameters.label)
    )
    if result.outcome == DONE and parameters.staying and result.data.get("reclaimed", True):
        result = await context.step(VOLUMES_STEP, partial(_volumes, context, parameters))
    return target_of(context, result)


async def delete_server(context: TargetContext, server_id: str, label: str) -> StepResult:
    """Delete a server and wait until it is gone; DONE, REFUSED or CANCELLED."""
    nova = nova_of(context.services)
    asks = 0

    async def look() -> StepResult | None:
        nonlocal asks
        try:
            server = await nova.server(server_id)
        except ObjectNotFound:
            return StepResult(outcome=DONE, text=f"server “{label}” is gone")
        if server.status in _GONE:
            return StepResult(
                outcome=DONE,
                text=f"server “{label}” is {server.status}; Nova frees its volumes when it "
                "reclaims it",
                data={"reclaimed": False},
            )
        if server.task_state == "deleting":
            context.show(TargetState.RUNNING, f"Nova deletes server “{label}”")
            return None
        if not asks and context.cancelled():
            return StepResult(outcome=CANCELLED, text="cancelled before it was deleted")
        if asks >= ASKS and server.status == "ERROR":
            fault = printable(server.fault or "it does not say why", 300)
            return StepResult(outcome=REFUSED, text=f"Nova did not delete “{label}”: {fault}")
        asks += 1
        try:
            await nova.delete(server_id)
        except ServiceUnreachable as error:
            context.log(f"{error.message} Looking whether it is deleted all the same.")
        except HttpError as error:
            if error.status != _CONFLICT:
                raise
            context.show(TargetState.WAITING, error.message)
        return None

    return await until_answered(
        context,
        look,
        cancelled="stopped watching; Nova may go on deleting it",
        at_least_once=True,
    )


async def _volumes(context: TargetContext, parameters: Parameters) -> StepResult:
    """Wait until no volume that stays is attached to the server any more."""
    gone = f"server “{parameters.label}” is gone"
    result = await released(
        context, parameters.server_id, parameters.staying, cancelled="the server is deleted"
    )
    if result.outcome == REFUSED:
        return replace(result, text=f"{gone}, but {result.text}")
    if result.outcome != DONE:
        return result
    number = len(parameters.staying)
    free = "its volume came free" if number == 1 else f"its {number} volumes came free"
    return replace(result, text=f"{gone}, {free}")
