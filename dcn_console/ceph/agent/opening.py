# ruff: noqa: UP045 - the file must load in Python 3.6: no list[str], no str | None
"""Opening RBD images, and facts about them that several operations need."""

import datetime
from typing import Any, Optional


def open_image(ioctx: Any, name: str, snapshot: Optional[str] = None) -> Any:
    """Open an RBD image for reading only, so that nobody is kept from removing it."""
    import rbd

    return rbd.Image(ioctx, name, snapshot=snapshot, read_only=True)


def open_at(ioctx: Any, name: str, snapshot_id: Optional[int]) -> Any:
    """Open an RBD image for reading only, at a snapshot of any namespace or at its head."""
    image = open_image(ioctx, name)
    if snapshot_id is not None:
        try:
            image.set_snap_by_id(snapshot_id)
        except Exception:
            image.close()
            raise
    return image


def open_to_change(ioctx: Any, name: str) -> Any:
    """Open an RBD image for changes: promote, too, is refused on one opened for reading."""
    import rbd

    return rbd.Image(ioctx, name)


def moment(value: Optional[datetime.datetime]) -> Optional[str]:
    """Return one of librbd's times, which are UTC without saying so; None for 1970."""
    if value is None or value.year <= 1970:
        return None
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")


def parent_of(image: Any) -> Optional[dict[str, str]]:
    """Return the snapshot that an RBD image is a clone of."""
    import rbd

    try:
        pool, parent, snapshot = image.parent_info()
    except rbd.ImageNotFound:
        return None
    return {"pool": pool, "image": parent, "snapshot": snapshot}
