"""The bytes behind images: computed from a seed, so that nothing has to be stored.

The data of an image is a repetition of one block of 64 KiB that depends on the image's id and
in which every repetition starts with its own number, so that no two blocks are equal.
"""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

BLOCK = 64 * 1024
_COUNTER = 8


class Digests(NamedTuple):
    """The hashes Glance keeps of an image: MD5 as ``checksum`` and SHA-512 (os_hash_value)."""

    checksum: str
    sha512: str
    size: int


class Prepared(NamedTuple):
    """Data that Glance fetched or converted before it goes to the stores.

    ``digests`` is None when there was none to get; ``is_kept`` says whether the bytes are in the
    simulator's folder, ``is_converted`` whether they are in another format than they came in.
    """

    digests: Digests | None
    is_kept: bool = False
    is_converted: bool = False


def blocks(image_id: str, size: int, start: int = 0) -> Iterator[bytes]:
    """Yield the bytes of an image from ``start`` to ``size``, at most 64 KiB at a time."""
    pattern = hashlib.shake_256(image_id.encode()).digest(BLOCK - _COUNTER)
    position = start
    while position < size:
        number, offset = divmod(position, BLOCK)
        block = number.to_bytes(_COUNTER, "big") + pattern
        end = min(BLOCK, offset + size - position)
        yield block[offset:end]
        position += end - offset


def digests(image_id: str, size: int) -> Digests:
    """Return the hashes of an image's synthetic bytes."""
    md5 = hashlib.md5(usedforsecurity=False)
    sha512 = hashlib.sha512()
    for block in blocks(image_id, size):
        md5.update(block)
        sha512.update(block)
    return Digests(md5.hexdigest(), sha512.hexdigest(), size)


def invented_hash(image_id: str) -> str:
    """Return what stands for the SHA-512 of an image whose bytes do not exist."""
    return hashlib.sha512(f"no bytes/{image_id}".encode()).hexdigest()
