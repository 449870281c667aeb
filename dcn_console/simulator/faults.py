"""Faults that can be switched on: dead daemons, hanging or babbling services, broken agents."""

from enum import StrEnum

import msgspec


class Mangling(StrEnum):
    """How an API's answer is spoiled."""

    NONE = "none"
    TRUNCATED = "truncated"
    """The body ends in the middle."""
    HTML = "html"
    """A proxy's error page with status 200."""
    EMPTY = "empty"
    """No body at all."""
    WRONG_TYPES = "wrong-types"
    """Valid JSON in which numbers are text, text is numbers and lists are null."""
    UNKNOWN_FIELDS = "unknown-fields"
    """Every object has a field nobody knows."""


class ApiFault(msgspec.Struct, frozen=True, kw_only=True):
    """A fault of one API.

    It applies to requests of ``service`` (identity, image, volume, compute, network; "" for
    all) whose method is ``method`` ("" for all) and whose path below the service starts with
    ``path``.
    They wait ``seconds``, then get ``status`` (None: the real answer), spoiled by ``mangling``.
    ``times`` bounds how many requests it hits; None is without end.
    """

    service: str = ""
    method: str = ""
    path: str = ""
    seconds: float = 0.0
    status: int | None = None
    mangling: Mangling = Mangling.NONE
    times: int | None = None

    def applies(self, service: str, method: str, path: str) -> bool:
        """Whether it hits such a request."""
        return (
            self.service in ("", service)
            and self.method in ("", method)
            and path.startswith(self.path)
        )


class AgentFaultKind(StrEnum):
    """What an agent does instead of answering."""

    HANG = "hang"
    CRASH = "crash"
    HALF_LINE = "half-line"
    """It writes half an answer and dies."""
    JUNK = "junk"
    """It writes a line that is not of the protocol, then answers."""
    PERMISSION = "permission"
    KEYRING = "keyring"


class AgentFault(msgspec.Struct, frozen=True, kw_only=True):
    """A fault of one cluster's agent in ``operation`` ("" for all), ``times`` times or always."""

    site: str
    kind: AgentFaultKind
    operation: str = ""
    times: int | None = None

    def applies(self, site: str, operation: str) -> bool:
        """Whether it hits such a request."""
        return self.site == site and self.operation in ("", operation)


class Faults(msgspec.Struct, frozen=True, kw_only=True):
    """All faults that are on.

    ``osd_down``, ``mon_down``, ``mgr_down`` and ``mirror_down`` (rbd-mirror) map a site's name to
    when its daemon stopped. ``full`` are sites whose cluster takes no more data.
    ``failing_stores`` are stores that break off every upload part of the way.
    ``volume_down`` and ``backup_down`` are the same for cinder-volume and cinder-backup.
    ``keyrings_missing`` are sites whose keyring cinder-backup does not have. Each of
    ``backup_failures`` is the fail_reason of one of the next backups.
    """

    osd_down: dict[str, float] = {}
    mon_down: dict[str, float] = {}
    mgr_down: dict[str, float] = {}
    mirror_down: dict[str, float] = {}
    volume_down: dict[str, float] = {}
    backup_down: dict[str, float] = {}
    keyrings_missing: tuple[str, ...] = ()
    backup_failures: tuple[str, ...] = ()
    full: tuple[str, ...] = ()
    failing_stores: tuple[str, ...] = ()
    api: tuple[ApiFault, ...] = ()
    agents: tuple[AgentFault, ...] = ()


def take_api_fault(
    faults: Faults, service: str, method: str, path: str
) -> tuple[ApiFault | None, Faults]:
    """Return the first fault that hits the request, and the faults that are left after it."""
    for index, fault in enumerate(faults.api):
        if fault.applies(service, method, path):
            spent = _spend(fault.times)
            kept = () if spent == 0 else (msgspec.structs.replace(fault, times=spent),)
            rest = faults.api[:index] + kept + faults.api[index + 1 :]
            return fault, msgspec.structs.replace(faults, api=rest)
    return None, faults


def take_agent_fault(faults: Faults, site: str, operation: str) -> tuple[AgentFault | None, Faults]:
    """Return the first fault that hits the agent's request, and the faults left after it."""
    for index, fault in enumerate(faults.agents):
        if fault.applies(site, operation):
            spent = _spend(fault.times)
            kept = () if spent == 0 else (msgspec.structs.replace(fault, times=spent),)
            rest = faults.agents[:index] + kept + faults.agents[index + 1 :]
            return fault, msgspec.structs.replace(faults, agents=rest)
    return None, faults


def take_backup_failure(faults: Faults) -> tuple[str, Faults]:
    """Return why the next backup fails, "" if it does not, and the faults that are left."""
    if not faults.backup_failures:
        return "", faults
    reason, *rest = faults.backup_failures
    return reason, msgspec.structs.replace(faults, backup_failures=tuple(rest))


def _spend(times: int | None) -> int | None:
    return None if times is None else max(0, times - 1)
