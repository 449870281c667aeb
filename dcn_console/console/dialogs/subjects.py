"""The RBD images that a mirroring action is for."""

from collections.abc import Iterable

from dcn_console.console.situation import Situation
from dcn_console.model.mirror_rows import MirrorRow
from dcn_console.model.requests import RbdSubject
from dcn_console.model.rows import VolumeRow
from dcn_console.model.sites import Topology
from dcn_console.model.text import count, printable

_NAME = 40


def mirrored(situation: Situation, volumes: Iterable[VolumeRow]) -> tuple[RbdSubject, ...]:
    """Return the mirrored RBD images of a situation, each once.

    ``volumes`` are all volumes: they tell where Cinder has each.
    """
    wanted = {row.volume_id for row in situation.mirrors}
    sites = {row.key: row.site or "" for row in volumes if row.key in wanted}
    subjects = (_of_mirror(row, sites) for row in situation.mirrors)
    return tuple(dict.fromkeys(subjects))


def unmirrored(situation: Situation) -> tuple[RbdSubject, ...]:
    """Return the volumes of a situation that are not mirrored yet."""
    return tuple(
        _of_volume(row, situation.topology) for row in situation.volumes if not row.mirrors
    )


def what(situation: Situation) -> str:
    """Return what an action is for in words: "db-01", "3 volumes", "5 RBD images"."""
    chosen: tuple[tuple[str, list[str]], ...] = (
        ("image", [row.image.label for row in situation.images]),
        ("backup", [row.backup.label for row in situation.backups]),
        ("snapshot", [row.snapshot.label for row in situation.snapshots]),
        ("server", [row.server.label for row in situation.servers]),
        ("volume", [row.volume.label for row in situation.volumes]),
        ("RBD image", [row.label for row in situation.mirrors]),
    )
    for noun, names in chosen:
        if names:
            return printable(names[0], _NAME) if len(names) == 1 else count(len(names), noun)
    return printable(situation.pair.direction, _NAME) if situation.pair else "nothing chosen"


def named(subjects: tuple[RbdSubject, ...]) -> str:
    """Return what subjects are called together."""
    if len(subjects) == 1:
        return printable(subjects[0].label or subjects[0].image, _NAME)
    return count(len(subjects), "RBD image")


def _of_mirror(row: MirrorRow, sites: dict[str, str]) -> RbdSubject:
    return RbdSubject(
        pool=row.pool,
        image=row.image,
        volume_id=row.volume_id,
        label=row.label,
        site=sites.get(row.volume_id or "", ""),
    )


def _of_volume(row: VolumeRow, topology: Topology) -> RbdSubject:
    site = next((item for item in topology if item.name == row.site), None)
    pool = site.cluster.volumes_pool if site is not None and site.cluster is not None else "volumes"
    return RbdSubject(
        pool=pool,
        image=f"volume-{row.key}",
        volume_id=row.key,
        label=row.volume.label,
        site=row.site or "",
    )
