"""A fail back step by step: give up and copy anew, then relocate."""

from functools import partial

import msgspec

from dcn_console.model.tasks import Target
from dcn_console.operations.base import TargetContext
from dcn_console.operations.fail_back.names import Return
from dcn_console.operations.mirror_steps.renewal import renew
from dcn_console.operations.mirror_steps.servers import stop_servers
from dcn_console.operations.patience import DONE, target_of
from dcn_console.operations.relocate.names import STOP_SERVER
from dcn_console.operations.relocate.run import relocate
from dcn_console.operations.results import StepResult


async def fail_back(context: TargetContext, wanted: Return) -> Target:
    """Make the old primary primary again, with what the present one holds."""
    if wanted.stop_servers:
        act = partial(stop_servers, context, wanted.stop_servers)
        stopped = await context.step(STOP_SERVER, act)
        if stopped.outcome != DONE:
            return target_of(context, stopped)
    renewed = await renew(context, wanted.renewal)
    primary = wanted.renewal.passage.destination
    if renewed.outcome != DONE:
        text = f"{renewed.text}; {primary} stays primary"
        return target_of(context, StepResult(outcome=renewed.outcome, text=text))
    ended = await relocate(context, wanted.relocation)
    if ended.verified:
        return msgspec.structs.replace(ended, verified=f"{renewed.text}; {ended.verified}")
    way_out = f"to go on: dcn-console mirror relocate --to {context.site}"
    text = f"{renewed.text}; {ended.text}; {way_out}"
    return msgspec.structs.replace(ended, text=text)
