"""The JSON of backup plans: as ``contract``, a contract with scripts."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta


class BackupDueObject(msgspec.Struct, frozen=True, kw_only=True):
    """A volume of a backup plan: ``backup plans``, the overdue first."""

    plan: Annotated[str, Meta(description="name of the plan")]
    every_hours: Annotated[float, Meta(description="how often the plan wants a backup")]
    keep: Annotated[int, Meta(description="how many good backups stay, 0 for all")]
    volume_id: Annotated[str, Meta(description="id of the volume")]
    volume: Annotated[str, Meta(description="name of the volume, or its id")]
    site: Annotated[str | None, Meta(description="the volume's site")]
    state: Annotated[str, Meta(description="overdue, due, running or ok")]
    last_good_id: Annotated[str | None, Meta(description="id of the last good backup")]
    last_good_at: Annotated[
        datetime | None, Meta(description="the moment whose data the last good backup holds")
    ]
    age_seconds: Annotated[float | None, Meta(description="how old that data is")]
    next_incremental: Annotated[bool, Meta(description="the next backup builds on the last one")]
    failed: Annotated[str, Meta(description="why the newest backup failed, else empty")]
