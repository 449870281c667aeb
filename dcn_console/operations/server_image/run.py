"""An image of a server: stopped for the snapshot if that was agreed to, and started at once."""

from collections.abc import Awaitable, Callable
from functools import partial

from msgspec.structs import replace

from dcn_console.model.errors import DcnError, UsageError
from dcn_console.model.tasks import Target
from dcn_console.operations.base import TargetContext
from dcn_console.operations.mirror_steps.resolute import Resolute
from dcn_console.operations.mirror_steps.servers import start_servers, stop_servers
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import DONE, REFUSED, target_of
from dcn_console.operations.results import StepResult
from dcn_console.operations.server_image.names import START_STEP, STOP_STEP, Parameters
from dcn_console.operations.server_image.own_disk import own_disk_image
from dcn_console.operations.upload_volume.run import upload


async def image_of(context: TargetContext) -> Target:
    """Make the image of the task."""
    parameters = parameters_of(context.task.plan, Parameters)
    if not parameters.stop:
        return target_of(context, await _make(context, parameters))
    servers = (parameters.server_id,)
    stopped = await context.step(STOP_STEP, partial(stop_servers, context, servers))
    if stopped.outcome != DONE:
        return target_of(context, await _with_start(context, servers, stopped))
    started: list[StepResult] = []

    async def start() -> None:
        started.append(await _start(context, servers))

    try:
        result = await _make(context, parameters, start)
    except DcnError:
        if not started:
            await start()
        raise
    if started[0].outcome != DONE:
        text = f"{result.text}; the server is not started again: {started[0].text}"
        outcome = REFUSED if result.outcome == DONE else result.outcome
        result = replace(result, outcome=outcome, text=text)
    return target_of(context, result)


async def _make(
    context: TargetContext,
    parameters: Parameters,
    free: Callable[[], Awaitable[None]] | None = None,
) -> StepResult:
    """Make the image; ``free`` is called once the server's disk is not needed any more."""
    if parameters.upload is not None:
        return await upload(context, parameters.upload, free)
    if parameters.own_disk is not None:
        return await own_disk_image(context, parameters.server_id, parameters.own_disk, free)
    raise UsageError("The task does not say what its image is made of.")


async def _start(context: TargetContext, servers: tuple[str, ...]) -> StepResult:
    """Start the servers, also when the task was cancelled."""
    firm = Resolute(context, "the server is being started again")
    return await context.step(START_STEP, partial(start_servers, firm, servers))


async def _with_start(
    context: TargetContext, servers: tuple[str, ...], stopped: StepResult
) -> StepResult:
    """Start what may be stopped in spite of the failure, and say how it stands."""
    started = await _start(context, servers)
    return replace(stopped, text=f"{stopped.text}; {started.text}")
