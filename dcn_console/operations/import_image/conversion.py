"""Making a raw file of the source, in a folder of the task's own."""

import os
import shutil
import stat
from pathlib import Path

from dcn_console.model.errors import UsageError
from dcn_console.model.tasks import ProgressSource, TargetState
from dcn_console.model.text import format_bytes, printable
from dcn_console.operations.arriving import Transfer
from dcn_console.operations.base import TargetContext
from dcn_console.operations.import_image import qemu
from dcn_console.operations.import_image.parameters import Parameters, scratch_folder
from dcn_console.operations.import_image.source import QEMU_NAMES
from dcn_console.operations.interrupting import Interrupted, interruptible
from dcn_console.operations.patience import CANCELLED, DONE, REFUSED
from dcn_console.operations.results import StepResult

_RAW_NAME = "disk.raw"


class Conversion:
    """The conversion of one task; begun anew by a task taken up again."""

    def __init__(self, context: TargetContext, parameters: Parameters) -> None:
        self._context = context
        self._parameters = parameters
        self._folder = scratch_folder(parameters, context.task.id)

    @property
    def is_wanted(self) -> bool:
        """Whether the file is to be made raw here."""
        return self._parameters.convert and self._parameters.file is not None

    async def convert(self) -> StepResult:
        """Return DONE with the path and size of the raw file, REFUSED or CANCELLED."""
        file = self._parameters.file
        if file is None:
            raise UsageError("There is no file to convert.")
        if self._context.cancelled():
            return StepResult(outcome=CANCELLED, text="cancelled before anything was done")
        if not file.is_unchanged():
            text = f"“{printable(file.path, 200)}” is not what it was when this was planned"
            return StepResult(outcome=REFUSED, text=text)
        source = QEMU_NAMES.get(self._parameters.source_format, self._parameters.source_format)
        size = self._parameters.size or 0
        transfer = Transfer(self._context)

        def show(percent: float) -> None:
            done = int(size * percent / 100.0)
            progress = transfer.take(ProgressSource.CONVERTED, done, size or None)
            self._context.show(TargetState.RUNNING, "making a raw file of it", progress)

        try:
            target = self._prepared()
            show(0.0)
            await interruptible(self._context, qemu.convert(Path(file.path), source, target, show))
            target.chmod(0o600)
            made = target.stat()
        except Interrupted:
            return StepResult(outcome=CANCELLED, text="cancelled while a raw file was made")
        except qemu.QemuFailed as error:
            return StepResult(outcome=REFUSED, text=str(error))
        except OSError as error:
            reason = error.strerror or type(error).__name__
            text = f"no raw file can be made in {printable(str(self._folder), 200)}: {reason}"
            return StepResult(outcome=REFUSED, text=text)
        return StepResult(
            outcome=DONE,
            text=f"qemu-img made a raw file of {format_bytes(made.st_size)}",
            data={"path": str(target), "size": made.st_size, "changed": made.st_mtime_ns},
        )

    def _prepared(self) -> Path:
        """Make the folder if need be, without what an earlier try left; return the target's path.

        The name cannot be guessed, and a folder that is not our own is not used. The file is there
        before qemu-img writes it, for its owner's eyes only.
        """
        self._folder.mkdir(mode=0o700, exist_ok=True)
        seen = self._folder.lstat()
        if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.getuid():
            raise PermissionError(None, "the folder is not our own")
        target = self._folder / _RAW_NAME
        target.unlink(missing_ok=True)
        target.touch(mode=0o600)
        return target

    def clear(self) -> None:
        """Remove the folder with everything in it."""
        if self.is_wanted:
            shutil.rmtree(self._folder, ignore_errors=True)
