"""The content of RBD images in one cluster: details, features, data, copies inside the cluster.

Long work runs in an agent process of its own, and cancelling kills it. A change is asked for
exactly once. Sizes and offsets are bytes.
"""

import base64
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Any

import msgspec

from dcn_console.ceph.explain import Subject
from dcn_console.ceph.link import ClusterLink, LoneAgent, Progress
from dcn_console.ceph.mirror_wire import WireDetail
from dcn_console.model.inventory import RbdChild
from dcn_console.model.mirroring import RbdDetail

_LONG_DEADLINE = 90.0
"""Seconds that long work may go without a sign."""
_ANSWER_SECONDS = 60.0
_BATCH = 64
"""Objects of one request for hashes: progress, and the deadline, count by requests."""

_Nothing = dict[str, Any]


class UsedObjects(msgspec.Struct, frozen=True, kw_only=True):
    """Which objects of an RBD image hold data, in order; sizes in bytes."""

    numbers: tuple[int, ...]
    object_size: int
    size: int


class _Counted(msgspec.Struct, frozen=True):
    count: int
    object_size: int
    size: int


class _Data(msgspec.Struct, frozen=True):
    data: str


class _Removed(msgspec.Struct, frozen=True):
    removed: bool


class _Value(msgspec.Struct, frozen=True):
    value: str | None


class ClusterContent:
    """Raises ``ClusterUnreachable``, ``AgentError`` or ``ClusterError``, as ``Cluster`` does.

    Of the latter RbdImageNotFound, RbdImageBusy, RbdImageExists and NoSpace are told apart.
    ``on_progress`` is called on the caller's event loop, at most four times a second.
    """

    def __init__(self, link: ClusterLink) -> None:
        self._link = link

    async def detail(self, pool: str, name: str) -> RbdDetail:
        """Return everything about one RBD image. Raises RbdImageNotFound."""
        subject = Subject(pool=pool, name=name)
        return (await self._link.ask(WireDetail, "rbd_detail", subject)).parsed()

    async def children(self, pool: str, name: str) -> tuple[RbdChild, ...]:
        """Return the clones of an RBD image, of all its snapshots. Raises RbdImageNotFound."""
        subject = Subject(pool=pool, name=name)
        source = self._link.parts(tuple[RbdChild, ...], "children", subject)
        async with aclosing(source) as parts:
            return tuple([child async for part in parts for child in part])

    async def set_features(
        self, pool: str, name: str, *, enable: int = 0, disable: int = 0
    ) -> None:
        """Switch features on and off, in the order that librbd needs; the masks are its bits.

        Bits that are so already are left alone. An object map switched on is invalid until
        ``rebuild_object_map``.
        """
        subject = _work(
            pool, name, "keeps its features", "See `rbd info`; some features can never come back."
        )
        async with self._alone(subject) as agent:
            await agent.ask(_Nothing, "set_features", {"enable": enable, "disable": disable})

    async def rebuild_object_map(
        self, pool: str, name: str, on_progress: Progress | None = None
    ) -> None:
        """Make the object map true again; progress is 0 of its objects while it lasts."""
        subject = _work(pool, name, "keeps its object map", "See `rbd info`.")
        async with self._alone(subject) as agent:
            await agent.ask(_Nothing, "rebuild_object_map", None, on_progress)

    async def flatten(self, pool: str, name: str, on_progress: Progress | None = None) -> None:
        """Copy into a clone what it has from its parent; progress is in objects."""
        subject = _work(pool, name, "is not flattened", "Only a clone can be.")
        async with self._alone(subject) as agent:
            await agent.ask(_Nothing, "flatten", None, on_progress)

    async def get_metadata(self, pool: str, name: str, key: str) -> str | None:
        """Return what is kept with an RBD image under ``key``, None for nothing."""
        subject = Subject(pool=pool, name=name)
        return (await self._link.ask(_Value, "metadata_get", subject, {"key": key})).value

    async def set_metadata(self, pool: str, name: str, key: str, value: str) -> None:
        """Keep ``value`` with an RBD image; ``key`` begins with "dcn-console.". Ceph mirrors it."""
        subject = _work(pool, name, "keeps its metadata", "See `rbd image-meta list`.")
        async with self._alone(subject) as agent:
            await agent.ask(_Nothing, "metadata_set", {"key": key, "value": value})

    async def remove_metadata(self, pool: str, name: str, key: str) -> None:
        """Remove what is kept under ``key``, which begins with "dcn-console."; no error without."""
        subject = _work(pool, name, "keeps its metadata", "See `rbd image-meta list`.")
        async with self._alone(subject) as agent:
            await agent.ask(_Nothing, "metadata_remove", {"key": key})

    async def check_write(self, pool: str, name: str) -> None:
        """Raise ClusterError unless this user may change an RBD image; nothing is changed.

        It is opened for changes, and a key that nobody keeps is looked for.
        """
        subject = Subject(pool=pool, name=name)
        async with self._alone(subject) as agent:
            await agent.ask(_Nothing, "metadata_remove", {"key": "dcn-console.never-kept"})

    async def used_objects(
        self, pool: str, name: str, snapshot_id: int | None = None
    ) -> UsedObjects:
        """Return which objects hold data, at a snapshot or in the head."""
        numbers: list[int] = []
        subject = _work(pool, name, "is not looked through", "See `rbd info`.")
        async with self._alone(subject) as agent:
            end = await agent.collect(
                _Counted,
                "used_objects",
                {"snapshot_id": snapshot_id},
                lambda part: numbers.extend(msgspec.json.decode(part)),
            )
        return UsedObjects(numbers=tuple(numbers), object_size=end.object_size, size=end.size)

    async def hash_objects(
        self,
        pool: str,
        name: str,
        numbers: Sequence[int],
        snapshot_id: int | None = None,
        on_progress: Progress | None = None,
    ) -> dict[int, str]:
        """Return the SHA-256 of each object in hex digits; progress is in objects.

        A hole hashes as zeros; the last object ends with the RBD image. A number beyond the end
        is a ClusterError.
        """
        hashes: dict[int, str] = {}
        subject = _work(pool, name, "is not hashed", "See its size with `rbd info`.")
        async with self._alone(subject) as agent:
            for start in range(0, len(numbers), _BATCH):
                batch = list(numbers[start : start + _BATCH])
                parameters = {"snapshot_id": snapshot_id, "objects": batch}
                hashes |= dict(
                    await agent.ask(tuple[tuple[int, str], ...], "hash_objects", parameters)
                )
                if on_progress is not None:
                    on_progress(start + len(batch), len(numbers))
        return hashes

    async def read(
        self, pool: str, name: str, offset: int, length: int, snapshot_id: int | None = None
    ) -> bytes:
        """Return ``length`` bytes, at most 4 MiB, fewer at the end of the RBD image."""
        parameters = {"snapshot_id": snapshot_id, "offset": offset, "length": length}
        subject = _work(pool, name, "is not read", "See its size with `rbd info`.")
        raw = await self._link.ask(_Data, "read", subject, parameters)
        return base64.b64decode(raw.data)

    async def create_snapshot(self, pool: str, name: str, snapshot: str) -> None:
        """Take a snapshot. Raises RbdImageExists when there is one of that name."""
        subject = _work(pool, name, "gets no snapshot", "See `rbd snap ls`.")
        async with self._alone(subject) as agent:
            await agent.ask(_Nothing, "create_snapshot", {"snapshot": snapshot})

    async def remove_snapshot(self, pool: str, name: str, snapshot: str) -> None:
        """Remove a snapshot of our own: one whose name begins with "dcn-console."."""
        subject = _work(pool, name, "keeps its snapshot", "See `rbd snap ls`.")
        async with self._alone(subject) as agent:
            await agent.ask(_Nothing, "remove_snapshot", {"snapshot": snapshot})

    async def copy_within(
        self,
        pool: str,
        name: str,
        to_pool: str,
        to_name: str,
        owner: str,
        snapshot_id: int | None = None,
        on_progress: Progress | None = None,
    ) -> None:
        """Copy an RBD image, or its snapshot, without its holes; progress is in bytes.

        The copy carries ``owner`` in its metadata. One of the same owner is started again;
        RbdImageExists for any other. Raises NoSpace.
        """
        subject = _work(pool, name, "is not copied", "Choose another name for the copy.")
        parameters = {
            "snapshot_id": snapshot_id,
            "to_pool": to_pool,
            "to_name": to_name,
            "owner": owner,
        }
        async with self._alone(subject) as agent:
            await agent.ask(_Nothing, "copy_within", parameters, on_progress)

    async def remove_owned(self, pool: str, name: str, owner: str) -> bool:
        """Remove an RBD image that ``copy_within`` made for ``owner``; return whether it was."""
        subject = _work(pool, name, "is not removed", "Remove it by hand if it is not needed.")
        async with self._alone(subject) as agent:
            return (await agent.ask(_Removed, "remove_owned", {"owner": owner})).removed

    def _alone(self, subject: Subject) -> AbstractAsyncContextManager[LoneAgent]:
        return self._link.alone(subject, deadline=_LONG_DEADLINE, operation_seconds=_ANSWER_SECONDS)


def _work(pool: str, name: str, failed: str, way_out: str) -> Subject:
    return Subject(pool=pool, name=name, failed=failed, way_out=way_out)
