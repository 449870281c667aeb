"""qemu-img: looking at a disk file, and making a raw one of it.

It is only ever told which format to read: guessing by itself it would follow what a hostile file
names, such as a backing file of this machine (OSSA-2024-001).
"""

import asyncio
import contextlib
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from dcn_console.model.errors import DcnError
from dcn_console.model.text import printable

GET_IT = (
    "Install it (package qemu-utils on Debian and Ubuntu, qemu-img on RHEL and Fedora), or leave "
    "the file in its format."
)
_INFO_SECONDS = 60.0
_READ_BYTES = 4096
_MOST_SAID = 2000
_PERCENT = re.compile(rb"\((\d+(?:\.\d+)?)/100%\)")
_OWN_FILE_TYPES = frozenset({"monolithicSparse", "streamOptimized"})
"""Kinds of VMDK that keep everything in the one file."""


class QemuFailed(DcnError):
    """qemu-img is missing, or did not do what it was asked."""


class DiskInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What qemu-img says of a disk file; sizes in bytes.

    ``refers_to`` names another file that it needs, "" without.
    """

    virtual_size: int
    encrypted: bool = False
    refers_to: str = ""


class _Extent(msgspec.Struct):
    filename: str = ""


class _Data(msgspec.Struct, rename="kebab"):
    data_file: str = ""
    create_type: str = ""
    extents: list[_Extent] = []


class _Specific(msgspec.Struct):
    data: _Data = msgspec.field(default_factory=_Data)


class _Info(msgspec.Struct, rename="kebab"):
    virtual_size: int
    encrypted: bool = False
    backing_filename: str = ""
    format_specific: _Specific = msgspec.field(default_factory=_Specific)


def program() -> str:
    """Return the path of qemu-img, "" where there is none."""
    return shutil.which("qemu-img") or ""


async def look_at(path: Path, disk_format: str) -> DiskInfo:
    """Ask qemu-img about a file, read as ``disk_format``. Raises QemuFailed."""
    try:
        async with asyncio.timeout(_INFO_SECONDS):
            said = await _run(["info", "--output=json", "-f", disk_format, str(path)])
    except TimeoutError as error:
        raise QemuFailed(f"qemu-img says nothing about “{_name(path)}” for a minute.") from error
    try:
        found = msgspec.json.decode(said, type=_Info)
    except msgspec.DecodeError as error:
        raise QemuFailed(f"qemu-img's answer about “{_name(path)}” is not understood.") from error
    data = found.format_specific.data
    refers_to = found.backing_filename or data.data_file
    if not refers_to and data.create_type and data.create_type not in _OWN_FILE_TYPES:
        refers_to = f"extents ({data.create_type})"
    return DiskInfo(virtual_size=found.virtual_size, encrypted=found.encrypted, refers_to=refers_to)


async def convert(
    source: Path, disk_format: str, target: Path, on_percent: Callable[[float], None]
) -> None:
    """Make a raw file of ``source``; ``on_percent`` gets 0 to 100. Cancelling kills it.

    Raises QemuFailed with qemu-img's own words.
    """
    command = ["convert", "-p", "-f", disk_format, "-O", "raw", str(source), str(target)]
    await _run(command, on_percent)


async def _run(arguments: list[str], on_percent: Callable[[float], None] | None = None) -> bytes:
    """Run qemu-img, tied to this process, and return what it printed."""
    found = program()
    if not found:
        raise QemuFailed(
            "There is no qemu-img on this machine.", way_out=GET_IT, option="--no-convert"
        )
    tether = str(Path(__file__).with_name("tether.py"))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *(tether, str(os.getpid()), found, *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, "LC_ALL": "C"},
    )
    try:
        printed, complaint = await asyncio.gather(
            _heard(process.stdout, on_percent), _heard(process.stderr, None)
        )
        status = await process.wait()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if status != 0:
        said = printable(complaint.decode(errors="replace").strip(), _MOST_SAID)
        raise QemuFailed(f"qemu-img {arguments[0]} failed: {said or f'status {status}'}.")
    return printed


async def _heard(
    stream: asyncio.StreamReader | None, on_percent: Callable[[float], None] | None
) -> bytes:
    """Read a pipe to its end; of a stream of percentages nothing is kept."""
    heard = b""
    while stream is not None and (piece := await stream.read(_READ_BYTES)):
        heard += piece
        if on_percent is not None:
            for match in _PERCENT.finditer(heard):
                on_percent(float(match.group(1)))
            heard = heard[-32:]
    return heard


def _name(path: Path) -> str:
    return printable(str(path), 200)
