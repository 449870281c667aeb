"""The plan of a deletion: what else has to go, in which order, and what is lost."""

from collections.abc import Sequence

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.inventory.storage_join import backup_zones
from dcn_console.model.backup_chains import (
    DELETABLE,
    BackupNode,
    deletion_order,
    endangered,
    last_good,
    nodes,
)
from dcn_console.model.errors import ObjectNotFound, ServiceError
from dcn_console.model.inventory import CinderService
from dcn_console.model.plans import Check, ObjectReference, Plan, PlannedStep
from dcn_console.model.storage import Backup
from dcn_console.model.storage_requests import DeleteBackups
from dcn_console.model.text import count, format_age, printable
from dcn_console.operations.backups.checks import BACKUP_SERVICE, tasks_check
from dcn_console.operations.backups.where import hub_of
from dcn_console.operations.base import PlanContext
from dcn_console.operations.mirror_subject import fine, refused, warned

NAME = "backup-delete"
DELETE_STEP = "delete"


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """The backups of one chain that go, in the order in which they go."""

    volume_id: str
    backup_ids: tuple[str, ...]
    labels: tuple[str, ...]


async def plan_deletions(
    services: Services, request: DeleteBackups, context: PlanContext
) -> tuple[Plan, ...]:
    """Plan the deletion of backups, those of one chain together. Reads only.

    Raises ObjectNotFound for a backup that is not there.
    """
    chosen = [await services.cinder.backups.backup(one) for one in request.backup_ids]
    plans = []
    at_work = await _cinder_services(services)
    for volume_id in dict.fromkeys(backup.volume_id or "" for backup in chosen):
        wanted = {one.id: one for one in chosen if (one.volume_id or "") == volume_id}
        listed = await services.cinder.backups.of_volume(volume_id)
        known = {one.id: one for one in listed} | wanted
        tree = nodes(known.values())
        going = _going(tree, set(wanted), with_dependents=request.with_dependents)
        for chain in dict.fromkeys(node.chain for node in tree if node.backup.id in wanted):
            part = [node for node in tree if node.chain == chain]
            gone = await _volume_is_gone(services, volume_id)
            plan = _plan(services, part, set(wanted), going, tree, context, gone=gone)
            going_now = [node.backup for node in part if node.backup.id in going]
            checks = (*plan.checks, *_service_checks(going_now, at_work))
            plans.append(msgspec.structs.replace(plan, checks=checks))
    return tuple(plans)


def _going(tree: tuple[BackupNode, ...], wanted: set[str], *, with_dependents: bool) -> set[str]:
    """Return the ids of all that go: what was asked for, and what builds on it if agreed to."""
    going = set(wanted)
    if with_dependents:
        for node in tree:
            if node.backup.id in wanted:
                going.update(node.dependents)
    return going


async def _volume_is_gone(services: Services, volume_id: str) -> bool:
    try:
        await services.cinder.volume(volume_id)
    except ObjectNotFound:
        return True
    return False


def _plan(
    services: Services,
    part: list[BackupNode],
    wanted: set[str],
    going: set[str],
    tree: tuple[BackupNode, ...],
    context: PlanContext,
    *,
    gone: bool,
) -> Plan:
    hub = hub_of(services)
    order = deletion_order([node for node in part if node.backup.id in going])
    asked = [node for node in part if node.backup.id in wanted]
    first = printable(asked[0].backup.label, 60)
    checks = [
        *_chain_checks(order, part, going),
        *_loss_checks(order, tree, going, context, gone=gone),
        *_busy(order, context),
    ]
    parameters = Parameters(
        volume_id=order[0].backup.volume_id or "",
        backup_ids=tuple(node.backup.id for node in order),
        labels=tuple(printable(node.backup.label, 60) for node in order),
    )
    what = first if len(order) == 1 else f"{first} and {count(len(order) - 1, 'other backup')}"
    return Plan(
        operation=NAME,
        title=f"delete backup {what}",
        objects=tuple(
            ObjectReference(kind="backup", id=node.backup.id, name=printable(node.backup.label, 60))
            for node in order
        ),
        targets=(hub.name,),
        checks=tuple(checks),
        steps=(
            PlannedStep(
                name=DELETE_STEP,
                text=f"delete {count(len(order), 'backup')}, what builds on others first",
                site=hub.name,
            ),
        ),
        commands=tuple(f"openstack volume backup delete {node.backup.id}" for node in order),
        parameters=msgspec.to_builtins(parameters),
        typed_name=asked[0].backup.label,
        irreversible=f"{count(len(order), 'backup')} will be gone for good",
        made_at=context.now,
    )


def _chain_checks(
    order: tuple[BackupNode, ...], part: list[BackupNode], going: set[str]
) -> list[Check]:
    """Refuse what Cinder would: other statuses, and what others build on."""
    checks = []
    labels = {node.backup.id: printable(node.backup.label, 40) for node in part}
    for node in order:
        name = f"“{printable(node.backup.label, 60)}”"
        if node.backup.status not in DELETABLE:
            checks.append(
                refused(
                    f"{name} is {node.backup.status}; Cinder deletes only what is available or "
                    "failed.",
                    "Wait until that is over. One that hangs: cinder backup-reset-state --state "
                    "error",
                )
            )
        needing = [labels[one] for one in node.dependents if one not in going and one in labels]
        if needing:
            names = ", ".join(f"“{one}”" for one in needing)
            verb = "builds" if len(needing) == 1 else "build"
            checks.append(
                refused(
                    f"{names} {verb} on {name}.",
                    "Keep the chain and make a new full backup first, or delete them too.",
                    option="--with-dependents",
                )
            )
        elif node.backup.has_dependents and not node.dependents:
            text = f"Something builds on {name} that these credentials cannot see."
            checks.append(refused(text, "Ask an administrator."))
    return checks


def _loss_checks(
    order: tuple[BackupNode, ...],
    tree: tuple[BackupNode, ...],
    going: set[str],
    context: PlanContext,
    *,
    gone: bool,
) -> list[Check]:
    """Say what is lost, and refuse what would take the data of another backup with it."""
    checks = []
    stays = [node.backup for node in tree if node.backup.id not in going]
    parents: dict[str | None, Backup] = {node.backup.id: node.backup for node in tree}
    for node in order:
        other = endangered(node.backup, parents.get(node.parent), stays)
        if other is not None:
            name, data = printable(node.backup.label, 60), printable(other.label, 60)
            text = f"Cinder's Ceph driver may remove the data of “{data}” together with “{name}”."
            way_out = f"Leave “{name}” where it is, or delete “{data}” too."
            checks.append(refused(text, way_out))
    last = last_good(node.backup for node in tree)
    if last is not None and last.id in going and last_good(stays) is None:
        whose = "a volume that does not exist any more" if gone else "its volume"
        checks.append(warned(f"“{printable(last.label, 60)}” is the last good backup of {whose}."))
    ages = ", ".join(
        f"“{printable(node.backup.label, 40)}” "
        f"({format_age(node.backup.created_at, context.now)} old)"
        for node in order
    )
    return [*checks, fine(f"These go, in this order: {ages}.")]


async def _cinder_services(services: Services) -> tuple[CinderService, ...] | ServiceError:
    try:
        return await services.cinder.services()
    except ServiceError as error:
        return error


def _service_checks(
    backups: Sequence[Backup], listed: tuple[CinderService, ...] | ServiceError
) -> list[Check]:
    """Refuse what no cinder-backup would delete: each must have one that works in its zone."""
    if isinstance(listed, ServiceError):
        text = f"Whether a {BACKUP_SERVICE} works where they are is not known: {listed.message}"
        return [warned(text, listed.way_out)]
    served = backup_zones(listed) or frozenset()
    checks = []
    for zone in sorted({backup.availability_zone or "" for backup in backups}):
        if zone in served or (not zone and served):
            continue
        where = f"zone {printable(zone, 60)}" if zone else "any zone"
        ours = [one for one in listed if one.binary == BACKUP_SERVICE]
        known = any(one.availability_zone == zone for one in ours)
        checks.append(
            refused(
                f"No {BACKUP_SERVICE} works in {where}, and Cinder has a backup deleted by the "
                "one in its own zone (it answers 404).",
                f"Start or enable it: openstack volume service list --service {BACKUP_SERVICE}"
                if known or not zone
                else f"Run a {BACKUP_SERVICE} with storage_availability_zone = "
                f"{printable(zone, 60)} for the time it takes.",
            )
        )
    return checks


def _busy(order: tuple[BackupNode, ...], context: PlanContext) -> list[Check]:
    ids = {node.backup.id for node in order}
    numbers = [
        task.number
        for task in context.open_tasks
        if any(item.id in ids for item in task.plan.objects)
    ]
    return tasks_check(numbers, "one of these backups")
