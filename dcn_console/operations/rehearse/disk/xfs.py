"""XFS (Linux: fs/xfs/libxfs/xfs_format.h, xfs_da_format.h, xfs_log_format.h)."""

import struct

from dcn_console.operations.rehearse.disk.checksum import crc32c
from dcn_console.operations.rehearse.disk.contents import Contents
from dcn_console.operations.rehearse.disk.source import Damaged, Disk

_MAGIC = b"XFSB"
_VERSION_5 = 5
_CHECKSUM_AT = 224
_LOCAL, _EXTENTS = 1, 2
_BLOCK_DIRECTORIES = (b"XDB3", b"XD2B")
_MOST_GROUPS = 64
_LOG_HEADER = 0xFEEDBABE
_LOG_CLIENT = 0xAA
_UNMOUNTED = 0x20
_MOST_LOG_BYTES = 64 << 20
_SECTOR = 512
_BIG_EXTENT_COUNTS = 1 << 4


async def xfs(disk: Disk) -> Contents | None:
    """Return what an XFS filesystem tells, None when there is none."""
    head = await disk.head(_SECTOR)
    if head[:4] != _MAGIC:
        return None
    problems = []
    size, entries, dirty = None, None, ""
    try:
        layout = _Layout(head)
        size = layout.blocks * layout.block_size
        if size > disk.size:
            problems.append(f"it has {size} bytes in a space of {disk.size}")
        if layout.version == _VERSION_5 and not await _checksum_is_right(disk, layout):
            problems.append("the checksum of its superblock is wrong")
        if head[126]:
            problems.append("its making was not finished")
        problems += await _groups(disk, layout)
        entries = await _root_entries(disk, layout)
        dirty = await _log_state(disk, layout)
    except Damaged as damage:
        problems.append(f"its root directory cannot be read: {damage}")
    return Contents(
        kind="xfs",
        label=head[108:120].split(b"\0")[0].decode("utf-8", "replace"),
        size=size,
        entries=entries,
        dirty=dirty,
        problems=tuple(problems),
    )


class _Layout:
    """Where things are, from the superblock."""

    def __init__(self, head: bytes) -> None:
        self.block_size: int
        self.group_blocks: int
        self.inode_size: int
        self.block_size, self.blocks = struct.unpack_from(">IQ", head, 4)
        self.log_start, self.root = struct.unpack_from(">QQ", head, 48)
        self.group_blocks, self.groups = struct.unpack_from(">II", head, 84)
        (self.log_blocks,) = struct.unpack_from(">I", head, 96)
        version, self.sector, self.inode_size = struct.unpack_from(">HHH", head, 100)
        self.version = version & 0xF
        self.inode_shift, self.group_shift = head[123], head[124]
        self.directory_block = self.block_size << head[192]
        sane = (
            _SECTOR <= self.block_size <= 1 << 16
            and _SECTOR <= self.sector <= 1 << 15
            and 256 <= self.inode_size <= 2048
            and self.group_shift < 32
            and self.inode_shift < 16
            and head[192] <= 8
        )
        if not sane:
            raise Damaged("its superblock makes no sense")

    def byte_of_block(self, number: int) -> int:
        """Return the byte of a filesystem block, which names a group and a block in it."""
        group, block = number >> self.group_shift, number & ((1 << self.group_shift) - 1)
        return (group * self.group_blocks + block) * self.block_size

    def byte_of_inode(self, number: int) -> int:
        """Return the byte of an inode."""
        index = number & ((1 << self.inode_shift) - 1)
        return self.byte_of_block(number >> self.inode_shift) + index * self.inode_size


async def _checksum_is_right(disk: Disk, layout: _Layout) -> bool:
    sector = await disk.read(0, layout.sector)
    wanted: int = struct.unpack_from("<I", sector, _CHECKSUM_AT)[0]
    blanked = sector[:_CHECKSUM_AT] + bytes(4) + sector[_CHECKSUM_AT + 4 :]
    return crc32c(blanked) ^ 0xFFFFFFFF == wanted


async def _groups(disk: Disk, layout: _Layout) -> list[str]:
    """See that allocation groups all over the disk begin as they must."""
    step = max(1, layout.groups // _MOST_GROUPS)
    for group in range(0, layout.groups, step):
        start = group * layout.group_blocks * layout.block_size
        for index, magic in enumerate((_MAGIC, b"XAGF", b"XAGI")):
            if await disk.read(start + index * layout.sector, 4) != magic:
                return [f"allocation group {group} of {layout.groups} is damaged"]
    return []


async def _root_entries(disk: Disk, layout: _Layout) -> int | None:
    """Count the root directory's entries; None for one of several blocks."""
    inode = await disk.read(layout.byte_of_inode(layout.root), layout.inode_size)
    magic, mode, version, kind = struct.unpack_from(">2sHBB", inode)
    if magic != b"IN" or mode & 0xF000 != 0x4000:
        raise Damaged("its inode is no directory's")
    fork = 176 if version >= 3 else 100
    if kind == _LOCAL:
        return inode[fork]
    if kind != _EXTENTS:
        return None
    (extents,) = struct.unpack_from(">I", inode, 76)
    if version >= 3 and struct.unpack_from(">Q", inode, 120)[0] & _BIG_EXTENT_COUNTS:
        (extents,) = struct.unpack_from(">Q", inode, 24)
    if not extents:
        raise Damaged("it has no blocks")
    high, low = struct.unpack_from(">QQ", inode, fork)
    first = (high & 0x1FF) << 43 | low >> 21
    block = await disk.read(layout.byte_of_block(first), layout.directory_block)
    if block[:4] not in _BLOCK_DIRECTORIES:
        if block[:4] in (b"XDD3", b"XD2D"):
            return None
        raise Damaged("its first block is damaged")
    used, stale = struct.unpack_from(">II", block, len(block) - 8)
    return max(0, int(used - stale - 2))


async def _log_state(disk: Disk, layout: _Layout) -> str:
    """Say whether the newest record of the log is that of an unmount."""
    length = layout.log_blocks * layout.block_size
    if not layout.log_start or length > _MOST_LOG_BYTES:
        return "whether its log has to be replayed was not looked at"
    start = layout.byte_of_block(layout.log_start)
    newest, found = -1, 0
    for offset in range(0, length, _SECTOR):
        magic, _, _, _, number = struct.unpack(">IIIIQ", await disk.read(start + offset, 24))
        if magic == _LOG_HEADER and number > newest:
            newest, found = number, offset
    if newest < 0:
        return ""
    version = (await disk.unpack(">I", start + found + 8))[0]
    size = (await disk.unpack(">I", start + found + 320))[0] if version & 2 else 0
    headers = max(1, -(-size // 32768)) if version & 2 else 1
    after = found + headers * _SECTOR
    if after + 12 > length:
        return "whether its log has to be replayed cannot be told"
    client, flags = (await disk.unpack(">8xBB", start + after))[:2]
    # The first word of each sector of a record is its cycle number; that of an operation is a
    # transaction's id, which is not needed here.
    clean = client == _LOG_CLIENT and flags & _UNMOUNTED
    return "" if clean else "its log has to be replayed"
