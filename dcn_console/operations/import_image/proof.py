"""The proof of an import: that Glance has what the file holds, and the store what Glance says."""

import asyncio
import hashlib
from pathlib import Path
from typing import BinaryIO

from dcn_console.model.inventory import Image
from dcn_console.model.plans import VerifyLevel
from dcn_console.model.tasks import ProgressSource, TargetState
from dcn_console.model.text import printable
from dcn_console.operations.arriving import Transfer
from dcn_console.operations.base import TargetContext
from dcn_console.operations.cinder_waiting import GONE, until_answered
from dcn_console.operations.copy_image.subject import subject_at
from dcn_console.operations.copy_image.verify import verify
from dcn_console.operations.import_image.parameters import Parameters
from dcn_console.operations.import_image.source import RAW
from dcn_console.operations.patience import CANCELLED, REFUSED
from dcn_console.operations.results import StepResult

_PIECE_BYTES = 8 << 20


async def prove(
    context: TargetContext, parameters: Parameters, image_id: str, path: Path | None
) -> StepResult:
    """Compare; returns VERIFIED, REFUSED or CANCELLED.

    With ``path`` the hash of the file is compared with Glance's. Without one Glance alone knows
    what it fetched: the store's data is read back instead, where there is Ceph access.
    """
    said = ""

    async def look() -> StepResult:
        nonlocal said
        image = await context.services.glance.image(image_id)
        if path is not None:
            wrong, said = await _file_proof(context, image, path)
            if wrong is not None:
                return wrong
        elif parameters.convert and image.disk_format != RAW:
            said = (
                f"; Glance did not convert it and it is {image.disk_format}: its plugin "
                "image_conversion is off, so volumes at the edges will be full copies"
            )
        level = VerifyLevel.DEEP if path is None else VerifyLevel.METADATA
        subject = subject_at(
            context,
            image_id=image_id,
            image_name=parameters.name,
            size=image.size,
            verify=level,
        )
        return await verify(context, subject)

    result = await until_answered(context, look, cancelled="sent, but not verified")
    if result.outcome == GONE:
        return StepResult(outcome=REFUSED, text="the image was deleted meanwhile")
    return StepResult(outcome=result.outcome, text=f"{result.text}{said}", data=result.data)


async def _file_proof(
    context: TargetContext, image: Image, path: Path
) -> tuple[StepResult | None, str]:
    """Return what is wrong, None for nothing, and what was seen."""
    algorithm, value = image.hash_algorithm, image.hash_value
    if not algorithm or not value or algorithm not in hashlib.algorithms_available:
        return None, "; Glance has no hash of it to compare with"
    try:
        digest = await _digest(context, path, algorithm)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        name = printable(str(path), 200)
        text = f"“{name}” cannot be read again to compare it with what Glance has: {reason}"
        return StepResult(outcome=REFUSED, text=text), ""
    if digest is None:
        return StepResult(outcome=CANCELLED, text="cancelled while comparing"), ""
    if digest != value:
        text = (
            f"the {algorithm} of what Glance has is not that of what was sent: it was damaged on "
            "its way, or the file was changed meanwhile"
        )
        return StepResult(outcome=REFUSED, text=text), ""
    return None, f", {algorithm} is that of what was sent"


async def _digest(context: TargetContext, path: Path, algorithm: str) -> str | None:
    """Hash the file piece by piece, in a thread; None when the task was cancelled."""
    digest = hashlib.new(algorithm, usedforsecurity=False)
    file = await asyncio.to_thread(path.open, "rb")
    with file:
        total = (await asyncio.to_thread(path.stat)).st_size
        transfer = Transfer(context)
        done = 0
        while piece := await asyncio.to_thread(_read, file):
            await asyncio.to_thread(digest.update, piece)
            done += len(piece)
            progress = transfer.take(ProgressSource.READ_BACK, done, total)
            context.show(TargetState.VERIFYING, "comparing what was sent", progress)
            if context.cancelled():
                return None
    return digest.hexdigest()


def _read(file: BinaryIO) -> bytes:
    return file.read(_PIECE_BYTES)
