"""How volumes stand against the backup plans: the rows of the plans, and what is overdue. Pure."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from dcn_console.model.backup_chains import data_time
from dcn_console.model.backup_plans import BackupPlan, Due, all_due, overdue
from dcn_console.model.backup_rows import DueRow
from dcn_console.model.findings import BACKUP_OVERDUE, Finding, Severity
from dcn_console.model.inventory import Inventory
from dcn_console.model.sites import Topology
from dcn_console.model.text import printable


def judged(plans: Sequence[BackupPlan], inventory: Inventory, now: datetime) -> tuple[Due, ...]:
    """Judge every volume of every plan; nothing before all backups and volumes were read.

    A plan that chooses volumes by their metadata is judged once Cinder told which carry it.
    """
    if not plans or not (inventory.backups.complete and inventory.volumes.complete):
        return ()
    marked = {one.plan: frozenset(one.volume_ids) for one in inventory.marked.rows}
    volumes, backups = inventory.volumes.rows, inventory.backups.rows
    return all_due(plans, volumes, backups, inventory.topology, now, marked)


def due_rows(
    plans: Sequence[BackupPlan], dues: Iterable[Due], inventory: Inventory
) -> tuple[DueRow, ...]:
    """Return a row for each volume of a plan, and one for each plan that is not judged."""
    known = {one.plan for one in inventory.marked.rows}
    unjudged = (DueRow(plan=plan) for plan in plans if plan.metadata and plan.name not in known)
    return (*unjudged, *(_row(one, inventory.topology) for one in dues))


def overdue_findings(dues: Iterable[Due], topology: Topology) -> dict[str, tuple[Finding, ...]]:
    """Return by volume id what is overdue."""
    found: dict[str, tuple[Finding, ...]] = {}
    for one in overdue(dues):
        finding = _overdue(one, _site(one, topology))
        found[one.volume.id] = (*found.get(one.volume.id, ()), finding)
    return found


def _row(due: Due, topology: Topology) -> DueRow:
    return DueRow(
        plan=due.plan,
        volume_id=due.volume.id,
        volume=due.volume.label,
        site=_site(due, topology),
        state=due.state,
        last_good=due.last_good,
        incremental=due.incremental,
        failed=due.failed,
    )


def _site(due: Due, topology: Topology) -> str | None:
    site = topology.in_availability_zone(due.volume.availability_zone or "")
    return site.name if site is not None else None


def _overdue(due: Due, site: str | None) -> Finding:
    last = "no good backup"
    if due.last_good is not None:
        last = f"no good backup since {data_time(due.last_good).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    failed = f" The last one failed: {printable(due.failed, 200)}" if due.failed else ""
    return Finding(
        kind=BACKUP_OVERDUE,
        severity=Severity.WARNING,
        key=due.volume.id,
        site=site,
        text=f"Volume “{printable(due.volume.label)}” has {last}; the plan "
        f"“{printable(due.plan.name)}” wants one every {due.plan.every:g} h.{failed}",
        way_out="Run “dcn-console backup run-due”, and see that a timer runs it.",
    )
