"""Partition tables and filesystems, as real tools make them, and as they may be damaged."""

import asyncio
import random
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dcn_console.operations.rehearse.disk.checksum import crc32c
from dcn_console.operations.rehearse.disk.contents import DiskReport
from dcn_console.operations.rehearse.disk.look import in_words, look_at_disk
from dcn_console.operations.rehearse.disk.source import Damaged, Disk

MIB = 1 << 20


def report_of(data: bytes, size: int | None = None) -> DiskReport:
    async def read(offset: int, length: int) -> bytes:
        return data[offset : offset + length].ljust(length, b"\0")

    return asyncio.run(look_at_disk(Disk(read, size or len(data))))


def make(path: Path, size: int, *command: str) -> bytes:
    """Let a real tool write a disk of ``size`` bytes; skips where it is not installed."""
    tool = shutil.which(command[0], path="/usr/sbin:/sbin:/usr/bin:/bin")
    if tool is None:
        pytest.skip(f"{command[0]} is not installed")
    with path.open("wb") as disk:
        disk.truncate(size)
    subprocess.run((tool, *command[1:]), check=True, capture_output=True, timeout=300)
    return path.read_bytes()


def an_ext(folder: Path, kind: str = "ext4", *options: str, size: int = 16 * MIB) -> bytes:
    """Return a filesystem with 30 files and a folder besides lost+found."""
    tree = folder / "tree"
    (tree / "etc").mkdir(parents=True, exist_ok=True)
    for number in range(30):
        (tree / f"a file with a longer name {number}").write_text("x")
    path = folder / f"{kind}.img"
    return make(
        path, size, f"mkfs.{kind}", "-q", "-F", "-L", "data", "-d", str(tree), *options, str(path)
    )


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("ext2", ()),
        ("ext3", ()),
        ("ext4", ()),
        ("ext4", ("-b", "1024", "-O", "^metadata_csum,^64bit")),
        ("ext4", ("-O", "inline_data")),
        ("ext4", ("-b", "4096", "-O", "^extents,^64bit,^metadata_csum")),
    ],
)
def test_ext_lists_its_root(tmp_path: Path, kind: str, options: tuple[str, ...]) -> None:
    report = report_of(an_ext(tmp_path, kind, *options))
    assert report.contents is not None
    assert report.contents.label == "data"
    assert report.contents.entries == 32
    assert report.contents.kind == kind
    assert report.every_problem == ()


def changed(data: bytes, offset: int, new: bytes) -> bytes:
    return data[:offset] + new + data[offset + len(new) :]


def sealed(data: bytes) -> bytes:
    """Return an ext4 with the checksum of its changed superblock made right."""
    return changed(data, 1024 + 0x3FC, struct.pack("<I", crc32c(data[1024 : 1024 + 0x3FC])))


def test_an_ext_journal_to_replay_is_told_and_no_problem(tmp_path: Path) -> None:
    data = an_ext(tmp_path)
    (incompatible,) = struct.unpack_from("<I", data, 1024 + 96)
    data = sealed(changed(data, 1024 + 96, struct.pack("<I", incompatible | 4)))
    report = report_of(data)
    assert report.every_problem == ()
    assert "its journal has to be replayed" in in_words(report)


def test_damaged_ext_is_a_problem(tmp_path: Path) -> None:
    data = an_ext(tmp_path)
    (problem,) = report_of(changed(data, 1024 + 40, b"\xff")).every_problem
    assert "checksum of its superblock" in problem
    assert report_of(data[: 2 * MIB]).every_problem
    assert "in a space of" in report_of(data[: 8 * MIB]).every_problem[0]
    (block_size,) = struct.unpack_from("<I", data, 1024 + 24)
    size = 1024 << block_size
    (table,) = struct.unpack_from("<I", data, (size if size > 1024 else 2048) + 8)
    wiped = changed(data, table * size, bytes(size))
    assert "no directory" in report_of(wiped).every_problem[0]
    errors = sealed(changed(data, 1024 + 58, struct.pack("<H", 3)))
    assert "fsck" in report_of(errors).every_problem[0]


def test_xfs(tmp_path: Path) -> None:
    path = tmp_path / "xfs.img"
    size = 320 * MIB
    data = make(path, size, "mkfs.xfs", "-q", "-f", "-L", "pets", str(path))
    report = report_of(data)
    assert report.contents is not None
    assert (report.contents.kind, report.contents.label) == ("xfs", "pets")
    assert (report.contents.entries, report.contents.dirty) == (0, "")
    assert report.every_problem == ()
    assert "checksum" in report_of(changed(data, 20, b"\1")).every_problem[0]
    (group_blocks,) = struct.unpack_from(">I", data, 84)
    (block_size,) = struct.unpack_from(">I", data, 4)
    wiped = changed(data, group_blocks * block_size, bytes(4096))
    assert "allocation group 1" in report_of(wiped).every_problem[0]


def test_gpt_with_a_filesystem(tmp_path: Path) -> None:
    path = tmp_path / "gpt.img"
    disk = make(path, 40 * MIB, "sgdisk", "-n", "1:0:+4M", "-n", "2:0:0", "-c", "2:root", str(path))
    disk = changed(disk, 5 * MIB, an_ext(tmp_path))
    report = report_of(disk)
    assert report.table == "GPT"
    assert [part.name for part in report.partitions] == ["", "root"]
    assert report.partitions[0].contents is None
    assert report.partitions[1].contents is not None
    assert report.partitions[1].contents.entries == 32
    assert report.every_problem == ()
    assert "copy at the end" in report_of(disk[:-512] + bytes(512)).every_problem[0]
    assert "checksum of its header" in report_of(changed(disk, 512 + 40, b"\x77")).every_problem[0]
    assert "its header is not" in report_of(changed(disk, 512, bytes(512))).every_problem[0]
    assert "beyond the end" in " ".join(report_of(disk[: 20 * MIB]).every_problem)


def mbr(*entries: tuple[int, int, int]) -> bytes:
    """Return a record with entries of (type, first sector, sectors)."""
    packed = b"".join(struct.pack("<B3xB3xII", 0, *entry) for entry in entries)
    return bytes(446) + packed.ljust(64, b"\0") + b"\x55\xaa"


def test_mbr_with_logical_partitions() -> None:
    disk = bytearray(4 * MIB)
    disk[:512] = mbr((0x82, 100, 200), (0x05, 1000, 5000))
    disk[100 * 512 + 4086 : 100 * 512 + 4096] = b"SWAPSPACE2"
    disk[1000 * 512 : 1001 * 512] = mbr((0x83, 10, 100), (0x05, 500, 200))
    disk[1500 * 512 : 1501 * 512] = mbr((0x83, 10, 100))
    report = report_of(bytes(disk))
    assert [(part.number, part.offset // 512) for part in report.partitions] == [
        (1, 100),
        (5, 1010),
        (6, 1510),
    ]
    assert "1 (100 KiB) swap" in in_words(report)
    assert report_of(bytes(disk)).every_problem == ()
    disk[1500 * 512 : 1501 * 512] = bytes(512)
    assert "logical partitions" in report_of(bytes(disk)).every_problem[0]


def test_a_chain_of_logical_partitions_without_end() -> None:
    disk = bytearray(4 * MIB)
    disk[:512] = mbr((0x05, 1000, 5000))
    disk[1000 * 512 : 1001 * 512] = mbr((0x83, 10, 100), (0x05, 500, 200))
    disk[1500 * 512 : 1501 * 512] = mbr((0x83, 10, 100), (0x05, 500, 200))
    assert "no end" in report_of(bytes(disk)).every_problem[0]


def a_fat32(entries: int, *, clean: bool = True) -> bytes:
    disk = bytearray(MIB)
    struct.pack_into("<HBHBHH", disk, 11, 512, 1, 32, 2, 0, 0)
    struct.pack_into("<I", disk, 32, MIB // 512)
    struct.pack_into("<I4xI", disk, 36, 8, 2)
    disk[71:90] = b"NO NAME    " + b"FAT32   "
    disk[510:512] = b"\x55\xaa"
    table, root = 32 * 512, (32 + 16) * 512
    chain = [0x0FFFFFF8, 0x0FFFFFFF if clean else 0x07FFFFFF, 3, 0x0FFFFFFF]
    struct.pack_into("<4I", disk, table, *chain)
    for index in range(entries):
        place = root + index * 32
        disk[place : place + 12] = b"FILE    TXT\x20"
    return bytes(disk)


def test_fat_lists_its_root_over_clusters() -> None:
    report = report_of(a_fat32(20))
    assert report.contents is not None
    assert (report.contents.kind, report.contents.entries) == ("vfat (FAT32)", 20)
    assert report.contents.dirty == ""
    assert "not unmounted" in in_words(report_of(a_fat32(3, clean=False)))


def test_what_is_known_but_not_looked_into() -> None:
    luks = b"LUKS\xba\xbe\0\2".ljust(MIB, b"\0")
    assert "cannot be read without its key" in in_words(report_of(luks))
    lvm = (bytes(512) + b"LABELONE" + bytes(16) + b"LVM2 001").ljust(MIB, b"\0")
    assert "LVM" in in_words(report_of(lvm))
    ntfs = b"\xeb\x52\x90NTFS    ".ljust(MIB, b"\0")
    assert "ntfs" in report_of(ntfs).every_problem[0]
    block = bytearray(4096)
    block[64:72] = b"_BHRfS_M"
    struct.pack_into("<Q", block, 96, 1)
    struct.pack_into("<I", block, 0, crc32c(bytes(block[32:])) ^ 0xFFFFFFFF)
    disk = (bytes(64 << 10) + bytes(block)).ljust(MIB, b"\0")
    assert report_of(disk).every_problem == ()
    assert "btrfs, its log tree has to be replayed" in in_words(report_of(disk))
    assert report_of(changed(disk, (64 << 10) + 200, b"x")).every_problem


def test_blank_and_unknown() -> None:
    assert report_of(b"", 64 * MIB).blank
    assert "of no kind known" in in_words(report_of(b"data".ljust(MIB, b"x")))


def test_the_checksum_is_that_of_the_rfc() -> None:
    assert crc32c(b"123456789") ^ 0xFFFFFFFF == 0xE3069283


@given(st.binary(max_size=4096), st.integers(0, 3))
def test_any_bytes_are_answered(data: bytes, kind: int) -> None:
    heads = (b"", b"XFSB", b"LUKS\xba\xbe", bytes(1024 + 56) + b"\x53\xef")
    head = heads[kind]
    report_of((head + data).ljust(3 * MIB, b"\0"))


@settings(max_examples=30)
@given(st.integers(0, 2**32))
def test_a_damaged_fat_is_answered(seed: int) -> None:
    rng = random.Random(seed)
    data = bytearray(a_fat32(20))
    for _ in range(20):
        data[rng.randrange(48 * 512 + 2048)] = rng.randrange(256)
    report_of(bytes(data))


def test_nothing_leads_beyond_the_end() -> None:
    async def read(offset: int, length: int) -> bytes:
        return bytes(length)

    disk = Disk(read, 1000)
    for offset, length in ((990, 11), (-1, 2), (1 << 60, 1)):
        with pytest.raises(Damaged):
            asyncio.run(disk.read(offset, length))
    with pytest.raises(Damaged):
        disk.part(10, 1000)
