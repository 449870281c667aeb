"""What a plan to change the primary begins with: all sides, the pool's peers, who uses it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from dcn_console.inventory.services import Services
from dcn_console.model.plans import Check, Plan, PlannedStep
from dcn_console.model.requests import RbdSubject
from dcn_console.model.text import printable
from dcn_console.operations.base import PlanContext
from dcn_console.operations.mirror_routes import PoolSides, pool_sides
from dcn_console.operations.mirror_sides import Side, label_of, look_everywhere, site_named
from dcn_console.operations.mirror_steps.usage import Usage, usage_of
from dcn_console.operations.mirror_subject import reference, refused, task_at_work


@dataclass(frozen=True)
class Scene:
    """One RBD image at all sites with Ceph access."""

    subject: RbdSubject
    sides: tuple[Side, ...]
    pools: PoolSides
    usage: Usage

    @property
    def label(self) -> str:
        """What people call it."""
        return label_of(self.subject)

    @property
    def mirrored(self) -> tuple[Side, ...]:
        """The sides where it is mirrored."""
        return tuple(side for side in self.sides if side.mirroring is not None)

    @property
    def primaries(self) -> tuple[Side, ...]:
        """The sides that are primary."""
        return tuple(side for side in self.sides if side.is_primary)

    @property
    def silent(self) -> tuple[Side, ...]:
        """The sides that cannot be asked."""
        return tuple(side for side in self.sides if not side.is_known)

    def side(self, name: str) -> Side | None:
        """Return the side at a site, None for one without Ceph access."""
        return next((side for side in self.sides if side.name == name), None)

    def receives(self, receiver: Side, source: Side) -> bool:
        """Whether the pool at ``receiver`` receives from ``source``."""
        return self.pools.receiving_peer(receiver.name, source.name) is not None


async def look_around(services: Services, subject: RbdSubject) -> Scene:
    """Look everywhere at once."""
    sides, pools, usage = await asyncio.gather(
        look_everywhere(services, subject),
        pool_sides(services, subject.pool),
        usage_of(services, subject),
    )
    return Scene(subject, sides, pools, usage)


def check_site(services: Services, name: str | None) -> None:
    """Raise UsageError for the name of a site that there is not."""
    site_named(services.topology, name)


def occupied(subject: RbdSubject, context: PlanContext, operation: str, verb: str) -> Plan | None:
    """Return a plan that is refused because another task is at work on ``subject``."""
    number = task_at_work(subject, context)
    if number is None:
        return None
    check = refused(
        f"Task {number} is at work on it.", f"Wait for it, or cancel it: task cancel {number}"
    )
    return refusal(subject, context, operation, verb, [check])


def refusal(
    subject: RbdSubject,
    context: PlanContext,
    operation: str,
    verb: str,
    checks: Sequence[Check],
    skipped: dict[str, str] | None = None,
) -> Plan:
    """Return a plan without work."""
    return Plan(
        operation=operation,
        title=f"{verb} {label_of(subject)}",
        objects=(reference(subject),),
        targets=(),
        skipped=skipped or {},
        checks=tuple(checks),
        made_at=context.now,
    )


def silence(side: Side) -> str:
    """Say that a side cannot be asked, and why."""
    why = side.error.message if side.error is not None else ""
    return f"{side.name} cannot be asked. {printable(why, 300)}".strip()


def names_of(sides: Sequence[Side]) -> str:
    """Return the names of sites in a sentence."""
    return ", ".join(side.name for side in sides)


def numbered(steps: Sequence[PlannedStep | None]) -> tuple[PlannedStep, ...]:
    """Return the steps that are to be taken."""
    return tuple(step for step in steps if step is not None)
