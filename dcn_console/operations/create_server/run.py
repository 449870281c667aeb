"""A server from its request to its verified end; one that fails is removed again."""

from functools import partial

from dcn_console.model.compute import NewServer
from dcn_console.model.errors import ServiceError
from dcn_console.model.tasks import Target, TargetState
from dcn_console.model.text import printable
from dcn_console.operations.base import TargetContext
from dcn_console.operations.cinder_waiting import GONE, until_answered, waited, with_words
from dcn_console.operations.create_server.plan import (
    ASK_STEP,
    CLEAR_STEP,
    PART,
    VERIFY_STEP,
    WATCH_STEP,
    Parameters,
)
from dcn_console.operations.delete_servers.run import delete_server
from dcn_console.operations.making import ASKED, ask_for
from dcn_console.operations.marks import mark
from dcn_console.operations.mirror_steps.resolute import Resolute
from dcn_console.operations.mirror_steps.servers import RUNNING
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import DONE, REFUSED, target_of
from dcn_console.operations.results import StepResult
from dcn_console.operations.servers.releasing import released
from dcn_console.operations.servers.where import nova_of
from dcn_console.operations.silence import Silence

MOST_LOOKS = 60
"""So often the new server is looked at until Cinder has its volume attached."""


async def create_at(context: TargetContext) -> Target:
    """Make the server of the task."""
    parameters = parameters_of(context.task.plan, Parameters)
    return target_of(context, await make_server(context, parameters))


async def make_server(
    context: TargetContext, parameters: Parameters, *, prefix: str = ""
) -> StepResult:
    """Make a server and see it with its volume; DONE, REFUSED or CANCELLED.

    ``prefix`` comes before the names of the steps, where the task has others.
    """
    steps = Steps(context, parameters)
    asked = await context.step(f"{prefix}{ASK_STEP}", steps.ask)
    if asked.outcome != ASKED:
        return asked
    server_id = str(asked.data["server"])
    result = await context.step(f"{prefix}{WATCH_STEP}", partial(steps.watch, server_id))
    if result.outcome == DONE:
        return await context.step(f"{prefix}{VERIFY_STEP}", partial(steps.verify, server_id))
    cleared = await context.step(f"{prefix}{CLEAR_STEP}", partial(steps.clear, server_id))
    left = "" if cleared.outcome == DONE else f". It is left behind: {cleared.text}"
    return StepResult(outcome=result.outcome, text=f"{result.text}{left}")


class _Building(Silence):
    """Watches over the making of a server: Nova tells each stage, and none takes so long."""

    async def may_be_at_work(self) -> bool:
        """Nothing shows it but a change of the stage."""
        return False


class Steps:
    """The steps of one new server, each safe to take again."""

    def __init__(self, context: TargetContext, parameters: Parameters) -> None:
        self._context = context
        self._parameters = parameters
        self._nova = nova_of(context.services)
        self._label = printable(parameters.name, 60)

    async def ask(self) -> StepResult:
        """Ask Nova, or take up what an earlier runner asked for; ASKED, REFUSED or CANCELLED."""
        return await ask_for(
            self._context,
            "Nova",
            "server",
            f"server “{self._label}”",
            find=self._find,
            make=self._make,
        )

    async def _find(self) -> str | None:
        found = await self._nova.made_with(mark(self._context, PART))
        return found[0].id if found else None

    async def _make(self) -> str:
        parameters = self._parameters
        made = await self._nova.create(
            NewServer(
                name=parameters.name,
                volume_id=parameters.volume_id,
                flavor=parameters.flavor,
                availability_zone=parameters.zone,
                network=parameters.network,
                key=parameters.key,
                security_group=parameters.security_group,
                metadata=mark(self._context, PART),
            )
        )
        return made.id

    async def watch(self, server_id: str) -> StepResult:
        """Wait until it runs; DONE, REFUSED or CANCELLED."""
        began = self._context.now()
        silence = _Building(self._context, (self._context.site,), compute=True)

        async def look() -> StepResult | None:
            server = await self._nova.server(server_id)
            if server.status == RUNNING and server.task_state is None:
                return StepResult(outcome=DONE, text=f"server “{self._label}” runs")
            if server.status == "ERROR":
                fault = printable(server.fault, 400).rstrip(".") if server.fault else self._silent()
                text = f"Nova could not make server “{self._label}”: {fault}"
                return StepResult(outcome=REFUSED, text=text)
            status = printable(server.task_state or server.status or "unknown", 60)
            broken = await silence.broken_off((server.status, server.task_state))
            if broken:
                text = f"Nova did not make server “{self._label}”, it is at {status}: {broken}"
                return StepResult(outcome=REFUSED, text=text)
            text = (
                f"Nova makes server “{self._label}” ({status}{waited(began, self._context.now())})"
            )
            self._context.show(TargetState.RUNNING, with_words(text, silence))
            return None

        result = await until_answered(
            self._context, look, cancelled="cancelled while Nova made the server; it is removed"
        )
        if result.outcome == GONE:
            text = f"server “{self._label}” was deleted by somebody else meanwhile"
            return StepResult(outcome=REFUSED, text=text)
        return result

    def _silent(self) -> str:
        return (
            f"it does not say why; see the log of nova-compute at {self._context.site}: one that "
            "is restarted gives up what it was at"
        )

    async def verify(self, server_id: str) -> StepResult:
        """See the server and its volume with our own eyes; DONE or REFUSED."""
        parameters = self._parameters
        looks = 0

        async def look() -> StepResult | None:
            nonlocal looks
            looks += 1
            server = await self._nova.server(server_id)
            if parameters.zone and server.availability_zone != parameters.zone:
                zone = printable(server.availability_zone or "none", 60)
                text = f"server “{self._label}” runs in zone {zone}, not in {parameters.zone}"
                return StepResult(outcome=REFUSED, text=text)
            volume = await self._context.services.cinder.volume(parameters.volume_id)
            here = any(one.server_id == server_id for one in volume.attachments)
            if here and volume.status == "in-use":
                host = f" on {printable(server.host, 60)}" if server.host else ""
                zone = printable(server.availability_zone or "", 60)
                text = f"server “{self._label}” runs in zone {zone}{host} with its volume"
                return StepResult(outcome=DONE, text=text)
            if looks > MOST_LOOKS:
                status = printable(volume.status or "unknown", 40)
                text = f"server “{self._label}” runs, but its volume is {status}, not attached"
                return StepResult(outcome=REFUSED, text=text)
            self._context.show(TargetState.VERIFYING, "looking at the volume's attachment")
            return None

        result = await until_answered(
            self._context, look, cancelled="made, but not verified", at_least_once=True
        )
        return StepResult(outcome=REFUSED, text=result.text) if result.outcome == GONE else result

    async def clear(self, server_id: str) -> StepResult:
        """Delete our own server, whatever came of it, and free its volume; DONE or REFUSED."""
        firm = Resolute(self._context, "the server that failed is being removed")
        try:
            if await self._find() == server_id:
                deleted = await delete_server(firm, server_id, self._label)
                if deleted.outcome != DONE:
                    return deleted
        except ServiceError as error:
            return StepResult(outcome=REFUSED, text=f"server {server_id}: {error.message}")
        freed = await released(firm, server_id, (self._parameters.volume_id,), cancelled="")
        if freed.outcome != DONE:
            return freed
        return StepResult(outcome=DONE, text="nothing of it is left, and its volume is free")
