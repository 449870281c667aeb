"""Partition tables: GPT (UEFI specification, 5.3) and MBR with its logical partitions."""

import struct
import zlib
from collections.abc import AsyncIterator
from typing import NamedTuple

from dcn_console.operations.rehearse.disk.source import Damaged, Disk

_SECTORS = (512, 4096)
_GPT = b"EFI PART"
_PROTECTIVE = 0xEE
_EXTENDED = (0x05, 0x0F, 0x85)
_MOST_ENTRIES = 1024
_MOST_LOGICAL = 128


class Found(NamedTuple):
    """A partition; ``offset`` and ``size`` in bytes."""

    number: int
    offset: int
    size: int
    name: str = ""


class Table(NamedTuple):
    """A partition table with what is wrong with it."""

    kind: str
    partitions: tuple[Found, ...]
    problems: tuple[str, ...] = ()


async def table(disk: Disk) -> Table | None:
    """Return the partition table of a disk, None when there is none."""
    for sector in _SECTORS:
        if disk.size >= 3 * sector and await disk.read(sector, 8) == _GPT:
            return await _gpt(disk, sector)
    return await _mbr(disk)


async def _gpt(disk: Disk, sector: int) -> Table:
    problems = []
    try:
        entries, backup = await _gpt_entries(disk, sector, sector)
    except Damaged as damage:
        return Table("GPT", (), (f"{damage}",))
    try:
        await _gpt_entries(disk, backup * sector, sector)
    except Damaged as damage:
        problems.append(f"its copy at the end of the disk: {damage}")
    return Table("GPT", tuple(entries), tuple(problems))


async def _gpt_entries(disk: Disk, offset: int, sector: int) -> tuple[list[Found], int]:
    """Return the partitions that a header at ``offset`` names, and the block of its copy."""
    header = await disk.read(offset, sector)
    (size, wanted) = struct.unpack_from("<II", header, 12)
    if header[:8] != _GPT or not 92 <= size <= sector:
        raise Damaged("there is no header")
    blanked = header[:16] + bytes(4) + header[20:size]
    if zlib.crc32(blanked) != wanted:
        raise Damaged("the checksum of its header is wrong")
    (backup,) = struct.unpack_from("<Q", header, 32)
    start, number, length, wanted = struct.unpack_from("<QIII", header, 72)
    if number > _MOST_ENTRIES or not 128 <= length <= 4096:
        raise Damaged("its header makes no sense")
    data = await disk.read(start * sector, number * length)
    if zlib.crc32(data) != wanted:
        raise Damaged("the checksum of its entries is wrong")
    found = []
    for index in range(number):
        entry = data[index * length : (index + 1) * length]
        if entry[:16] == bytes(16):
            continue
        first, last = struct.unpack_from("<QQ", entry, 32)
        name = entry[56:128].decode("utf-16-le", "replace").split("\0")[0]
        found.append(Found(index + 1, first * sector, (last - first + 1) * sector, name))
    return found, int(backup)


async def _mbr(disk: Disk) -> Table | None:
    head = await disk.head(512)
    if head[510:512] != b"\x55\xaa":
        return None
    entries = [struct.unpack_from("<B3xB3xII", head, 446 + index * 16) for index in range(4)]
    if any(flag & 0x7F for flag, _, _, _ in entries):
        return None
    if any(kind == _PROTECTIVE for _, kind, _, _ in entries):
        return Table("GPT", (), ("a protective MBR is there, its header is not",))
    found, problems = [], []
    for index, (_, kind, first, length) in enumerate(entries):
        if not kind or not length:
            continue
        if kind in _EXTENDED:
            try:
                found += [part async for part in _logical(disk, first)]
            except Damaged as damage:
                problems.append(f"the chain of its logical partitions: {damage}")
        else:
            found.append(Found(index + 1, first * 512, length * 512))
    if not found and not problems:
        return None
    return Table("MBR", tuple(found), tuple(problems))


async def _logical(disk: Disk, extended: int) -> AsyncIterator[Found]:
    """Yield the logical partitions, which are chained through records like the first."""
    at = extended
    for number in range(5, 5 + _MOST_LOGICAL):
        record = await disk.read(at * 512, 512)
        if record[510:512] != b"\x55\xaa":
            raise Damaged(f"there is none at sector {at}")
        _, kind, first, length = struct.unpack_from("<B3xB3xII", record, 446)
        if kind and length:
            yield Found(number, (at + first) * 512, length * 512)
        _, kind, following, _ = struct.unpack_from("<B3xB3xII", record, 462)
        if not kind or not following:
            return
        at = extended + following
    raise Damaged("it has no end")
