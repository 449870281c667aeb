"""The JSON contract as Markdown for the manual, made from its declarations."""

from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from dcn_console.cli import (
    contract,
    contract_backups,
    contract_mirror,
    contract_storage,
    contract_tasks,
    diagnoses,
)
from dcn_console.cli.info_command import InfoLine
from dcn_console.reports import validation_json

OBJECTS: tuple[type[msgspec.Struct], ...] = (
    contract.SiteObject,
    contract.StoreObject,
    contract.ImageObject,
    contract.PlacementObject,
    contract.VolumeObject,
    contract.AttachmentObject,
    contract.FindingObject,
    contract_storage.BackupObject,
    contract_backups.BackupDueObject,
    contract_storage.SnapshotObject,
    contract_storage.ServerObject,
    contract_storage.ServerVolumeObject,
    contract_tasks.TaskObject,
    contract_tasks.TaskDetailObject,
    contract_tasks.TargetObject,
    contract_tasks.ProgressObject,
    contract_tasks.StepObject,
    contract_tasks.LogLineObject,
    contract_tasks.PlanObject,
    contract_tasks.PlannedStepObject,
    contract_tasks.CheckObject,
    contract_tasks.ReferenceObject,
    contract_mirror.MirrorObject,
    contract_mirror.MirrorSideObject,
    contract_mirror.ReplayObject,
    contract_mirror.JudgementObject,
    contract_mirror.MirrorScheduleObject,
    contract_mirror.ScheduleObject,
    contract_mirror.PeerObject,
    contract_mirror.DaemonObject,
    contract_mirror.HealthObject,
    validation_json.ReportObject,
    validation_json.ReportStepObject,
    diagnoses.DiagnosisObject,
    InfoLine,
)
_NAMES = {str: "text", int: "integer", float: "number", bool: "boolean", Any: "any value"}


def contract_markdown() -> str:
    """Return every object of the contract as a heading, a sentence and a table of its keys."""
    return "\n".join(_section(kind) for kind in OBJECTS)


def object_name(kind: type) -> str:
    """Return what the manual calls an object: ``ImageObject`` is "Image"."""
    return kind.__name__.removesuffix("Object")


def _section(kind: type[msgspec.Struct]) -> str:
    lines = [f"### {object_name(kind)}", "", (kind.__doc__ or "").strip(), ""]
    lines += ["| key | type | meaning |", "|---|---|---|"]
    hints = get_type_hints(kind, include_extras=True)
    for field in msgspec.structs.fields(kind):
        annotated, meta = get_args(hints[field.name])[:2]
        description = meta.description if isinstance(meta, Meta) else ""
        lines.append(f"| `{field.encode_name}` | {_type_name(annotated)} | {description} |")
    return "\n".join(lines) + "\n"


def _type_name(kind: Any) -> str:
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if kind in _NAMES:
        return _NAMES[kind]
    arguments = get_args(kind)
    if get_origin(kind) is tuple:
        return f"list of {_type_name(arguments[0])}"
    if get_origin(kind) is dict:
        return f"object of {_type_name(arguments[1])} by name"
    if arguments:
        present = [_type_name(part) for part in arguments if part is not type(None)]
        return " or ".join([*present, "null"])
    return "time" if kind.__name__ == "datetime" else object_name(kind)
