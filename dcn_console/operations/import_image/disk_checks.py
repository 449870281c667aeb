"""Preconditions of an import that lie in its source: what the file is, and room to convert it."""

import os
import shutil
from pathlib import Path

from dcn_console.model.plans import Check
from dcn_console.model.text import format_bytes, printable
from dcn_console.operations.import_image import qemu
from dcn_console.operations.import_image.parameters import Parameters
from dcn_console.operations.import_image.source import QEMU_NAMES, RAW, LocalFile, words_of
from dcn_console.operations.mirror_subject import fine, refused, warned


async def disk_checks(parameters: Parameters) -> tuple[list[Check], int | None]:
    """Check the source; return also the bytes that the image will have, None when not known."""
    checks = _format_checks(parameters)
    file = parameters.file
    if file is None:
        return checks, None
    name = f"“{printable(file.path, 200)}”"
    if file.disk_format not in (parameters.source_format, RAW):
        text = f"{name} looks like {file.disk_format}, and is taken as {parameters.source_format}."
        checks.append(
            warned(text, "Let the file's head tell its format.", option="without --format")
        )
    elif parameters.source_format != file.disk_format and parameters.convert:
        text = f"{name} is no {parameters.source_format} file."
        return [
            *checks,
            refused(text, "Let the file's head tell its format.", option="without --format"),
        ], file.size
    else:
        checks.append(fine(f"{name}: {words_of(file.disk_format, file.size)}."))
    if not os.access(file.path, os.R_OK):
        checks.append(refused(f"{name} may not be read."))
    if not parameters.convert:
        return checks, file.size
    return await _conversion_checks(parameters, file, name, checks)


def _format_checks(parameters: Parameters) -> list[Check]:
    if parameters.convert and parameters.url:
        text = (
            f"Whether the {parameters.source_format} becomes raw depends on Glance's plugin "
            "image_conversion, which cannot be asked beforehand; the result is looked at."
        )
        way_out = "Set image_import_plugins and output_format in glance-image-import.conf."
        return [warned(text, way_out)]
    if parameters.disk_format != RAW:
        text = (
            f"The image will be {parameters.disk_format}, not raw: volumes at the edges will be "
            "full copies, not copy-on-write clones."
        )
        return [warned(text)]
    return []


async def _conversion_checks(
    parameters: Parameters, file: LocalFile, name: str, checks: list[Check]
) -> tuple[list[Check], int | None]:
    source = QEMU_NAMES.get(parameters.source_format, parameters.source_format)
    try:
        info = await qemu.look_at(Path(file.path), source)
    except qemu.QemuFailed as error:
        return [*checks, refused(error.message, error.way_out, option=error.option)], None
    if info.refers_to:
        other = printable(info.refers_to, 200)
        text = f"{name} needs another file, {other}, which a foreign image must not make us read."
        checks.append(
            refused(text, "Make one file of it first: qemu-img convert or qemu-img rebase")
        )
    if info.encrypted:
        checks.append(refused(f"{name} is encrypted.", "Decrypt it first."))
    checks.append(_room(parameters, file, info.virtual_size))
    return checks, info.virtual_size


def _room(parameters: Parameters, file: LocalFile, needed: int) -> Check:
    folder = printable(parameters.scratch, 200)
    try:
        free = shutil.disk_usage(parameters.scratch).free
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return refused(f"{folder}, where the raw file is made, cannot be used: {reason}.")
    text = f"{folder} has {format_bytes(free)} free for the raw file of {format_bytes(needed)}"
    way_out = "Free space there, or name another folder in TMPDIR."
    if free < file.size:
        return refused(f"{text}.", way_out)
    if free < needed:
        return warned(f"{text}: enough only if much of it is empty.", way_out)
    return fine(f"{text}.")
