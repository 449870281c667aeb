"""Plans: what an operation will do, before anybody agrees to it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec


class Outcome(StrEnum):
    """What a precondition said."""

    OK = "ok"
    WARNING = "warning"
    REFUSED = "refused"


class VerifyLevel(StrEnum):
    """How thoroughly a task looks before it says "done"."""

    NONE = "none"
    """Only that Glance lists the store."""
    METADATA = "metadata"
    """With Ceph access also that the RBD image has its protected snapshot and the right size."""
    DEEP = "deep"
    """Also that the data read back has the image's hash."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One checked precondition; ``site`` is None when it concerns the object as a whole.

    ``option`` is the way out on the command line, which the command line alone shows.
    """

    outcome: Outcome
    text: str
    site: str | None = None
    way_out: str = ""
    option: str = ""


class ObjectReference(msgspec.Struct, frozen=True, kw_only=True):
    """An object a plan is about: kind ("image", "volume", "backup" …), id, and name for people."""

    kind: str
    id: str
    name: str


class PlannedStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step a task will take; ``site`` is where it acts.

    ``undo`` says what can still be undone once it was taken, "" where there is nothing to say.
    """

    name: str
    text: str
    site: str | None = None
    undo: str = ""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What one task will do: made by reading only, confirmed by a person, then submitted.

    ``targets`` are the sites to act on, ``skipped`` maps a site to why nothing is to be done
    there. ``bytes_to_move`` and ``estimate_seconds`` are None when not known. ``commands`` are
    what one would type for the same effect. ``parameters`` are the operation's own, plain JSON.
    ``typed_name`` is what a person must type to agree to something that cannot be undone, ""
    where a plain yes will do; ``irreversible`` then says what is lost. ``reads_only`` is true of
    a task that changes nothing anywhere.
    """

    operation: str
    title: str
    objects: tuple[ObjectReference, ...]
    targets: tuple[str, ...]
    skipped: dict[str, str] = {}
    checks: tuple[Check, ...] = ()
    steps: tuple[PlannedStep, ...] = ()
    commands: tuple[str, ...] = ()
    bytes_to_move: int | None = None
    estimate_seconds: float | None = None
    estimate_basis: str = ""
    parameters: dict[str, Any] = {}
    reads_only: bool = False
    typed_name: str = ""
    irreversible: str = ""
    made_at: datetime

    @property
    def refusals(self) -> tuple[Check, ...]:
        """The checks that forbid the plan as a whole."""
        return tuple(
            check
            for check in self.checks
            if check.outcome is Outcome.REFUSED and check.site is None
        )

    @property
    def warnings(self) -> tuple[Check, ...]:
        """The checks that a person should read before agreeing."""
        return tuple(check for check in self.checks if check.outcome is Outcome.WARNING)

    @property
    def is_refused(self) -> bool:
        """Whether nothing of it may be submitted."""
        return bool(self.refusals)

    @property
    def has_work(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.targets) and not self.is_refused
