"""Reading a disk by bytes, in blocks that are kept for a while."""

import struct
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

ReadAt = Callable[[int, int], Awaitable[bytes]]
BLOCK = 256 << 10
MOST_KEPT = 128
MOST_READ = 1 << 30
"""A disk whose structures lead further than this many bytes is not followed."""


class Damaged(Exception):
    """Something on the disk is not as it must be; the text says what, in one clause."""


class Disk:
    """A range of bytes: a whole disk, or with ``part`` a partition of it."""

    def __init__(self, read_at: ReadAt, size: int) -> None:
        """``read_at`` returns bytes from an offset; ``size`` is in bytes."""
        self.size = size
        self._offset = 0
        self._blocks = _Blocks(read_at, size)

    def part(self, offset: int, size: int) -> "Disk":
        """Return the part of ``size`` bytes at ``offset``. Raises Damaged beyond the end."""
        if offset < 0 or size <= 0 or offset + size > self.size:
            raise Damaged(f"bytes {offset} to {offset + size - 1} are beyond the end of the disk")
        found = Disk.__new__(Disk)
        found.size = size
        found._offset = self._offset + offset
        found._blocks = self._blocks
        return found

    async def read(self, offset: int, length: int) -> bytes:
        """Return ``length`` bytes. Raises Damaged beyond the end."""
        if offset < 0 or length < 0 or offset + length > self.size:
            raise Damaged(f"it points beyond its end, to byte {offset}")
        return await self._blocks.read(self._offset + offset, length)

    async def unpack(self, layout: str, offset: int) -> tuple[Any, ...]:
        """Return the fields of a ``struct`` layout at ``offset``. Raises Damaged."""
        return struct.unpack(layout, await self.read(offset, struct.calcsize(layout)))

    async def head(self, length: int) -> bytes:
        """Return the first ``length`` bytes, followed by zeros where the disk is shorter."""
        return (await self.read(0, min(length, self.size))).ljust(length, b"\0")


class _Blocks:
    def __init__(self, read_at: ReadAt, size: int) -> None:
        self._read_at = read_at
        self._size = size
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._left = MOST_READ

    async def read(self, offset: int, length: int) -> bytes:
        parts = []
        first, last = offset // BLOCK, (offset + max(length, 1) - 1) // BLOCK
        for number in range(first, last + 1):
            parts.append(await self._block(number))
        start = offset - first * BLOCK
        data = b"".join(parts)[start : start + length]
        if len(data) != length:
            raise Damaged(f"only {len(data)} of {length} bytes could be read at byte {offset}")
        return data

    async def _block(self, number: int) -> bytes:
        if number in self._kept:
            self._kept.move_to_end(number)
            return self._kept[number]
        length = min(BLOCK, self._size - number * BLOCK)
        self._left -= length
        if self._left < 0:
            raise Damaged("its structures lead too far")
        self._kept[number] = await self._read_at(number * BLOCK, length)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return self._kept[number]
