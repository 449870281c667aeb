"""From what people type to mirrored RBD images: a volume, or POOL/IMAGE for a bare RBD image."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dcn_console.cli.columns import require_sites
from dcn_console.cli.core import core
from dcn_console.cli.framework import Session
from dcn_console.cli.reading import Reading, report_problems
from dcn_console.model.errors import AmbiguousName, UsageError
from dcn_console.model.mirror_rows import MirrorRow
from dcn_console.model.requests import RbdSubject
from dcn_console.model.rows import Rows, VolumeRow
from dcn_console.model.sites import Topology
from dcn_console.model.text import printable
from dcn_console.workspace.resolve import find_one

VOLUMES_ALONE = frozenset({"volumes"})
MIRRORS = frozenset({"volumes", "mirrors"})
VOLUME_PREFIX = "volume-"
"""Cinder names a volume's RBD image by this and its id (cinder, volume_name_template)."""


async def named_subjects(session: Session, names: Sequence[str]) -> tuple[RbdSubject, ...]:
    """Return what ``names`` mean, each once, in the order asked.

    Raises UsageError for what is neither a volume nor POOL/IMAGE.
    """
    reading = await core().read(session, VOLUMES_ALONE)
    report_problems(reading, "volumes")
    topology = session.settings.topology
    found = {}
    for name in names:
        subject = find_subject(reading.rows, topology, name)
        found[subject.pool, subject.image] = subject
    return tuple(found.values())


def find_subject(rows: Rows, topology: Topology, text: str) -> RbdSubject:
    """Return the RBD image of the volume that ``text`` means, or the one called POOL/IMAGE."""
    pool, slash, image = text.partition("/")
    volumes = {row.key: row for row in rows.volumes}
    bare = bool(pool and slash and image)
    if bare and image.removeprefix(VOLUME_PREFIX) in volumes:
        return volume_subject(volumes[image.removeprefix(VOLUME_PREFIX)], topology)
    try:
        found = find_one((row.volume for row in rows.volumes), text, "volume")
    except AmbiguousName:
        raise
    except UsageError as error:
        if bare:
            return RbdSubject(pool=pool, image=image, label=text)
        way_out = error.way_out or "Name a volume, or POOL/IMAGE for an RBD image of no volume."
        raise UsageError(error.message, way_out=way_out) from error
    return volume_subject(volumes[found.id], topology)


def volume_subject(row: VolumeRow, topology: Topology) -> RbdSubject:
    """Return the RBD image of a volume; raises UsageError for one at no site we reach."""
    label = row.volume.label
    cluster = topology.site(row.site).cluster if row.site else None
    if cluster is None:
        raise UsageError(
            f"Volume “{printable(label, 60)}” is at {row.site or 'no known site'}, where no Ceph "
            "access is configured.",
            way_out="Name its RBD image as POOL/IMAGE, or see: dcn-console doctor",
        )
    return RbdSubject(
        pool=cluster.volumes_pool,
        image=f"{VOLUME_PREFIX}{row.key}",
        volume_id=row.key,
        label=label,
        site=row.site or "",
    )


async def unmirrored_of(session: Session, site: str) -> tuple[RbdSubject, ...]:
    """Return the volumes that Cinder has at ``site`` and that are not mirrored yet."""
    reading = await _read_all_of(session, site)
    topology = session.settings.topology
    mirrored = {row.volume_id for row in reading.rows.mirrors}
    return _some(
        (
            volume_subject(row, topology)
            for row in reading.rows.volumes
            if row.site == site and row.key not in mirrored
        ),
        f"Every volume of {site} is mirrored, or it has none.",
    )


async def mirrored_of(session: Session, site: str) -> tuple[RbdSubject, ...]:
    """Return what is mirrored of ``site``: its volumes, and bare RBD images primary there."""
    reading = await _read_all_of(session, site)
    homes = {row.key: row.site for row in reading.rows.volumes}
    found = {}
    for row in reading.rows.mirrors:
        home = homes.get(row.volume_id or "")
        if (home or row.source.site) == site:
            found[row.pool, row.image] = row_subject(row, home or "")
    return _some(found.values(), f"Nothing of {site} is mirrored.")


def row_subject(row: MirrorRow, site: str = "") -> RbdSubject:
    """Return the RBD image of a mirroring row; ``site`` is where Cinder has the volume."""
    return RbdSubject(
        pool=row.pool, image=row.image, volume_id=row.volume_id, label=row.label, site=site
    )


async def _read_all_of(session: Session, site: str) -> Reading:
    require_sites(session.settings.topology, (site,))
    reading = await core().read(session, MIRRORS)
    report_problems(reading, "volumes")
    return reading


def _some(subjects: Iterable[RbdSubject], otherwise: str) -> tuple[RbdSubject, ...]:
    found = tuple(subjects)
    if not found:
        raise UsageError(otherwise)
    return found


@dataclass(frozen=True)
class MirroredThing:
    """A mirrored volume or RBD image, to be found by what people type."""

    id: str
    name: str | None
    pool: str
    image: str


def chosen_mirrors(rows: Sequence[MirrorRow], texts: Sequence[str]) -> tuple[MirrorRow, ...]:
    """Return the rows that ``texts`` mean, all without any; raises as ``find_one``."""
    if not texts:
        return tuple(rows)
    things = {
        (row.pool, row.image): MirroredThing(
            id=row.volume_id or row.image, name=row.volume_name, pool=row.pool, image=row.image
        )
        for row in rows
    }
    wanted = set()
    for text in texts:
        key = next((key for key in things if "/".join(key) == text), None)
        if key is None:
            found = find_one(things.values(), text, "mirrored volume")
            key = (found.pool, found.image)
        wanted.add(key)
    return tuple(row for row in rows if (row.pool, row.image) in wanted)
