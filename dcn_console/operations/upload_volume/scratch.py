"""A clone of a volume in use, to be uploaded in its place: made from a snapshot, then removed."""

from collections.abc import Awaitable, Callable
from functools import partial

from dcn_console.model.errors import DcnError
from dcn_console.operations.base import TargetContext
from dcn_console.operations.create_volume import steps as creating
from dcn_console.operations.create_volume.parameters import Parameters as NewVolume
from dcn_console.operations.elsewhere import Elsewhere
from dcn_console.operations.making import ASKED, CLEARED, THERE, WRONG
from dcn_console.operations.mirror_steps.resolute import Resolute
from dcn_console.operations.patience import DONE
from dcn_console.operations.results import StepResult
from dcn_console.operations.snapshot_volume import steps as snapshotting
from dcn_console.operations.upload_volume.names import (
    CLEAR_SCRATCH_STEP,
    SCRATCH_NAMES,
    SCRATCH_PART,
    SCRATCH_STEP,
    SCRATCH_WATCH_STEP,
    SNAPSHOT_PART,
    SNAPSHOT_STEP,
    SNAPSHOT_WATCH_STEP,
)
from dcn_console.operations.upload_volume.plan import Parameters


class Scratch:
    """The snapshot and the scratch volume of one task, at the volume's site."""

    def __init__(self, context: TargetContext, parameters: Parameters) -> None:
        self._parameters = parameters
        self._context = Elsewhere(context, parameters.home)
        self._name = f"{SCRATCH_NAMES}{context.task.number}"
        self._snapshot_id = ""
        self.volume_id = ""

    async def make(self, snapshotted: Callable[[], Awaitable[None]] | None = None) -> StepResult:
        """Make both; DONE with ``volume_id`` set, or how it failed.

        ``snapshotted`` is called between the two, also when there is no snapshot.
        """
        result = await self._snapshot()
        if snapshotted is not None:
            await snapshotted()
        if result.outcome != DONE:
            return result
        return await self._volume()

    async def _snapshot(self) -> StepResult:
        context, parameters = self._context, self._parameters
        steps = self._snapshot_steps(context)
        asked = await context.step(SNAPSHOT_STEP, steps.ask)
        if asked.outcome != ASKED:
            return asked
        self._snapshot_id = str(asked.data["snapshot"])
        watched = await context.step(SNAPSHOT_WATCH_STEP, partial(steps.watch, self._snapshot_id))
        if watched.outcome != THERE:
            return watched
        return StepResult(outcome=DONE, text=f"volume “{parameters.label}” is snapshotted")

    async def _volume(self) -> StepResult:
        context = self._context
        steps = self._volume_steps(context)
        asked = await context.step(SCRATCH_STEP, steps.ask)
        if asked.outcome != ASKED:
            return asked
        self.volume_id = str(asked.data["volume"])
        watched = await context.step(SCRATCH_WATCH_STEP, partial(steps.watch, self.volume_id))
        if watched.outcome != THERE:
            return watched
        return StepResult(outcome=DONE, text="the scratch volume is there")

    def _snapshot_steps(self, context: TargetContext) -> snapshotting.Steps:
        return snapshotting.Steps(context, self._parameters.volume_id, self._name, SNAPSHOT_PART)

    def _volume_steps(self, context: TargetContext) -> creating.Steps:
        parameters = self._parameters
        new = NewVolume(
            site=parameters.home,
            name=self._name,
            zone=parameters.zone,
            size=parameters.size,
            snapshot_id=self._snapshot_id,
            total=None,
        )
        return creating.Steps(context, new, SCRATCH_PART)

    async def remove(self) -> str:
        """Remove what was made, also when the task was cancelled; return what is left, "" if all.

        A volume that Cinder is still uploading cannot be deleted, and is named.
        """
        if not self._snapshot_id:
            return ""
        context = Resolute(self._context, "what was made for the upload is being removed")
        try:
            result = await context.step(CLEAR_SCRATCH_STEP, partial(self._clear, context))
        except DcnError as error:
            return str(error)
        return "" if result.outcome == CLEARED else result.text

    async def _clear(self, context: TargetContext) -> StepResult:
        if self.volume_id:
            result = await self._volume_steps(context).clear(self.volume_id)
            if result.outcome != CLEARED:
                text = f"{result.text}; its snapshot ({self._snapshot_id}) is left too"
                return StepResult(outcome=WRONG, text=text)
        return await self._snapshot_steps(context).clear(self._snapshot_id)
