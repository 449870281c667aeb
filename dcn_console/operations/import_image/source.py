"""What is to be imported: a local file and the format it is in, or an address."""

import os
import stat
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import msgspec

from dcn_console.model.errors import UsageError
from dcn_console.model.text import format_bytes, printable

RAW = "raw"
FORMATS = ("raw", "qcow2", "vmdk", "vdi", "vhd", "vhdx", "iso")
"""Glance's names of the formats that can be imported."""
QEMU_NAMES = {"vhd": "vpc"}
"""qemu-img's names where they are others."""
AS_THEY_ARE = frozenset({"raw", "iso"})
"""Formats that there is nothing to convert about."""

_HEAD_BYTES = 36 * 1024
_FOOT_BYTES = 512
_MAGIC = (
    (0, b"QFI\xfb", "qcow2"),
    (0, b"KDMV", "vmdk"),
    (0, b"vhdxfile", "vhdx"),
    (0, b"conectix", "vhd"),
    (64, b"\x7f\x10\xda\xbe", "vdi"),
    (32769, b"CD001", "iso"),
)
_PACKED = ((b"\x1f\x8b", "gzip"), (b"\xfd7zXZ", "xz"), (b"BZh", "bzip2"), (b"PK\x03\x04", "zip"),
           (b"\x28\xb5\x2f\xfd", "zstd"))  # fmt: skip
_ENDINGS = {f".{name}": name for name in FORMATS}
_SCHEMES = frozenset({"http", "https"})


class LocalFile(msgspec.Struct, frozen=True, kw_only=True):
    """A disk file as it was when it was planned; ``size`` in bytes, ``changed`` in nanoseconds."""

    path: str
    size: int
    changed: int
    disk_format: str

    def is_unchanged(self) -> bool:
        """Whether the file is still the one that was planned."""
        try:
            seen = Path(self.path).stat()
        except OSError:
            return False
        return (seen.st_size, seen.st_mtime_ns) == (self.size, self.changed)


def local_file(path: str) -> LocalFile:
    """Look at a file of this machine; raises UsageError for what can be no disk."""
    found = Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100 (keeps symbolic links)
    name = printable(str(found), 200)
    try:
        seen = found.stat()
        if not stat.S_ISREG(seen.st_mode):
            raise UsageError(f"“{name}” is not a plain file.")
        if seen.st_size == 0:
            raise UsageError(f"“{name}” is empty.")
        with found.open("rb") as file:
            head = file.read(_HEAD_BYTES)
            file.seek(max(0, seen.st_size - _FOOT_BYTES))
            foot = file.read(_FOOT_BYTES)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(f"“{name}” cannot be read: {reason}.") from error
    packed = next((word for magic, word in _PACKED if head.startswith(magic)), "")
    if packed:
        raise UsageError(f"“{name}” is compressed ({packed}).", way_out="Unpack it first.")
    return LocalFile(
        path=str(found),
        size=seen.st_size,
        changed=seen.st_mtime_ns,
        disk_format=_format_of(head, foot),
    )


def _format_of(head: bytes, foot: bytes) -> str:
    for offset, magic, name in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return name
    return "vhd" if foot.startswith(b"conectix") else RAW


def checked_url(url: str) -> str:
    """Return an address that Glance may be asked to fetch; raises UsageError.

    One with a password is refused: Glance keeps and shows the address.
    """
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise UsageError("The URL must begin with http:// or https:// and a host.")
    if parts.username or parts.password:
        raise UsageError(
            "The URL holds a user or password, which Glance would keep for everybody to see.",
            way_out="Download the file and import it from here.",
            option="--file",
        )
    return url


def format_of_url(url: str) -> str:
    """Return the format that an address's ending tells, "" for none."""
    return _ENDINGS.get(PurePosixPath(urlsplit(url).path).suffix.lower(), "")


def words_of(disk_format: str, size: int) -> str:
    """Say format and size."""
    return f"{disk_format}, {format_bytes(size)}"
