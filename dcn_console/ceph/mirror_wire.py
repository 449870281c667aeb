"""Mirrored RBD images as the agent sends them, and what they are decoded to."""

from datetime import datetime

import msgspec

from dcn_console.ceph.replay_text import replay_status
from dcn_console.model.mirroring import (
    ImageSnapshot,
    MirrorImage,
    MirrorMode,
    MirrorSnapshot,
    RbdDetail,
    RbdParent,
    RemoteStatus,
    ReplayStatus,
    Watcher,
)


class WireStatus(msgspec.Struct, frozen=True):
    """A daemon's report, its text unparsed."""

    state: str = ""
    up: bool = False
    reported_at: datetime | None = None
    text: str = ""

    def parsed(self) -> ReplayStatus:
        """Return it with its text taken apart."""
        return replay_status(self.state, up=self.up, reported_at=self.reported_at, text=self.text)


class WireRemote(msgspec.Struct, frozen=True):
    """A peer's report."""

    mirror_uuid: str
    status: WireStatus = WireStatus()


class WireImage(msgspec.Struct, frozen=True):
    """An RBD image with mirroring."""

    name: str
    id: str = ""
    global_id: str = ""
    mode: MirrorMode | None = None
    primary: bool = False
    enabled: bool = True
    status: WireStatus | None = None
    remote: tuple[WireRemote, ...] = ()

    def parsed(self) -> MirrorImage:
        """Return it with the daemons' texts taken apart."""
        return MirrorImage(
            name=self.name,
            id=self.id,
            global_id=self.global_id,
            mode=self.mode,
            primary=self.primary,
            enabled=self.enabled,
            status=self.status.parsed() if self.status is not None else None,
            remote=tuple(
                RemoteStatus(mirror_uuid=remote.mirror_uuid, status=remote.status.parsed())
                for remote in self.remote
            ),
        )


class WireDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One opened RBD image."""

    name: str
    id: str
    size: int
    object_size: int
    features: int
    flags: int
    parent: RbdParent | None
    children: int
    watchers: tuple[Watcher, ...]
    lock_owner: str
    created_at: datetime | None
    modified_at: datetime | None
    snapshots: tuple[ImageSnapshot, ...]
    mirror_snapshots: tuple[MirrorSnapshot, ...]
    mirroring: WireImage | None

    def parsed(self) -> RbdDetail:
        """Return it with the daemons' texts taken apart."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        fields["mirroring"] = self.mirroring.parsed() if self.mirroring is not None else None
        return RbdDetail(**fields)
