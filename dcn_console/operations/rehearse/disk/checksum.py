"""CRC-32C (Castagnoli), with which ext4, XFS and btrfs protect their metadata (RFC 3720)."""

_POLYNOMIAL = 0x82F63B78


def _row(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
    return value


_TABLE = tuple(_row(value) for value in range(256))


def crc32c(data: bytes, seed: int = 0xFFFFFFFF) -> int:
    """Return the remainder of ``data`` without the final inversion, as ext4 stores it."""
    remainder = seed
    for byte in data:
        remainder = (remainder >> 8) ^ _TABLE[(remainder ^ byte) & 0xFF]
    return remainder
