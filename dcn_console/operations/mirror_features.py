"""Features of an RBD image around mirroring: what a mode needs, and what there was before.

The mask from before is kept with the RBD image itself, as metadata, so that whoever ends
mirroring, months later and from any machine, can restore it. Ceph mirrors metadata, so it is
known at the other side as well.

Source: librbd/Types.h and include/rbd/features.h (RBD_FEATURES_MUTABLE); measured on 16.2:
disabling journal mode takes journaling off by itself, deep-flatten never comes back.
"""

import msgspec

from dcn_console.ceph.cluster import Cluster
from dcn_console.model.mirroring import (
    FEATURE_DEEP_FLATTEN,
    FEATURE_EXCLUSIVE_LOCK,
    FEATURE_FAST_DIFF,
    FEATURE_JOURNALING,
    FEATURE_LAYERING,
    FEATURE_OBJECT_MAP,
    MirrorMode,
)

KEY = "dcn-console.features"
RESTORABLE = FEATURE_EXCLUSIVE_LOCK | FEATURE_OBJECT_MAP | FEATURE_FAST_DIFF | FEATURE_JOURNALING
"""What can be switched on as well as off."""

_NAMES = {
    FEATURE_LAYERING: "layering",
    FEATURE_EXCLUSIVE_LOCK: "exclusive-lock",
    FEATURE_OBJECT_MAP: "object-map",
    FEATURE_FAST_DIFF: "fast-diff",
    FEATURE_DEEP_FLATTEN: "deep-flatten",
    FEATURE_JOURNALING: "journaling",
}


class Note(msgspec.Struct, frozen=True):
    """The features that an RBD image had before the task with the id ``task`` mirrored it."""

    features: int
    task: str = ""


def needed(mode: MirrorMode) -> int:
    """Return the features that ``mode`` cannot do without; snapshot mode needs none."""
    return FEATURE_EXCLUSIVE_LOCK | FEATURE_JOURNALING if mode is MirrorMode.JOURNAL else 0


def difference(now: int, wanted: int) -> tuple[int, int]:
    """Return what to enable and what to disable to come from ``now`` to ``wanted``."""
    return wanted & ~now & RESTORABLE, now & ~wanted & RESTORABLE


def named(mask: int) -> str:
    """Return features in words: "exclusive-lock, journaling"."""
    return ", ".join(name for bit, name in _NAMES.items() if mask & bit) or "none"


async def read_note(cluster: Cluster, pool: str, image: str) -> Note | None:
    """Return what was noted with the RBD image, None for nothing, or nothing that is ours."""
    text = await cluster.content.get_metadata(pool, image, KEY)
    try:
        return msgspec.json.decode(text, type=Note) if text else None
    except msgspec.DecodeError:
        return None


async def write_note(cluster: Cluster, pool: str, image: str, note: Note) -> None:
    """Keep ``note`` with the RBD image."""
    await cluster.content.set_metadata(pool, image, KEY, msgspec.json.encode(note).decode())


async def remove_note(cluster: Cluster, pool: str, image: str) -> None:
    """Forget what was noted; no error without."""
    await cluster.content.remove_metadata(pool, image, KEY)


async def restore(cluster: Cluster, pool: str, image: str, wanted: int) -> int:
    """Bring an RBD image's features back to ``wanted`` and return what they are then.

    An object map that has to be switched on again is rebuilt, for it is invalid until then.
    """
    detail = await cluster.content.detail(pool, image)
    enable, disable = difference(detail.features, wanted)
    if not enable and not disable:
        return detail.features
    await cluster.content.set_features(pool, image, enable=enable, disable=disable)
    if enable & FEATURE_OBJECT_MAP:
        await cluster.content.rebuild_object_map(pool, image)
    return (await cluster.content.detail(pool, image)).features
