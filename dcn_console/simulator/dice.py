"""Seeded choices: the same seed and key always give the same identifier, number or pick."""

import hashlib
import uuid
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """A source of values that depend only on the seed and on the key asked with."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def _digest(self, key: str) -> bytes:
        return hashlib.blake2b(f"{self.seed}/{key}".encode(), digest_size=16).digest()

    def identifier(self, key: str) -> str:
        """Return a UUID with dashes."""
        return str(uuid.UUID(bytes=self._digest(key), version=4))

    def hex_identifier(self, key: str) -> str:
        """Return a UUID as 32 hexadecimal digits, as Keystone writes its ids."""
        return uuid.UUID(bytes=self._digest(key), version=4).hex

    def fraction(self, key: str) -> float:
        """Return a number from 0 up to 1."""
        return int.from_bytes(self._digest(key)[:6], "big") / float(1 << 48)

    def number(self, key: str, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``, both included."""
        return low + int(self.fraction(key) * (high - low + 1))

    def pick(self, key: str, choices: Sequence[T]) -> T:
        """Return one of ``choices``."""
        return choices[self.number(key, 0, len(choices) - 1)]

    def hash_value(self, key: str) -> str:
        """Return something that looks like a SHA-512 in hexadecimal."""
        return hashlib.sha512(f"{self.seed}/{key}".encode()).hexdigest()
