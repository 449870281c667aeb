"""What was found in a partition or on a whole disk."""

import msgspec


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """A filesystem, or something else that is known.

    ``kind`` is a word such as "ext4" or "LUKS"; ``entries`` how many its root directory has, None
    when not looked at. ``dirty`` says what a mount has to mend, "" for nothing; ``note`` what was
    not looked into. ``problems`` are what makes it unusable.
    """

    kind: str
    label: str = ""
    size: int | None = None
    entries: int | None = None
    dirty: str = ""
    note: str = ""
    problems: tuple[str, ...] = ()


class Partition(msgspec.Struct, frozen=True, kw_only=True):
    """A partition with what is in it; None for nothing that is known. Sizes are bytes."""

    number: int
    offset: int
    size: int
    name: str = ""
    contents: Contents | None = None
    problems: tuple[str, ...] = ()


class DiskReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a disk holds.

    ``table`` is "GPT", "MBR" or "" for none; ``contents`` what is on a disk without a table.
    ``blank`` is true when its beginning holds zeros only.
    """

    size: int
    table: str = ""
    partitions: tuple[Partition, ...] = ()
    contents: Contents | None = None
    blank: bool = False
    problems: tuple[str, ...] = ()

    @property
    def every_problem(self) -> tuple[str, ...]:
        """All problems, each with its place."""
        found = list(self.problems)
        for partition in self.partitions:
            place = f"partition {partition.number}"
            found += [f"{place}: {problem}" for problem in partition.problems]
            if partition.contents is not None:
                kind = partition.contents.kind
                found += [f"{place} ({kind}): {problem}" for problem in partition.contents.problems]
        if self.contents is not None:
            kind = self.contents.kind
            found += [f"{kind}: {problem}" for problem in self.contents.problems]
        return tuple(found)
