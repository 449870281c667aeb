"""A stand-in for librbd's Python binding, on the same JSON file as the ``rados`` beside it."""

import datetime
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


class InvalidArgument(Error):
    """EINVAL."""


class ReadOnlyImage(Error):
    """EROFS."""


ERRORS = {16: ImageBusy, 22: InvalidArgument, 30: ReadOnlyImage}


def record(path: str, call: str, *arguments: Any) -> None:
    """Write down a call, and fail as the cluster's faults say, with librbd's own errors."""
    try:
        rados.record(path, call, *arguments)
    except rados.Error as error:
        number = int(error.errno or 0)
        raise ERRORS.get(number, Error)(f"{call} failed", number) from error


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

    def mirror_mode_get(self, ioctx: Any) -> int:
        return int(rados.load(ioctx.path).get("mirror_mode", 1))

    def mirror_site_name_get(self, handle: Any) -> str:
        return str(rados.load(handle.path)["fsid"])

    def mirror_uuid_get(self, ioctx: Any) -> str:
        if "mirror_uuid" not in rados.load(ioctx.path):
            raise ImageNotFound("error retrieving mirror uuid", 2)
        return str(rados.load(ioctx.path)["mirror_uuid"])

    def mirror_peer_list(self, ioctx: Any) -> Any:
        return iter(rados.load(ioctx.path).get("peers", []))

    def mirror_image_info_list(self, ioctx: Any) -> Any:
        return iter(
            (f"id-{name}", {"mode": mode, "global_id": f"g-{name}", "state": 1, "primary": primary})
            for name, (mode, primary, _) in rados.load(ioctx.path).get("mirrored", {}).items()
        )

    def mirror_image_status_list(self, ioctx: Any) -> Any:
        return iter(
            {
                "name": name,
                "id": f"id-{name}",
                "info": {"global_id": f"g-{name}", "state": 1},
                "state": 4,
                "up": True,
                "description": description,
                "last_update": datetime.datetime(2026, 11, 21, 12, 0, 0),
                "remote_statuses": [],
            }
            if description is not None
            else {"name": name, "id": f"id-{name}", "info": {"global_id": f"g-{name}", "state": 1}}
            for name, (_, _, description) in rados.load(ioctx.path).get("mirrored", {}).items()
        )

    def mirror_peer_bootstrap_create(self, ioctx: Any) -> str:
        record(ioctx.path, "token")
        return str(rados.load(ioctx.path)["token"])

    def mirror_peer_add(self, ioctx: Any, site_name: str, client: str, direction: int) -> str:
        record(ioctx.path, "peer add", site_name, client, direction)
        return "new-peer"

    def mirror_peer_set_attributes(self, ioctx: Any, uuid: str, attributes: Any) -> None:
        record(ioctx.path, "peer attributes", uuid, sorted(attributes))

    def mirror_peer_set_name(self, ioctx: Any, uuid: str, name: str) -> None:
        record(ioctx.path, "peer name", uuid, name)

    def mirror_peer_set_client(self, ioctx: Any, uuid: str, client: str) -> None:
        record(ioctx.path, "peer client", uuid, client)

    def mirror_peer_remove(self, ioctx: Any, uuid: str) -> None:
        record(ioctx.path, "peer remove", uuid)

    def trash_list(self, ioctx: Any) -> Iterator[Any]:
        return iter({"name": name} for name in rados.load(ioctx.path).get("trash", []))


class Image:
    """An RBD image, opened for reading only unless the cluster has ``writable``."""

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
        if not read_only and not rados.load(self._path).get("writable"):
            raise Error("opened for writing", 30)
        self._image = image

    def __enter__(self) -> "Image":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def size(self) -> int:
        return int(self._image["size"])

    def list_snaps(self) -> Iterator[Any]:
        names = self._image.get("snaps", {})
        return iter(
            {"id": number, "name": name, "namespace": 0} for number, name in enumerate(names, 1)
        )

    def set_snap_by_id(self, number: int) -> None:
        self._at = list(self._image["snaps"])[number - 1]

    def list_children2(self) -> Iterator[Any]:
        for pool, name, trashed in self._image.get("children", {}).get(self._at, []):
            yield {"pool": pool, "image": name, "trash": trashed}

    def is_protected_snap(self, name: str) -> bool:
        return bool(self._image["snaps"][name])

    def watchers_list(self) -> Iterator[Any]:
        return iter({"addr": address} for address in self._image.get("watchers", []))

    def mirror_image_get_info(self) -> Any:
        return {"state": 1 if self._image.get("mirrored") else RBD_MIRROR_IMAGE_DISABLED}

    def mirror_image_promote(self, force: bool) -> None:
        record(self._path, "promote", force)

    def mirror_image_enable(self, mode: int) -> None:
        record(self._path, "enable", mode)

    def mirror_image_demote(self) -> None:
        record(self._path, "demote")

    def features(self) -> int:
        return int(self._image.get("features", 61))

    def update_features(self, mask: int, enabled: bool) -> None:
        record(self._path, "features", mask, enabled)

    def stat(self) -> Any:
        return {"obj_size": OBJECT_BYTES, "num_objs": -(-self.size() // OBJECT_BYTES)}

    def flatten(self, on_progress: Callable[[int, int], int]) -> None:
        record(self._path, "flatten")
        if on_progress(1, 2) != 0:
            raise Error("the callback returned no 0", 22)

    def create_snap(self, name: str) -> None:
        record(self._path, "create_snap", name)

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
        if include_parent == whole_object:
            raise Error("counts what is not the image's own, or misses what is", 22)
        for start, content in self._image.get("pieces", []):
            if offset <= start < offset + length:
                if whole_object:
                    iterate_cb(start - start % OBJECT_BYTES, OBJECT_BYTES, True)
                else:
                    iterate_cb(start, len(content), True)

    def read(self, offset: int, length: int) -> bytes:
        rados.act(self._path, "read")
        data = bytearray(length)
        for start, content in self._image.get("pieces", []):
            if offset <= start < offset + length:
                data[start - offset : start - offset + len(content)] = content.encode()
        return bytes(data)
