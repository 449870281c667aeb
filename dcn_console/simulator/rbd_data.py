"""What an RBD image holds, object by object, described so small that it can be kept and compared.

Every object of 4 MiB is a hole or is computed from a seed: two objects are equal when their
seeds are, and different otherwise. Bytes are only made when somebody reads or hashes them.
"""

import hashlib
import struct
import uuid
from collections.abc import Iterable
from functools import lru_cache

import msgspec

OBJECT = 4 << 20
"""librbd's default object size, in bytes."""
HOLE = ""
ENCRYPTED = "luks/"
"""How the seeds of encrypted volumes begin: their first object starts with a LUKS header."""

_PATTERN = 64 * 1024
_VARIANTS = 8
_SECTOR = 512
_PARTITION = 1 << 20
_EXT4_BLOCK = 4096
_LARGEST = 1 << 30
"""The partition of a larger disk is as on one of this size, so that growing changes no byte."""
_SUPERBLOCK = 1024


class Layer(msgspec.Struct, frozen=True):
    """Data in the first ``count`` objects, made from ``seed``."""

    seed: str
    count: int


class Data(msgspec.Struct, frozen=True, omit_defaults=True):
    """The objects of an RBD image: the first layer that reaches an object has it.

    ``changes`` are objects that were written or discarded since: number to seed, or HOLE.
    """

    layers: tuple[Layer, ...] = ()
    changes: dict[int, str] = {}

    def seed(self, number: int) -> str:
        """Return the seed of an object, HOLE when there is none."""
        changed = self.changes.get(number)
        if changed is not None:
            return changed
        return next((layer.seed for layer in self.layers if number < layer.count), HOLE)

    def held(self) -> list[int]:
        """Return the numbers of the objects that hold data, in order."""
        reach = max((layer.count for layer in self.layers), default=0)
        numbers = [number for number in range(reach) if self.changes.get(number) != HOLE]
        numbers += (number for number, seed in self.changes.items() if number >= reach and seed)
        return sorted(numbers)

    def changed(self, changes: dict[int, str]) -> "Data":
        """Return the data after some objects were written (or discarded: HOLE)."""
        return Data(self.layers, {**self.changes, **changes})

    def over(self, lower: "Data") -> "Data":
        """Return this data with ``lower`` showing through its holes, as in a clone's parent.

        ``lower`` may have changes only where this data has layers.
        """
        changes = {**lower.changes, **self.changes}
        return Data(self.layers + lower.layers, changes)

    def cut(self, objects: int) -> "Data":
        """Return what of it lies in the first ``objects`` objects."""
        layers = tuple(Layer(layer.seed, min(layer.count, objects)) for layer in self.layers)
        kept = {number: seed for number, seed in self.changes.items() if number < objects}
        return Data(tuple(layer for layer in layers if layer.count), kept)


EMPTY = Data()


def objects_of(size: int) -> int:
    """Return how many objects an RBD image of ``size`` bytes has."""
    return -(-size // OBJECT)


def differing(new: Data, old: Data) -> list[int]:
    """Return the numbers of the objects in which two RBD images differ, in order."""
    if new.layers == old.layers:
        candidates: Iterable[int] = sorted(new.changes.keys() | old.changes.keys())
    else:
        candidates = sorted({*new.held(), *old.held()})
    return [number for number in candidates if new.seed(number) != old.seed(number)]


def partly(new: Data, old: Data, count: int) -> tuple[Data, int]:
    """Return ``old`` with its first ``count`` differing objects copied from ``new``.

    Also return how far the copy got: the number of the object that comes next.
    """
    numbers = differing(new, old)
    if count >= len(numbers):
        return new, (numbers[-1] + 1 if numbers else 0)
    reached = numbers[count]
    if old == EMPTY:
        return new.cut(reached), reached
    return old.changed({number: new.seed(number) for number in numbers[:count]}), reached


def object_bytes(seed: str, number: int, size: int) -> bytes:
    """Return the bytes of an object of an RBD image of ``size`` bytes."""
    length = max(0, min(OBJECT, size - number * OBJECT))
    if seed == HOLE:
        return bytes(length)
    pattern = hashlib.shake_256(f"{seed}/{number % _VARIANTS}".encode()).digest(_PATTERN)
    content = (pattern * (length // _PATTERN + 1))[:length]
    if number:
        return content
    head = _luks_head(seed) if seed.startswith(ENCRYPTED) else _disk_head(seed, size)
    return head[:length] + content[len(head) :]


def object_hash(seed: str, number: int, size: int) -> str:
    """Return the SHA-256 of an object in hexadecimal; only a few per seed are computed."""
    if (number + 1) * OBJECT > size:
        return hashlib.sha256(object_bytes(seed, number, size)).hexdigest()
    if number == 0:
        return _hash(seed, 0, size)
    return _hash(seed, _VARIANTS + number % _VARIANTS, (2 * _VARIANTS) * OBJECT)


@lru_cache(maxsize=4096)
def _hash(seed: str, number: int, size: int) -> str:
    return hashlib.sha256(object_bytes(seed, number, size)).hexdigest()


def _disk_head(seed: str, size: int) -> bytes:
    """A partition table (MBR) with one Linux partition at 1 MiB, and the superblock of an ext4."""
    head = bytearray(_PARTITION + 2 * _SUPERBLOCK)
    sectors = max(1, (min(size, _LARGEST) - _PARTITION) // _SECTOR)
    entry = struct.pack(
        "<B3sB3sII",
        0x80,
        b"\x20\x21\x00",
        0x83,
        b"\xfe\xff\xff",
        _PARTITION // _SECTOR,
        min(sectors, 0xFFFFFFFF),
    )
    head[440:444] = hashlib.sha256(seed.encode()).digest()[:4]
    head[446 : 446 + len(entry)] = entry
    head[510:512] = b"\x55\xaa"
    head[_PARTITION + _SUPERBLOCK :] = _ext4_superblock(seed, sectors * _SECTOR)
    return bytes(head)


def _ext4_superblock(seed: str, size: int) -> bytes:
    """The superblock of a clean ext4 (Linux, Documentation/filesystems/ext4/super.rst)."""
    blocks = size // _EXT4_BLOCK
    block = bytearray(_SUPERBLOCK)
    struct.pack_into("<IIIIIIIII", block, 0, blocks // 4, blocks, 0, blocks // 2, blocks // 5,
                     0, 2, 2, 32768)  # fmt: skip
    struct.pack_into("<HHHHH", block, 0x34, 1, 0xFFFF, 0xEF53, 1, 1)
    struct.pack_into("<IIHHIII", block, 0x4C, 1, 0, 0, 0, 11, 256, 0)
    struct.pack_into("<III", block, 0x5C, 0x3C, 0x242, 0x3)
    block[0x68:0x78] = uuid.uuid5(uuid.NAMESPACE_OID, seed).bytes
    block[0x78:0x80] = b"data\0\0\0\0"
    return bytes(block)


def _luks_head(seed: str) -> bytes:
    """A LUKS1 header (cryptsetup, docs/on-disk-format.pdf): magic, version, cipher, UUID."""
    head = bytearray(592)
    head[:8] = b"LUKS\xba\xbe\x00\x01"
    for start, word in ((8, b"aes"), (40, b"xts-plain64"), (72, b"sha256")):
        head[start : start + len(word)] = word
    head[168:204] = str(uuid.uuid5(uuid.NAMESPACE_OID, seed)).encode()
    return bytes(head)
