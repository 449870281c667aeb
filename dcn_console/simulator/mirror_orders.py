"""What a client may ask of one mirrored RBD image, and librbd's refusals (measured on 16.2.15)."""

from msgspec.structs import replace

from dcn_console.model.mirroring import (
    FEATURE_EXCLUSIVE_LOCK,
    FEATURE_JOURNALING,
    FEATURE_NON_PRIMARY,
    MirrorMode,
    PoolMode,
)
from dcn_console.simulator.mirror_clock import notice, settle_image, take_snapshot
from dcn_console.simulator.mirror_motion import enter
from dcn_console.simulator.mirror_records import CLOSED, MirrorRecord, ReplayPhase
from dcn_console.simulator.rbd_content import data_of, holding, image_id
from dcn_console.simulator.records import RbdRecord, SimulatedSite
from dcn_console.simulator.refusals import ClusterRefusal, busy, invalid, missing
from dcn_console.simulator.world import World

_NOT_PRIMARY = "it is not primary here"
_NOT_DEMOTED = "it is primary at a peer, or the demotion there has not arrived here yet"


class Order:
    """One RBD image of one cluster that something is asked of."""

    def __init__(self, world: World, site: SimulatedSite, pool: str, name: str) -> None:
        settle_image(world, pool, name, world.now)
        self.world = world
        self.site = site
        self.pool = pool
        self.name = name

    @property
    def record(self) -> RbdRecord:
        """The RBD image; raises ClusterRefusal when there is none."""
        found = self.world.record(self.site.name, self.pool, self.name)
        if found is None:
            raise missing(f"error opening image {self._shown} at snapshot None")
        return found

    @property
    def _shown(self) -> str:
        return repr(self.name.encode())

    def _mirrored(self, refusal: ClusterRefusal) -> MirrorRecord:
        mirroring = self.record.mirroring
        if mirroring is None:
            raise refusal
        return mirroring

    def _put(self, record: RbdRecord) -> None:
        self.world.put_rbd(self.site, self.pool, self.name, record)

    def _notice(self, global_id: str, delay: float | None = None) -> None:
        notice(self.world, self.pool, self.name, global_id, self.world.now, delay)

    def enable(self, mode: MirrorMode) -> None:
        """Begin to mirror; refused in the wrong pool mode, for a clone, and in another mode."""
        why = f"error enabling mirroring for image {self._shown}"
        record = self.record
        if self.world.mirrors.pool(self.site.name, self.pool).mode is PoolMode.DISABLED:
            raise invalid(why, "the pool's mirroring mode is not image")
        if record.mirroring is not None:
            if record.mirroring.mode is not mode:
                raise invalid(why, "it is mirrored already, in the other mode")
            return
        if record.parent is not None and not self._is_parent_mirrored(record):
            parent = f"{record.parent.pool}/{record.parent.image}@{record.parent.snapshot}"
            raise invalid(
                why, f"mirroring is not enabled for the parent: it is a clone of {parent}"
            )
        mirroring = MirrorRecord(
            global_id=self.world.new_identifier("global"),
            mode=mode,
            primary=True,
            lineage=(self.world.new_identifier("primary"),),
        )
        features = record.features
        if mode is MirrorMode.JOURNAL:
            features |= FEATURE_EXCLUSIVE_LOCK | FEATURE_JOURNALING
        self._put(replace(record, mirroring=mirroring, features=features))
        if mode is MirrorMode.SNAPSHOT:
            take_snapshot(self.world, self.site, self.pool, self.name, self.world.now)
        self._notice(mirroring.global_id)

    def _is_parent_mirrored(self, record: RbdRecord) -> bool:
        parent = record.parent
        return parent is not None and (
            self.world.mirroring(self.site.name, parent.pool, parent.image) is not None
        )

    def disable(self, *, force: bool) -> None:
        """Mirror no more: what follows it elsewhere is deleted, the journal goes."""
        record = self.record
        mirroring = record.mirroring
        if mirroring is None:
            return
        if not (mirroring.primary or force):
            raise invalid(f"error disabling mirroring for image {self._shown}", _NOT_PRIMARY)
        features = record.features & ~FEATURE_NON_PRIMARY
        if mirroring.mode is MirrorMode.JOURNAL:
            features &= ~FEATURE_JOURNALING
        self._put(replace(record, mirroring=None, features=features))
        self._notice(mirroring.global_id, 1.0)

    def promote(self, *, force: bool) -> None:
        """Make this side primary; refused unless the old primary was demoted, or by force."""
        why = f"error promoting image {self._shown} to primary"
        mirroring = self._mirrored(missing(why))
        if mirroring.primary:
            raise invalid(why, "it is primary here")
        if not (mirroring.is_closed or force):
            raise busy(why, _NOT_DEMOTED)
        record = self._rolled_back(why)
        lineage = (*mirroring.lineage, self.world.new_identifier("primary"))
        promoted = MirrorRecord(
            global_id=mirroring.global_id,
            mode=mirroring.mode,
            primary=True,
            lineage=lineage,
            entries=mirroring.entries,
        )
        features = record.features & ~FEATURE_NON_PRIMARY
        self._put(replace(record, mirroring=promoted, features=features))
        now = self.world.now
        replay = self.world.mirrors.replay(self.site.name, self.pool, mirroring.global_id)
        if replay is not None:
            enter(self.world, replay, ReplayPhase.PRIMARY, now)
        if mirroring.mode is MirrorMode.SNAPSHOT:
            take_snapshot(self.world, self.site, self.pool, self.name, now)
        self._notice(mirroring.global_id)

    def _rolled_back(self, why: str) -> RbdRecord:
        """Return the RBD image without a sync that has not arrived whole (PromoteRequest.cc)."""
        record = self.record
        mirroring = self._mirrored(invalid(why, _NOT_PRIMARY))
        replay = self.world.mirrors.replay(self.site.name, self.pool, mirroring.global_id)
        if mirroring.mode is not MirrorMode.SNAPSHOT or replay is None or replay.sync is None:
            return record
        if not any(snapshot.complete for snapshot in mirroring.snapshots):
            raise invalid(why, "no mirror snapshot has arrived whole")
        return holding(record, replay.sync.base)

    def demote(self) -> None:
        """Make this side one that may not be written to."""
        why = f"error demoting image {self._shown} to secondary"
        mirroring = self._mirrored(invalid(why, _NOT_PRIMARY))
        if not mirroring.primary:
            raise invalid(why, _NOT_PRIMARY)
        now = self.world.now
        if mirroring.mode is MirrorMode.SNAPSHOT:
            take_snapshot(self.world, self.site, self.pool, self.name, now, state="primary-demoted")
        record = self.record
        mirroring = self._mirrored(invalid(why, _NOT_PRIMARY))
        lineage = (*mirroring.lineage, f"{CLOSED}{self.world.new_identifier('demoted')}")
        is_snapshot = mirroring.mode is MirrorMode.SNAPSHOT
        features = record.features | (FEATURE_NON_PRIMARY if is_snapshot else 0)
        demoted = replace(mirroring, primary=False, lineage=lineage)
        self._put(
            replace(
                record,
                data=data_of(self.name, record),
                mirroring=demoted,
                features=features,
            )
        )
        self._notice(mirroring.global_id)

    def resync(self, wanted: str) -> None:
        """Ask that the RBD image with this id be thrown away and copied anew by its daemon."""
        why = f"error to resync image {self._shown}"
        if image_id(self.site, self.pool, self.name, self.record, self.world) != wanted:
            raise missing(why, "another RBD image has its name by now")
        mirroring = self._mirrored(missing(why))
        if mirroring.primary:
            raise invalid(why, "it is primary here")
        delay = self.world.deployment.mirroring.vanish
        marked = replace(mirroring, resync_at=self.world.now + delay)
        self._put(replace(self.record, mirroring=marked))
        self._notice(mirroring.global_id, delay)

    def snapshot(self) -> int:
        """Take a mirror snapshot; return its id."""
        why = f"error creating mirror snapshot for image {self._shown}"
        mirroring = self.record.mirroring
        if mirroring is None:
            raise invalid(why, "it is not mirrored")
        if mirroring.mode is not MirrorMode.SNAPSHOT:
            raise invalid(why, "it is mirrored in journal mode")
        if not mirroring.primary:
            raise invalid(why, _NOT_PRIMARY)
        return take_snapshot(self.world, self.site, self.pool, self.name, self.world.now)
