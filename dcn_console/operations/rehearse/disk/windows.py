"""FAT, exFAT and NTFS (Microsoft: FAT specification 1.03, exFAT specification; Linux fs/ntfs3)."""

import struct

from dcn_console.operations.rehearse.disk.contents import Contents
from dcn_console.operations.rehearse.disk.source import Damaged, Disk

_BOOT = 512
_UNUSED, _END = 0xE5, 0x00
_LONG_NAME, _LABEL = 0x0F, 0x08
_MOST_CLUSTERS = 4096
_VOLUME, _ROOT = 3, 5
_VOLUME_INFORMATION = 0x70
_NOT_UNMOUNTED = "it was not unmounted"


async def fat(disk: Disk) -> Contents | None:
    """Return what a FAT filesystem tells, None when there is none."""
    head = await disk.head(_BOOT)
    if head[510:512] != b"\x55\xaa":
        return None
    if head[82:90] == b"FAT32   ":
        kind, label = "vfat (FAT32)", head[71:82]
    elif head[54:62] in (b"FAT12   ", b"FAT16   ", b"FAT     "):
        kind, label = f"vfat ({head[54:62].decode().strip()})", head[43:54]
    else:
        return None
    entries, dirty, problems = None, "", []
    try:
        layout = _FatLayout(head)
        if layout.size > disk.size:
            problems.append(f"it has {layout.size} bytes in a space of {disk.size}")
        dirty = await _fat_state(disk, layout)
        entries = await _fat_entries(disk, layout)
    except Damaged as damage:
        problems.append(f"its root directory cannot be read: {damage}")
    name = label.decode("latin-1").strip()
    return Contents(
        kind=kind,
        label="" if name == "NO NAME" else name,
        entries=entries,
        dirty=dirty,
        problems=tuple(problems),
    )


class _FatLayout:
    """Where things are, from the boot sector; all in bytes."""

    def __init__(self, head: bytes) -> None:
        sector, cluster, reserved, tables, root, small = struct.unpack_from("<HBHBHH", head, 11)
        (short_table,) = struct.unpack_from("<H", head, 22)
        (many,) = struct.unpack_from("<I", head, 32)
        (long_table, self.root_cluster) = struct.unpack_from("<I4xI", head, 36)
        if sector not in (512, 1024, 2048, 4096) or not cluster or not tables:
            raise Damaged("its boot sector makes no sense")
        self.is_32 = not short_table
        self.is_16 = not self.is_32 and head[54:62] == b"FAT16   "
        self.size = (small or many) * sector
        self.table = reserved * sector
        self.root = self.table + tables * (short_table or long_table) * sector
        self.root_bytes = root * 32
        self.cluster = cluster * sector


async def _fat_state(disk: Disk, layout: _FatLayout) -> str:
    """The second entry of the table has a bit that is set while nothing is mounted."""
    if layout.is_32:
        clean = (await disk.unpack("<I", layout.table + 4))[0] & 0x08000000
    elif layout.is_16:
        clean = (await disk.unpack("<H", layout.table + 2))[0] & 0x8000
    else:
        clean = True
    return "" if clean else _NOT_UNMOUNTED


async def _fat_entries(disk: Disk, layout: _FatLayout) -> int:
    if not layout.is_32:
        return _count(await disk.read(layout.root, layout.root_bytes))[0]
    total, cluster = 0, layout.root_cluster
    for _ in range(_MOST_CLUSTERS):
        if cluster < 2:
            raise Damaged("the chain of its clusters is broken")
        data = await disk.read(layout.root + (cluster - 2) * layout.cluster, layout.cluster)
        found, ended = _count(data)
        total += found
        cluster = (await disk.unpack("<I", layout.table + cluster * 4))[0] & 0x0FFFFFFF
        if ended or cluster >= 0x0FFFFFF8:
            return total
    raise Damaged("the chain of its clusters has no end")


def _count(data: bytes) -> tuple[int, bool]:
    """Return how many files and folders a directory's bytes name, and whether it ends there."""
    found = 0
    for offset in range(0, len(data), 32):
        first, attributes = data[offset], data[offset + 11]
        if first == _END:
            return found, True
        if first != _UNUSED and attributes != _LONG_NAME and not attributes & _LABEL:
            found += 1
    return found, False


async def exfat(disk: Disk) -> Contents | None:
    """Return what an exFAT filesystem tells, None when there is none."""
    head = await disk.head(_BOOT)
    if head[3:11] != b"EXFAT   ":
        return None
    dirty = _NOT_UNMOUNTED if struct.unpack_from("<H", head, 106)[0] & 2 else ""
    return Contents(kind="exfat", dirty=dirty, note="its files were not looked at")


async def ntfs(disk: Disk) -> Contents | None:
    """Return what an NTFS filesystem tells, None when there is none."""
    head = await disk.head(_BOOT)
    if head[3:11] != b"NTFS    ":
        return None
    problems: tuple[str, ...] = ()
    dirty = ""
    try:
        dirty = await _ntfs_records(disk, head)
    except Damaged as damage:
        problems = (f"its root directory cannot be read: {damage}",)
    return Contents(
        kind="ntfs", dirty=dirty, note="its files were not looked at", problems=problems
    )


async def _ntfs_records(disk: Disk, head: bytes) -> str:
    """See that the file table has its root directory; return what a mount has to mend."""
    sector, cluster = struct.unpack_from("<HB", head, 11)
    (table,) = struct.unpack_from("<Q", head, 48)
    (exponent,) = struct.unpack_from("<b", head, 64)
    size = 1 << -exponent if exponent < 0 else exponent * cluster * sector
    if not 256 <= size <= 1 << 16:
        raise Damaged("its boot sector makes no sense")
    start = table * cluster * sector
    records = {number: await disk.read(start + number * size, size) for number in (_VOLUME, _ROOT)}
    if any(record[:4] != b"FILE" for record in records.values()):
        raise Damaged("its file table is damaged")
    return _ntfs_state(records[_VOLUME])


def _ntfs_state(record: bytes) -> str:
    """Look for the flags of $VOLUME_INFORMATION among a record's attributes."""
    (offset,) = struct.unpack_from("<H", record, 20)
    while offset + 32 <= len(record):
        kind, length = struct.unpack_from("<II", record, offset)
        if kind == _VOLUME_INFORMATION:
            (value,) = struct.unpack_from("<H", record, offset + 20)
            if offset + value + 12 <= len(record):
                (flags,) = struct.unpack_from("<H", record, offset + value + 10)
                return _NOT_UNMOUNTED if flags & 1 else ""
        if kind == 0xFFFFFFFF or length < 8:
            break
        offset += length
    return ""
