"""The diagnoses of ``doctor``, in words and in JSON."""

from typing import Annotated

import msgspec
from msgspec import Meta


class DiagnosisObject(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was checked: ``doctor``."""

    area: Annotated[str, Meta(description="what it belongs to, such as identity or ceph")]
    subject: Annotated[str, Meta(description="what was checked")]
    outcome: Annotated[str, Meta(description="ok, warning, problem or skipped")]
    text: Annotated[str, Meta(description="what was found")]
    way_out: Annotated[str, Meta(description="what to do about it")]
