"""A stand-in for librbd's Python binding, on the same JSON file as the ``rados`` beside it."""

from collections.abc import Callable, Iterator
from typing import Any, Optional

import rados

RBD_MIRROR_IMAGE_DISABLED = 2
OBJECT_BYTES = 4 << 20


class Error(rados.Error):  # type: ignore[misc] # the real module has no types either
    """Base of the binding's errors."""


class ImageNotFound(Error):
    """ENOENT."""


class ImageBusy(Error):
    """EBUSY."""


class ImageHasSnapshots(Error):
    """ENOTEMPTY."""


class RBD:
    """The pool's operations."""

    def version(self) -> Any:
        return (1, 16, 0)

    def list(self, ioctx: Any) -> Any:
        rados.act(ioctx.path, "list")
        return [
            *rados.load(ioctx.path)["pools"][ioctx.pool],
            *rados.load(ioctx.path).get("ghosts", []),
        ]

    def remove(self, ioctx: Any, name: str, on_progress: Callable[[int, int], int]) -> None:
        rados.act(ioctx.path, "remove")
        if on_progress(1, 2) != 0:
            raise Error("the callback returned no 0", 22)


class Image:
    """An RBD image, opened for reading only."""

    def __init__(
        self,
        ioctx: Any,
        name: str,
        snapshot: Optional[str] = None,  # noqa: UP045
        read_only: bool = False,
    ) -> None:
        self._path = ioctx.path
        rados.act(self._path, "open")
        image = rados.load(self._path)["pools"][ioctx.pool].get(name)
        if image is None or (snapshot and snapshot not in image.get("snaps", {})):
            raise ImageNotFound(f"error opening image {name}", 2)
        if not read_only:
            raise Error("opened for writing", 30)
        self._image = image

    def __enter__(self) -> "Image":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def size(self) -> int:
        return int(self._image["size"])

    def list_snaps(self) -> Iterator[Any]:
        return iter({"name": name} for name in self._image.get("snaps", {}))

    def is_protected_snap(self, name: str) -> bool:
        return bool(self._image["snaps"][name])

    def watchers_list(self) -> Iterator[Any]:
        return iter({"addr": address} for address in self._image.get("watchers", []))

    def mirror_image_get_info(self) -> Any:
        return {"state": 1 if self._image.get("mirrored") else RBD_MIRROR_IMAGE_DISABLED}

    def parent_info(self) -> Any:
        if not self._image.get("clone"):
            raise ImageNotFound("no parent", 2)
        return ("images", "parent", "snap")

    def diff_iterate(
        self,
        offset: int,
        length: int,
        from_snapshot: None,
        iterate_cb: Callable[[int, int, bool], None],
        include_parent: bool,
        whole_object: bool,
    ) -> None:
        rados.act(self._path, "diff_iterate")
        if include_parent or not whole_object:
            raise Error("counts what is not the image's own", 22)
        for start, _ in self._image.get("pieces", []):
            iterate_cb(start - start % OBJECT_BYTES, OBJECT_BYTES, True)

    def read(self, offset: int, length: int) -> bytes:
        rados.act(self._path, "read")
        data = bytearray(length)
        for start, content in self._image.get("pieces", []):
            if offset <= start < offset + length:
                data[start - offset : start - offset + len(content)] = content.encode()
        return bytes(data)
