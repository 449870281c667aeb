"""ext2, ext3 and ext4 (Linux: Documentation/filesystems/ext4, fs/ext4/ext4.h)."""

import struct
from collections.abc import AsyncIterator

from dcn_console.operations.rehearse.disk.checksum import crc32c
from dcn_console.operations.rehearse.disk.contents import Contents
from dcn_console.operations.rehearse.disk.source import Damaged, Disk

_SUPERBLOCK, _SUPERBLOCK_BYTES = 1024, 1024
_MAGIC = 0xEF53
_ROOT_INODE = 2
_HAS_JOURNAL = 0x4
_RECOVER, _64BIT = 0x4, 0x80
_EXT3_INCOMPATIBLE, _EXT3_READ_ONLY = 0x16, 0x7
"""What ext3 knows: file types, recovery, meta groups; sparse superblocks, large files, trees."""
_METADATA_CHECKSUMS = 0x400
_STATE_ERRORS = 0x2
_EXTENTS_FLAG, _INLINE_FLAG = 0x80000, 0x10000000
_EXTENT_MAGIC = 0xF30A
_DEEPEST = 5
_MOST_BLOCKS = 1 << 16


async def ext(disk: Disk) -> Contents | None:
    """Return what an ext filesystem tells, None when there is none."""
    if disk.size < _SUPERBLOCK + _SUPERBLOCK_BYTES:
        return None
    block = await disk.read(_SUPERBLOCK, _SUPERBLOCK_BYTES)
    if struct.unpack_from("<H", block, 56)[0] != _MAGIC:
        return None
    compatible, incompatible, read_only = struct.unpack_from("<3I", block, 92)
    kind = "ext3" if compatible & _HAS_JOURNAL else "ext2"
    if incompatible & ~_EXT3_INCOMPATIBLE or read_only & ~_EXT3_READ_ONLY:
        kind = "ext4"
    problems = []
    if read_only & _METADATA_CHECKSUMS:
        (wanted,) = struct.unpack_from("<I", block, 0x3FC)
        if crc32c(block[:0x3FC]) != wanted:
            problems.append("the checksum of its superblock is wrong")
    dirty = "its journal has to be replayed" if incompatible & _RECOVER else ""
    if struct.unpack_from("<H", block, 58)[0] & _STATE_ERRORS:
        problems.append("it knows of errors in itself: fsck is needed")
    size, entries = None, None
    try:
        layout = _Layout(block, incompatible)
        size = layout.blocks * layout.block_size
        if size > disk.size:
            problems.append(f"it has {size} bytes in a space of {disk.size}")
        entries = await _root_entries(disk, layout)
    except Damaged as damage:
        problems.append(f"its root directory cannot be read: {damage}")
    return Contents(
        kind=kind,
        label=block[120:136].split(b"\0")[0].decode("utf-8", "replace"),
        size=size,
        entries=entries,
        dirty=dirty,
        problems=tuple(problems),
    )


class _Layout:
    """Where things are, from the superblock."""

    def __init__(self, block: bytes, incompatible: int) -> None:
        (low,) = struct.unpack_from("<I", block, 4)
        (high,) = struct.unpack_from("<I", block, 0x150)
        (exponent,) = struct.unpack_from("<I", block, 24)
        if exponent > 6:
            raise Damaged("its block size is none")
        self.block_size = 1024 << exponent
        self.blocks = low | (high << 32 if incompatible & _64BIT else 0)
        (first,) = struct.unpack_from("<I", block, 20)
        self.descriptors = (first + 1) * self.block_size
        (revision,) = struct.unpack_from("<I", block, 76)
        (inode_size,) = struct.unpack_from("<H", block, 88)
        self.inode_size = inode_size if revision else 128
        self.is_wide = bool(incompatible & _64BIT)


async def _root_entries(disk: Disk, layout: _Layout) -> int:
    """Count the root directory's entries without "." and ".."."""
    low = (await disk.unpack("<I", layout.descriptors + 8))[0]
    high = (await disk.unpack("<I", layout.descriptors + 0x28))[0] if layout.is_wide else 0
    table = (low | high << 32) * layout.block_size
    inode = await disk.read(table + (_ROOT_INODE - 1) * layout.inode_size, 128)
    mode, size = struct.unpack_from("<H2xI", inode)
    (flags,) = struct.unpack_from("<I", inode, 32)
    if mode & 0xF000 != 0x4000:
        raise Damaged("its inode is no directory's")
    blocks = inode[40:100]
    if flags & _INLINE_FLAG:
        return _count(blocks[4:])
    wanted = -(-size // layout.block_size)
    if not 0 < wanted <= _MOST_BLOCKS:
        raise Damaged(f"it has {size} bytes")
    found, total = 0, 0
    parts = (
        _extent_blocks(disk, layout, blocks, _DEEPEST)
        if flags & _EXTENTS_FLAG
        else _listed_blocks(disk, layout, blocks)
    )
    async for number in parts:
        total += _count(await disk.read(number * layout.block_size, layout.block_size))
        found += 1
        if found == wanted:
            break
    if found < wanted:
        raise Damaged(f"{wanted - found} of its {wanted} blocks are missing")
    return total


def _count(block: bytes) -> int:
    """Count the entries of a directory block (``struct ext4_dir_entry_2``)."""
    offset = found = 0
    while offset + 8 <= len(block):
        inode, length, name_length = struct.unpack_from("<IHB", block, offset)
        if length < 8 or offset + length > len(block):
            raise Damaged("an entry of it is damaged")
        name = block[offset + 8 : offset + 8 + name_length]
        found += bool(inode) and name not in (b".", b"..")
        offset += length
    return found


async def _extent_blocks(
    disk: Disk, layout: _Layout, node: bytes, depth: int
) -> AsyncIterator[int]:
    magic, entries, _, level = struct.unpack_from("<4H", node)
    if magic != _EXTENT_MAGIC or level > depth or 12 + entries * 12 > len(node):
        raise Damaged("the tree of its blocks is damaged")
    for index in range(entries):
        offset = 12 + index * 12
        if level:
            low, high = struct.unpack_from("<IH", node, offset + 4)
            child = await disk.read((low | high << 32) * layout.block_size, layout.block_size)
            async for number in _extent_blocks(disk, layout, child, level - 1):
                yield number
            continue
        length, high, low = struct.unpack_from("<HHI", node, offset + 4)
        for step in range(length if length <= 0x8000 else length - 0x8000):
            yield (low | high << 32) + step


async def _listed_blocks(disk: Disk, layout: _Layout, blocks: bytes) -> AsyncIterator[int]:
    """Yield the direct blocks, then those of the first indirect one."""
    direct = struct.unpack("<15I", blocks)
    for number in direct[:12]:
        if number:
            yield number
    if direct[12]:
        listed = await disk.read(direct[12] * layout.block_size, layout.block_size)
        for (number,) in struct.iter_unpack("<I", listed):
            if number:
                yield number
