"""What is recognised without being looked into: btrfs, swap, LVM, LUKS."""

import struct

from dcn_console.operations.rehearse.disk.checksum import crc32c
from dcn_console.operations.rehearse.disk.contents import Contents
from dcn_console.operations.rehearse.disk.source import Disk

_BTRFS_SUPERBLOCK, _BTRFS_BYTES = 64 << 10, 4096
_PAGE = 4096


async def btrfs(disk: Disk) -> Contents | None:
    """Return what a btrfs filesystem tells (Linux: uapi/linux/btrfs_tree.h)."""
    if disk.size < _BTRFS_SUPERBLOCK + _BTRFS_BYTES:
        return None
    block = await disk.read(_BTRFS_SUPERBLOCK, _BTRFS_BYTES)
    if block[64:72] != b"_BHRfS_M":
        return None
    problems = []
    (kind_of_sum,) = struct.unpack_from("<H", block, 196)
    (wanted,) = struct.unpack_from("<I", block)
    if kind_of_sum == 0 and crc32c(block[32:]) ^ 0xFFFFFFFF != wanted:
        problems.append("the checksum of its superblock is wrong")
    (log_root,) = struct.unpack_from("<Q", block, 96)
    (size,) = struct.unpack_from("<Q", block, 112)
    (devices,) = struct.unpack_from("<Q", block, 136)
    if devices == 1 and size > disk.size:
        problems.append(f"it has {size} bytes in a space of {disk.size}")
    return Contents(
        kind="btrfs",
        label=block[299:555].split(b"\0")[0].decode("utf-8", "replace"),
        size=size,
        dirty="its log tree has to be replayed" if log_root else "",
        note="its files were not looked at",
        problems=tuple(problems),
    )


async def luks(disk: Disk) -> Contents | None:
    """Return what a LUKS header tells (cryptsetup: on-disk format)."""
    head = await disk.head(8)
    if head[:6] != b"LUKS\xba\xbe":
        return None
    (version,) = struct.unpack(">H", head[6:])
    note = "encrypted: what it holds cannot be read without its key"
    return Contents(kind=f"LUKS{version}", note=note)


async def lvm(disk: Disk) -> Contents | None:
    """Return whether there is an LVM physical volume (lvm2: format_text/layout.h)."""
    head = await disk.head(4 * 512)
    labels = (head[start : start + 32] for start in range(0, len(head), 512))
    if not any(label[:8] == b"LABELONE" and label[24:32] == b"LVM2 001" for label in labels):
        return None
    note = "a physical volume: what it holds was not looked at"
    return Contents(kind="LVM", note=note)


async def swap(disk: Disk) -> Contents | None:
    """Return whether there is a swap area (util-linux: mkswap)."""
    head = await disk.head(_PAGE)
    return Contents(kind="swap") if head[-10:] == b"SWAPSPACE2" else None
