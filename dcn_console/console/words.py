"""Glyphs and words for states, the same on every screen. A glyph never stands without them."""

from collections.abc import Collection

from dcn_console.console.spans import Line, Span, Tone, squeeze
from dcn_console.model.findings import (
    BOTH_PRIMARY,
    BOTH_SECONDARY,
    MIRROR_DAEMON_DEAD,
    MIRROR_ERROR,
    MIRROR_LAG,
    MIRROR_ORPHAN,
    NO_PEER_COPY,
    SPLIT_BRAIN,
)
from dcn_console.model.rows import (
    CLUSTER_UNHEALTHY,
    COPY_GONE,
    IMPORT_STALLED,
    NEARLY_FULL,
    NO_CENTRAL_COPY,
    NOT_RAW,
    SERVICE_DOWN,
    SITE_UNREACHABLE,
    ZONE_MISMATCH,
    Finding,
    Placement,
    Severity,
)
from dcn_console.model.tasks import TargetState, TaskState

PLACEMENT_GLYPHS = {
    Placement.PRESENT: ("●", Tone.GOOD),
    Placement.ABSENT: ("○", Tone.DIM),
    Placement.COPYING: ("⇣", Tone.ACCENT),
    Placement.QUEUED: ("…", Tone.ACCENT),
    Placement.FAILED: ("✗", Tone.BAD),
    Placement.MISSING: ("!", Tone.WARNING),
    Placement.GONE: ("?", Tone.BAD),
    Placement.UNKNOWN: ("–", Tone.DIM),
}

PLACEMENT_WORDS = {
    Placement.PRESENT: "present",
    Placement.ABSENT: "absent",
    Placement.COPYING: "copying",
    Placement.QUEUED: "queued",
    Placement.FAILED: "failed",
    Placement.MISSING: "missing where wanted",
    Placement.GONE: "gone: Glance lists it, the pool has it not",
    Placement.UNKNOWN: "no store known",
}

TASK_GLYPHS = {
    TaskState.QUEUED: ("…", Tone.DIM),
    TaskState.RUNNING: ("⇣", Tone.ACCENT),
    TaskState.PAUSED: ("‖", Tone.WARNING),
    TaskState.CANCELLING: ("⊘", Tone.WARNING),
    TaskState.DONE: ("✓", Tone.GOOD),
    TaskState.PARTLY_DONE: ("▲", Tone.WARNING),
    TaskState.FAILED: ("✗", Tone.BAD),
    TaskState.CANCELLED: ("⊘", Tone.DIM),
}

TARGET_GLYPHS = {
    TargetState.QUEUED: ("…", Tone.DIM),
    TargetState.PROBING: ("⇢", Tone.ACCENT),
    TargetState.WAITING: ("▲", Tone.WARNING),
    TargetState.ASKING: ("⇢", Tone.ACCENT),
    TargetState.STAGING: ("⇣", Tone.ACCENT),
    TargetState.COPYING: ("⇣", Tone.ACCENT),
    TargetState.RUNNING: ("⇢", Tone.ACCENT),
    TargetState.VERIFYING: ("⇢", Tone.ACCENT),
    TargetState.PAUSED: ("‖", Tone.WARNING),
    TargetState.DONE: ("✓", Tone.GOOD),
    TargetState.FAILED: ("✗", Tone.BAD),
    TargetState.CANCELLED: ("⊘", Tone.DIM),
}

FINDING_WORDS = {
    NO_CENTRAL_COPY: "no central copy",
    NOT_RAW: "not raw",
    COPY_GONE: "copy gone",
    IMPORT_STALLED: "import stalled",
    ZONE_MISMATCH: "zone mismatch",
    SITE_UNREACHABLE: "unreachable",
    CLUSTER_UNHEALTHY: "cluster unhealthy",
    SERVICE_DOWN: "service down",
    NEARLY_FULL: "nearly full",
    SPLIT_BRAIN: "split-brain",
    BOTH_PRIMARY: "both primary",
    BOTH_SECONDARY: "both secondary",
    MIRROR_DAEMON_DEAD: "mirror daemon dead",
    MIRROR_LAG: "mirror lags",
    MIRROR_ORPHAN: "mirror orphan",
    MIRROR_ERROR: "mirror error",
    NO_PEER_COPY: "not at peer",
}

SEVERITY_GLYPHS = {
    Severity.NOTICE: ("·", Tone.DIM),
    Severity.WARNING: ("▲", Tone.WARNING),
    Severity.ERROR: ("✗", Tone.BAD),
}

_SEVERITY_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTICE: 2}


def name_with_finding(name: Span, findings: Collection[Finding], width: int) -> Line:
    """Return a name behind the glyph of the gravest finding, cut in its middle to ``width``."""
    severity = worst(findings)
    if severity is None:
        return (Span(squeeze(name.text, width), name.tone),)
    glyph, tone = SEVERITY_GLYPHS[severity]
    return (Span(f"{glyph} ", tone), Span(squeeze(name.text, max(1, width - 2)), name.tone))


def finding_words(finding: Finding) -> str:
    """Return a finding's kind in two or three words."""
    return FINDING_WORDS.get(finding.kind, finding.kind.replace("-", " "))


def severity_rank(severity: Severity) -> int:
    """Return 0 for the gravest severity, growing with harmlessness."""
    return _SEVERITY_ORDER[severity]


def worst(findings: Collection[Finding]) -> Severity | None:
    """Return the gravest severity among findings, None without any."""
    return min((finding.severity for finding in findings), key=severity_rank, default=None)
