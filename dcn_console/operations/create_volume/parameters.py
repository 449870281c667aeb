"""What the steps of creating a volume need to know."""

import msgspec


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """A volume to be created at ``site``; ``size`` and ``total`` are bytes.

    ``parent`` is the RBD image that its own is to be a clone of, as POOL/IMAGE@SNAPSHOT, ""
    when it is none. ``flattened`` is fine too where Cinder may have filled it at once.
    ``total`` are the bytes that will be copied, None when not known.
    """

    site: str
    name: str
    zone: str
    size: int
    image_id: str | None = None
    snapshot_id: str | None = None
    volume_type: str = ""
    parent: str = ""
    may_be_flat: bool = False
    bootable: bool = False
    total: int | None = 0
