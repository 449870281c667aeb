"""``backup plans`` and ``backup run-due``: what the config file wants backed up, and doing it."""

import asyncio
from datetime import UTC, datetime

import click

from dcn_console.cli.contract_backups import BackupDueObject
from dcn_console.cli.core import core
from dcn_console.cli.framework import Command, Session, open_session
from dcn_console.cli.listing import Column, Listing, OutputFormat
from dcn_console.cli.messages import say
from dcn_console.cli.options import list_options, print_listing
from dcn_console.cli.reading import BACKUP_PLANS, Reading, report_problems
from dcn_console.cli.status import ExitStatus
from dcn_console.cli.submitting import Choices, carry_out, change_options
from dcn_console.config.suggest import way_out
from dcn_console.model.backup_plans import Due, all_due, to_run
from dcn_console.model.errors import DcnError, UsageError
from dcn_console.model.plans import Plan
from dcn_console.model.sites import Topology
from dcn_console.model.storage_requests import BackUpVolumes
from dcn_console.model.tasks import Task
from dcn_console.model.text import format_age, printable
from dcn_console.workspace.interface import Workspace

NAME = "backup-create"


class PlansUnreadable(DcnError):
    """What plans are judged by could not be read, so nothing may be concluded from it."""


@click.command("plans", cls=Command)
@list_options
def backup_plans(sites: tuple[str, ...], text: str, order: str, output: OutputFormat) -> ExitStatus:
    """List the volumes of the backup plans with their last good backup, the overdue first."""
    session = open_session()
    reading = asyncio.run(core().read(session, BACKUP_PLANS))
    status = report_problems(reading, "backups")
    now = datetime.now(UTC)
    topology = session.settings.topology
    dues = judged(session, reading, now)
    rows = tuple(one for one in dues if not sites or site_name(one, topology) in sites)
    if not session.settings.backup_plans:
        say("The config file has no [[backup_plans]].")
    listing = Listing(_columns(topology, now), rows, lambda one: _object(one, topology))
    print_listing(listing, text, order, output)
    return status


@click.command("run-due", cls=Command)
@click.option("--plan", "name", metavar="NAME", default="", help="Only the volumes of this plan.")
@change_options
def backup_run_due(name: str, choices: Choices) -> ExitStatus:
    """Back up what the plans say is due. For cron and systemd timers.

    What another task works on already is left to it.
    """
    session = open_session()
    _require_plan(session, name)
    found: list[Due] = []

    async def planning(workspace: Workspace) -> tuple[Plan, ...]:
        reading = await core().read(session, BACKUP_PLANS)
        _refuse_gaps(reading)
        dues = judged(session, reading, datetime.now(UTC))
        busy = _at_work(workspace.tasks())
        chosen = [one for one in dues if not name or one.plan.name == name]
        found.extend(one for one in to_run(chosen) if one.volume.id not in busy)
        plans: list[Plan] = []
        for one in found:
            plans.extend(await workspace.plan(request_for(one)))
        return tuple(plans)

    status = carry_out(session, planning, choices)
    if not found:
        say("Nothing is due.")
    return status


def judged(session: Session, reading: Reading, now: datetime) -> tuple[Due, ...]:
    """Judge every volume of every plan by what was read."""
    inventory = reading.inventory
    return all_due(
        session.settings.backup_plans,
        inventory.volumes.rows,
        inventory.backups.rows,
        session.settings.topology,
        now,
        {one.plan: one.volume_ids for one in inventory.marked.rows},
    )


def request_for(one: Due) -> BackUpVolumes:
    """Return what is asked for when a volume is due."""
    return BackUpVolumes(
        volume_ids=(one.volume.id,), incremental=one.incremental, keep=one.plan.keep or None
    )


def site_name(one: Due, topology: Topology) -> str | None:
    """Return the site of a volume, None when no site has its zone."""
    zone = one.volume.availability_zone
    site = topology.in_availability_zone(zone) if zone else None
    return site.name if site is not None else None


def _require_plan(session: Session, name: str) -> None:
    names = [plan.name for plan in session.settings.backup_plans]
    if name and name not in names:
        raise UsageError(
            f"There is no backup plan “{printable(name, 60)}”.",
            way_out=way_out(name, names, "Plans"),
        )


def _refuse_gaps(reading: Reading) -> None:
    """Raise PlansUnreadable when a part was not read: a gap would make everything look due."""
    inventory = reading.inventory
    for part in (inventory.volumes, inventory.backups, inventory.marked):
        if part.error is not None:
            raise PlansUnreadable(f"What is due cannot be told: {part.error}")


def _at_work(tasks: tuple[Task, ...]) -> set[str]:
    """Return the ids of the volumes that a task backs up."""
    return {
        item.id
        for task in tasks
        if not task.state.is_over and task.plan.operation == NAME
        for item in task.plan.objects
    }


def _columns(topology: Topology, now: datetime) -> tuple[Column[Due], ...]:
    return (
        Column("state", lambda one: one.state.value, priority=0),
        Column("volume", lambda one: one.volume.label, priority=0, shrinks=True),
        Column("site", lambda one: site_name(one, topology), priority=2),
        Column("plan", lambda one: one.plan.name, priority=1, shrinks=True),
        Column(
            "every_hours",
            lambda one: one.plan.every,
            show=lambda one: f"{one.plan.every:g} h",
            heading="EVERY",
            align_right=True,
            priority=2,
        ),
        Column(
            "age_seconds",
            lambda one: one.age_seconds,
            show=lambda one: format_age(_data_at(one), now),
            heading="LAST GOOD",
            align_right=True,
            priority=0,
        ),
        Column("last_good_at", _data_at, in_table=False),
        Column("last_good_id", lambda one: one.last_good and one.last_good.id, in_table=False),
        Column(
            "failed", lambda one: one.failed, show=lambda one: one.failed or "–", priority=3,
            shrinks=True,
        ),
    )  # fmt: skip


def _data_at(one: Due) -> datetime | None:
    return (one.last_good.data_at or one.last_good.created_at) if one.last_good else None


def _object(one: Due, topology: Topology) -> BackupDueObject:
    return BackupDueObject(
        plan=one.plan.name,
        every_hours=one.plan.every,
        keep=one.plan.keep,
        volume_id=one.volume.id,
        volume=one.volume.label,
        site=site_name(one, topology),
        state=one.state.value,
        last_good_id=one.last_good.id if one.last_good else None,
        last_good_at=_data_at(one),
        age_seconds=one.age_seconds,
        next_incremental=one.incremental,
        failed=one.failed,
    )
