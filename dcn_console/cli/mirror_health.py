"""Mirroring in one line, with the exit status that monitoring systems take (Nagios plug-ins)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import IntEnum

from dcn_console.cli.contract_mirror import HealthObject
from dcn_console.cli.convert import finding_objects
from dcn_console.model.findings import Finding, Severity
from dcn_console.model.mirror_rows import MirrorCondition, MirrorPair, MirrorRow
from dcn_console.model.text import count, format_duration, printable


class Health(IntEnum):
    """The states of a monitoring plug-in, by exit status (Nagios plugin API)."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


def mirror_health(
    rows: Sequence[MirrorRow],
    pairs: Sequence[MirrorPair],
    unread: Sequence[str],
    now: datetime,
    *,
    blind: bool,
) -> tuple[Health, HealthObject]:
    """Return the state of ``rows`` and ``pairs``, and the object with the line to print.

    ``unread`` are the sites whose cluster did not answer: what is mirrored there may be lost, so
    they are critical. ``blind`` says that no site answered.
    """
    findings = tuple(_findings(rows, pairs))
    images = _images(rows)
    unprotected = _images(row for row in rows if row.protected.holds is False)
    health = Health.OK
    vague = any(row.condition is MirrorCondition.UNKNOWN for row in rows)
    if unprotected or vague or any(item.severity is Severity.WARNING for item in findings):
        health = Health.WARNING
    if unread or any(item.severity is Severity.ERROR for item in findings):
        health = Health.CRITICAL
    if blind:
        health = Health.UNKNOWN
    conditions = Counter(row.condition.value for row in rows)
    lags = [lag for row in rows if (lag := row.lag_seconds(now)) is not None]
    worst = max(lags, default=None)
    parts = [
        *(f"{printable(site)} does not answer" for site in unread),
        *_worst(findings),
        _counted(conditions),
    ]
    if unprotected:
        parts.append(f"{count(len(unprotected), 'RBD image')} not protected")
    if worst is not None:
        parts.append(f"largest lag {format_duration(worst)}")
    figures = f"images={len(images)} unprotected={len(unprotected)}"
    if worst is not None:
        figures += f" lag={worst:.0f}s"
    # "|" begins the figures (Nagios plug-in guidelines), so no name may hold one.
    words = "; ".join(parts).replace("|", "/")
    return health, HealthObject(
        status=health.name,
        text=f"MIRROR {health.name} - {words} | {figures}",
        conditions=dict(sorted(conditions.items())),
        unprotected=len(unprotected),
        worst_lag_seconds=worst,
        findings=finding_objects(findings),
    )


def _images(rows: Iterable[MirrorRow]) -> set[str]:
    """Return the RBD images of ``rows``: one that goes to two sites has two rows."""
    return {row.global_id for row in rows}


def _findings(rows: Sequence[MirrorRow], pairs: Sequence[MirrorPair]) -> Iterator[Finding]:
    for row in rows:
        yield from row.findings
    for pair in pairs:
        yield from pair.findings


def _worst(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield the kinds of findings with how often each was found, errors first."""
    errors = Counter(item.kind for item in findings if item.severity is Severity.ERROR)
    warnings = Counter(item.kind for item in findings if item.severity is Severity.WARNING)
    for kind, number in (*errors.items(), *warnings.items()):
        yield f"{kind} ({number})" if number > 1 else kind


def _counted(conditions: Counter[str]) -> str:
    if not conditions:
        return "nothing is mirrored"
    return ", ".join(f"{number} {name}" for name, number in conditions.most_common())
