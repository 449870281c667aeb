"""Backups and snapshots of the demo: chains, one that is overdue, one that failed, one orphan."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec.structs import replace

from dcn_console.simulator.backup_clock import NO_KEYRING
from dcn_console.simulator.backup_making import base_of, made_backup, with_point
from dcn_console.simulator.block_records import BackupRecord, VolumeSnapshotRecord
from dcn_console.simulator.deployment import Contents
from dcn_console.simulator.dice import Dice
from dcn_console.simulator.mirror_records import SnapshotRecord
from dcn_console.simulator.rbd_content import data_of
from dcn_console.simulator.records import GIB, ProjectRecord, RbdRecord, VolumeRecord
from dcn_console.simulator.volume_clock import snapshot_name
from dcn_console.simulator.volumes import rbd_name, rbd_record

_HOUR = 3600.0
_VERIFIED = "dcn_console_verified_at"
"""Where the console notes that a backup was proved."""


class DemoChain(NamedTuple):
    """A volume's backups by their age in hours: a full one and its increments.

    ``failed`` is the age of one that failed afterwards, ``verified`` that of the proof of the
    first, both 0 for none.
    """

    volume: str
    ages: tuple[float, ...]
    failed: float = 0.0
    verified: float = 0.0


CHAINS = (
    DemoChain("shop-db-01", (75.1, 51.1, 27.1, 3.1), verified=70.0),
    DemoChain("shop-db-02", (75.3, 51.3, 27.3, 3.3)),
    DemoChain("shop-db-03", (27.6, 3.6)),
    DemoChain("pos-leeds-db-01", (97.9, 73.9, 49.9)),
    DemoChain("pos-leeds-db-02", (50.4, 26.4), failed=2.4),
    DemoChain("vyos-bristol", (20 * 24.0,), verified=19 * 24.0),
)
PLANS = (
    {"name": "shop", "volumes": "shop-db-*", "every": 24.0, "keep": 7, "incremental_of": 6},
    {"name": "tills", "volumes": "pos-*-db-*", "every": 24.0, "keep": 4, "incremental_of": 3},
)
"""The demo's backup plans, as they are in its config file."""
SNAPSHOTS = (
    ("shop-web-root-01", "before-update", 30.0),
    ("shop-web-root-02", "before-update", 29.9),
    ("pos-bristol-root-01", "golden", 400.0),
)
"""Volume, name and age in hours of the demo's snapshots."""
GONE = ("old-till-server", 40, 60 * 24.0)
"""Name, size in GiB and age in hours of a volume that is gone, whose backup is left."""


def with_backups(contents: Contents) -> Contents:
    """Return the demo's contents with its backups and snapshots, as of ``contents.now``."""
    volumes = {volume.name or "": volume for volume in contents.volumes}
    made: list[BackupRecord] = []
    for item in CHAINS:
        made += _chain(contents, volumes[item.volume], item)
    made.append(_orphan(contents))
    snapshots = tuple(
        _snapshot(contents, volumes[volume], name, hours) for volume, name, hours in SNAPSHOTS
    )
    block = replace(contents.block, backups=tuple(made), snapshots=snapshots)
    return replace(contents, block=block)


def _chain(contents: Contents, volume: VolumeRecord, item: DemoChain) -> list[BackupRecord]:
    """Make a volume's backups, with what the clusters hold of them."""
    hub, dice = contents.deployment.hub, Dice(contents.deployment.seed)
    operator = contents.deployment.project("admin") or contents.deployment.projects[0]
    pools = contents.rbd[volume.site]
    site = contents.deployment.site(volume.site) or hub
    source = pools[site.volumes_pool][rbd_name(volume)]
    data = data_of(rbd_name(volume), source)
    chain: list[BackupRecord] = []
    for number, hours in enumerate(item.ages):
        key = f"backup/{item.volume}/{number}"
        parent = chain[-1] if chain else None
        at = contents.now - hours * _HOUR
        backup = made_backup(dice.identifier(key), hub, volume, at, parent)
        is_last = number + 1 == len(item.ages)
        metadata = {}
        if item.verified and not number:
            proved = datetime.fromtimestamp(contents.now - item.verified * _HOUR, UTC)
            metadata = {_VERIFIED: proved.isoformat(timespec="seconds")}
        chain.append(
            replace(
                backup,
                name=_name(volume.name or "", at),
                dependents=0 if is_last else 1,
                metadata=metadata,
                project_id=operator.id,
            )
        )
        source = with_point(source, backup, data)
    pools[site.volumes_pool][rbd_name(volume)] = source
    base = base_of(chain, data)
    if base is not None:
        _backups_pool(contents)[chain[0].base] = base
    return [*chain, *_failed(contents, volume, item, operator)]


def _name(volume: str, at: float) -> str:
    return f"{volume}-{datetime.fromtimestamp(at, UTC):%Y%m%d}"


def _failed(
    contents: Contents, volume: VolumeRecord, item: DemoChain, operator: ProjectRecord
) -> Iterable[BackupRecord]:
    if not item.failed:
        return ()
    at = contents.now - item.failed * _HOUR
    key = f"backup/{item.volume}/failed"
    backup = made_backup(
        Dice(contents.deployment.seed).identifier(key), contents.deployment.hub, volume, at
    )
    name = _name(volume.name or "", at)
    return (
        replace(
            backup, name=name, status="error", fail_reason=NO_KEYRING, base="", point="",
            updated_at=at + 9.0, project_id=operator.id,
        ),
    )  # fmt: skip


def _orphan(contents: Contents) -> BackupRecord:
    """The backup of a volume that was deleted."""
    name, size, hours = GONE
    dice, hub = Dice(contents.deployment.seed), contents.deployment.hub
    at = contents.now - hours * _HOUR
    volume = VolumeRecord(
        id=dice.identifier(f"volume/{name}"),
        site=hub.name,
        project_id=contents.deployment.projects[0].id,
        user_id=contents.deployment.users[0].id,
        size=size,
        created_at=at,
        updated_at=at,
        name=name,
        used=3 * GIB,
    )
    backup = made_backup(dice.identifier(f"backup/{name}"), hub, volume, at)
    backup = replace(backup, name=f"{name}-final")
    bare = base_of([backup], data_of(rbd_name(volume), rbd_record(volume, hub)))
    if bare is not None:
        _backups_pool(contents)[backup.base] = bare
    return backup


def _backups_pool(contents: Contents) -> dict[str, RbdRecord]:
    hub = contents.deployment.hub
    return contents.rbd[hub.name].setdefault(hub.backups_pool, {})


def _snapshot(
    contents: Contents, volume: VolumeRecord, name: str, hours: float
) -> VolumeSnapshotRecord:
    """Make a snapshot of a volume, with its RBD snapshot."""
    at = contents.now - hours * _HOUR
    identifier = Dice(contents.deployment.seed).identifier(f"snapshot/{volume.name}/{name}")
    site = contents.deployment.site(volume.site) or contents.deployment.hub
    images = contents.rbd[volume.site][site.volumes_pool]
    record = images[rbd_name(volume)]
    number = record.last_snapshot_id + 1
    point = SnapshotRecord(
        id=number,
        name=snapshot_name(identifier),
        size=record.size,
        taken_at=at,
        data=data_of(rbd_name(volume), record),
        protected=True,
    )
    images[rbd_name(volume)] = replace(
        record, last_snapshot_id=number, snapshots=(*record.snapshots, point)
    )
    return VolumeSnapshotRecord(
        id=identifier,
        volume_id=volume.id,
        project_id=volume.project_id,
        user_id=volume.user_id,
        size=volume.size,
        name=name,
        created_at=at,
        updated_at=at + 2.0,
    )
