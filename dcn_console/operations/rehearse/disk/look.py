"""Looking at a whole disk, and saying in words what is there."""

from collections.abc import Awaitable, Callable

from dcn_console.model.text import count, format_bytes, printable
from dcn_console.operations.rehearse.disk.contents import Contents, DiskReport, Partition
from dcn_console.operations.rehearse.disk.ext import ext
from dcn_console.operations.rehearse.disk.others import btrfs, luks, lvm, swap
from dcn_console.operations.rehearse.disk.partitions import Found, table
from dcn_console.operations.rehearse.disk.source import Damaged, Disk
from dcn_console.operations.rehearse.disk.windows import exfat, fat, ntfs
from dcn_console.operations.rehearse.disk.xfs import xfs

_KNOWN: tuple[Callable[[Disk], Awaitable[Contents | None]], ...] = (
    luks,
    lvm,
    xfs,
    btrfs,
    ext,
    ntfs,
    exfat,
    fat,
    swap,
)
BEGINNING = 1 << 20
"""Bytes whose zeros make a disk a blank one, where nothing is recognised."""


async def look_at_disk(disk: Disk) -> DiskReport:
    """Return what is on a disk, read only."""
    contents = await _contents(disk)
    if contents is not None:
        return DiskReport(size=disk.size, contents=contents)
    found = await table(disk)
    if found is None:
        beginning = await disk.read(0, min(BEGINNING, disk.size))
        return DiskReport(size=disk.size, blank=not beginning.strip(b"\0"))
    partitions = [await _partition(disk, part) for part in found.partitions]
    return DiskReport(
        size=disk.size,
        table=found.kind,
        partitions=tuple(partitions),
        problems=tuple(f"{found.kind}: {problem}" for problem in found.problems),
    )


async def _contents(disk: Disk) -> Contents | None:
    for look in _KNOWN:
        found = await look(disk)
        if found is not None:
            return found
    return None


async def _partition(disk: Disk, found: Found) -> Partition:
    try:
        contents = await _contents(disk.part(found.offset, found.size))
        problems: tuple[str, ...] = ()
    except Damaged as damage:
        contents, problems = None, (str(damage),)
    return Partition(
        number=found.number,
        offset=found.offset,
        size=found.size,
        name=found.name,
        contents=contents,
        problems=problems,
    )


def in_words(report: DiskReport) -> str:
    """Return what was found in one sentence without its full stop."""
    if report.contents is not None:
        return f"a whole disk of {_words(report.contents)}"
    if not report.table:
        what = "it is blank at its beginning" if report.blank else "its data is of no kind known"
        return f"no partition table or filesystem: nothing to check but that it reads; {what}"
    parts = [
        f"{partition.number} ({format_bytes(partition.size)}) "
        + (_words(partition.contents) if partition.contents else "of no kind known")
        for partition in report.partitions
    ]
    return f"{report.table} with {count(len(parts), 'partition')}: {'; '.join(parts) or 'none'}"


def _words(contents: Contents) -> str:
    label = f" “{printable(contents.label, 40)}”" if contents.label else ""
    parts = [f"{contents.kind}{label}"]
    if contents.entries is not None:
        entries = count(contents.entries, "entry", "entries")
        parts.append(f"{entries} in its root directory")
    parts += [part for part in (contents.dirty, contents.note) if part]
    return ", ".join(parts)
