"""Where mirroring of one RBD image is to be switched off, judged from all sites."""

import msgspec

from dcn_console.model.plans import Check
from dcn_console.model.requests import RbdSubject
from dcn_console.operations.mirror_routes import PoolSides
from dcn_console.operations.mirror_sides import Side, label_of, other_sides
from dcn_console.operations.mirror_subject import refused


class Place(msgspec.Struct, frozen=True):
    """The side to act at, and the sides whose copies go. ``force`` without a primary.

    ``stranded`` are sides whose copies stay, for they do not receive from this one.
    """

    side: Side
    copies: tuple[Side, ...] = ()
    force: bool = False
    stranded: tuple[Side, ...] = ()

    def parted(self, pools: PoolSides) -> "Place":
        """Tell the copies that Ceph removes from those that it leaves where they are."""
        names = pools.stranded(self.side.name, (side.name for side in self.copies))
        return msgspec.structs.replace(
            self,
            copies=tuple(side for side in self.copies if side.name not in names),
            stranded=tuple(side for side in self.copies if side.name in names),
        )


def place_to_disable(subject: RbdSubject, sides: tuple[Side, ...]) -> Place | Check | None:
    """Return where to switch mirroring off, why nowhere, or None when it is not mirrored.

    The primary is the place. Without one, a lone copy may be cut loose by force, but only when
    every site answers: the primary may be at one that does not.
    """
    label = label_of(subject)
    mirrored = [side for side in sides if side.mirroring is not None]
    silent = [side for side in sides if not side.is_known]
    primaries = [side for side in mirrored if side.is_primary]
    if len(primaries) > 1:
        names = " and ".join(side.name for side in primaries)
        return refused(
            f"{label} is primary at {names}: both hold changes of their own.",
            "Settle which to keep first: dcn-console mirror failback",
        )
    if primaries:
        return Place(primaries[0], other_sides(sides, primaries[0]))
    if silent:
        errors = " ".join(side.error.message for side in silent if side.error is not None)
        if mirrored:
            return refused(
                f"{label} is no primary at {mirrored[0].name}, and its primary may be where nobody "
                f"answers. {errors}",
                "Wait until it answers, or make this side primary: dcn-console mirror failover",
            )
        return refused(f"Whether {label} is mirrored cannot be told. {errors}")
    if not mirrored:
        return None
    if len(mirrored) > 1:
        names = " and ".join(side.name for side in mirrored)
        return refused(
            f"{label} is primary nowhere: {names} both wait for the other.",
            "Make one of them primary first: dcn-console mirror relocate",
        )
    return Place(mirrored[0], force=True)
