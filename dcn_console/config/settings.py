"""The settings: declared once, read from the config file, the environment and options.

``Settings`` is the declaration: its fields' types, defaults, descriptions, environment
variables and options make the loader, ``dcn-console info`` and the table of the manual.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import msgspec
from msgspec import Meta

from dcn_console.config.backup_plans import check_backup_plans
from dcn_console.config.document import Document
from dcn_console.config.paths import Paths
from dcn_console.config.topology import read_topology
from dcn_console.model.backup_plans import BackupPlan
from dcn_console.model.errors import ConfigError
from dcn_console.model.plans import VerifyLevel
from dcn_console.model.sites import Topology

READ_ONLY_VARIABLE = "DCN_CONSOLE_READ_ONLY"
_FALSE_WORDS = frozenset({"", "0", "false", "no", "off"})
SITE_TABLE = "site"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting. Durations are seconds."""

    cloud: Annotated[
        str,
        Meta(
            description="Cloud of clouds.yaml; the only one there when empty.",
            extra={"environment": "OS_CLOUD", "flag": "--cloud"},
        ),
    ] = ""
    clouds_file: Annotated[
        str,
        Meta(
            description="Path of clouds.yaml; openstacksdk's own search when empty.",
            extra={"environment": "OS_CLIENT_CONFIG_FILE"},
        ),
    ] = ""
    read_only: Annotated[
        bool,
        Meta(
            description="Refuse every change.",
            extra={"environment": READ_ONLY_VARIABLE, "flag": "--read-only"},
        ),
    ] = False
    copies_per_site: Annotated[
        int, Meta(ge=1, le=64, description="Copies that may run at once towards one site.")
    ] = 2
    refresh_seconds: Annotated[
        float, Meta(ge=1, le=86400, description="Seconds between two looks at a service.")
    ] = 30.0
    request_timeout_seconds: Annotated[
        float, Meta(gt=0, le=3600, description="Seconds an OpenStack API may take to answer.")
    ] = 15.0
    agent_deadline_seconds: Annotated[
        float, Meta(gt=0, le=3600, description="Seconds a Ceph cluster may take to answer.")
    ] = 10.0
    verify: Annotated[
        VerifyLevel,
        Meta(
            description="How a finished copy is checked: none, metadata or deep.",
            extra={"flag": "--verify (of image copy)"},
        ),
    ] = VerifyLevel.METADATA
    agent_python: Annotated[
        tuple[str, ...],
        Meta(description="Interpreter with rados and rbd, or a command prefix that ends in one."),
    ] = ("/usr/bin/python3",)
    backup_plans: Annotated[
        tuple[BackupPlan, ...],
        Meta(description="What is backed up how often: one [[backup_plans]] table each."),
    ] = ()
    topology: Annotated[Topology, Meta(description="The sites: one [site.NAME] table each.")] = (
        Topology()
    )


@dataclass(frozen=True)
class Declaration:
    """One setting as declared: name, type, default, description, variable and option."""

    name: str
    type: Any
    default: object
    description: str
    environment: str
    flag: str


@dataclass(frozen=True)
class Loaded:
    """The settings in force, and where each came from.

    ``origins`` maps a setting's name to "default", "FILE, line N", "environment NAME" or
    "option --NAME".
    """

    settings: Settings
    origins: dict[str, str]


def declarations() -> tuple[Declaration, ...]:
    """Return every setting in the order they are documented."""
    hints = get_type_hints(Settings, include_extras=True)
    found = []
    for field in msgspec.structs.fields(Settings):
        meta: Meta = hints[field.name].__metadata__[0]
        extra = meta.extra or {}
        found.append(
            Declaration(
                name=field.name,
                type=hints[field.name],
                default=field.default,
                description=meta.description or "",
                environment=extra.get("environment", ""),
                flag=extra.get("flag", ""),
            )
        )
    return tuple(found)


def settings_table() -> str:
    """Return the settings as a Markdown table for the manual."""
    lines = ["| setting | default | environment | option | meaning |", "|---|---|---|---|---|"]
    for declared in declarations():
        if declared.name == "topology":
            continue
        default = msgspec.json.encode(declared.default).decode()
        cells = (
            f"`{declared.name}`",
            f"`{default}`",
            f"`{declared.environment}`" if declared.environment else "",
            f"`{declared.flag}`" if declared.flag else "",
            declared.description,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def load(paths: Paths, overrides: Mapping[str, object], *, missing_ok: bool = False) -> Loaded:
    """Read the settings in force.

    An override (an option of the command line) comes before the file, the file before the
    environment, because the sites of a file belong to the cloud it names. Only ``read_only``
    is switched on by any of the three. A config file that was chosen has to exist unless
    ``missing_ok``. Raises ConfigError naming file, line and key.
    """
    document = _document(paths, missing_ok=missing_ok)
    known = {declared.name: declared for declared in declarations()}
    document.refuse_unknown((), document.root, (set(known) - {"topology"}) | {SITE_TABLE})
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for name, declared in known.items():
        if name == "topology":
            continue
        value, origin = _value(declared, document, overrides)
        if origin != "default":
            values[name] = value
        origins[name] = origin
    values["topology"] = read_topology(document, SITE_TABLE)
    origins["topology"] = (
        document.origin((SITE_TABLE,)) if SITE_TABLE in document.root else "default"
    )
    check_backup_plans(document, values.get("backup_plans", ()), values["topology"])
    if values.get("clouds_file"):
        values["clouds_file"] = _beside(paths.config_file, values["clouds_file"])
    return Loaded(settings=Settings(**values), origins=origins)


def _document(paths: Paths, *, missing_ok: bool) -> Document:
    if paths.config_file.exists() or (paths.config_is_chosen and not missing_ok):
        return Document.read(paths.config_file)
    return Document(path=paths.config_file, text="", root={})


def _value(
    declared: Declaration, document: Document, overrides: Mapping[str, object]
) -> tuple[object, str]:
    if declared.name == "read_only":
        return _read_only(declared, document, overrides)
    override = overrides.get(declared.name)
    if override is not None and override != "":
        return _converted(override, declared, f"option {declared.flag or declared.name}")
    if declared.name in document.root:
        key = (declared.name,)
        return document.value(key, declared.type), document.origin(key)
    inherited = os.environ.get(declared.environment, "") if declared.environment else ""
    if inherited:
        return _converted(inherited, declared, f"environment {declared.environment}")
    return declared.default, "default"


def _read_only(
    declared: Declaration, document: Document, overrides: Mapping[str, object]
) -> tuple[bool, str]:
    if overrides.get(declared.name):
        return True, f"option {declared.flag}"
    inherited = os.environ.get(declared.environment)
    if inherited is not None and inherited.strip().casefold() not in _FALSE_WORDS:
        return True, f"environment {declared.environment}"
    if declared.name in document.root:
        key = (declared.name,)
        return bool(document.value(key, declared.type)), document.origin(key)
    return False, "default"


def _converted(value: object, declared: Declaration, origin: str) -> tuple[object, str]:
    try:
        return msgspec.convert(value, declared.type, strict=False), origin
    except msgspec.ValidationError as error:
        raise ConfigError(f"{origin}: {declared.name}: {error}.") from error


def _beside(config_file: Path, clouds_file: str) -> str:
    """Return the path of clouds.yaml; a relative one starts at the config file's folder."""
    return str(config_file.parent / Path(clouds_file).expanduser())
