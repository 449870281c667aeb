"""Columns of the sites, the stores and the findings."""

from datetime import datetime

from dcn_console.console.clock import Clock, moment
from dcn_console.console.spans import Align, Line, Span, Tone, foreign, line
from dcn_console.console.table.column import Column
from dcn_console.console.words import (
    SEVERITY_GLYPHS,
    finding_words,
    name_with_finding,
    severity_rank,
)
from dcn_console.model.inventory import Capacity
from dcn_console.model.rows import Finding, Severity, SiteRow, StoreRow
from dcn_console.model.text import format_bytes

NEARLY_FULL_PERCENT = 85.0
"""Used percent from which a figure is shown as a warning (Ceph's own nearfull ratio)."""


def site_state(row: SiteRow, now: datetime) -> tuple[str, str, Tone]:
    """Return glyph, words and tone for how a site is doing."""
    if row.unreachable_since is not None:
        return "✗", f"unreachable since {moment(row.unreachable_since, now)}", Tone.BAD
    if row.site.cluster is None:
        return "○", "no Ceph access", Tone.DIM
    if row.error:
        return "✗", row.error, Tone.BAD
    health = (row.health or "").removeprefix("HEALTH_")
    if health in ("WARN", "ERR"):
        words = "; ".join(row.warnings) or f"health {health.lower()}"
        return ("▲", words, Tone.WARNING) if health == "WARN" else ("✗", words, Tone.BAD)
    if not health:
        return "…", "reading", Tone.DIM
    if row.findings:
        return "▲", "; ".join(finding_words(item) for item in row.findings), Tone.WARNING
    return "●", "ok", Tone.GOOD


def used(capacity: Capacity | None) -> Line:
    """Return used percent, a warning when the cluster is nearly full."""
    if capacity is None:
        return line("–", Tone.DIM)
    tone = Tone.WARNING if capacity.used_percent >= NEARLY_FULL_PERCENT else Tone.PLAIN
    return line(f"{capacity.used_percent:.0f}%", tone)


def free(capacity: Capacity | None) -> Line:
    """Return the bytes a pool can still take."""
    if capacity is None:
        return line("–", Tone.DIM)
    return line(format_bytes(capacity.available, short=True))


def site_columns(clock: Clock) -> tuple[Column[SiteRow], ...]:
    """Return the columns of the sites pane."""

    def name(row: SiteRow, _width: int) -> Line:
        glyph, _, tone = site_state(row, clock())
        return (Span(f"{glyph} ", tone), foreign(row.site.name, Tone.STRONG))

    def state(row: SiteRow, width: int) -> Line:
        _, words, tone = site_state(row, clock())
        if row.unreachable_since is not None and width < len(words):
            words = f"down {moment(row.unreachable_since, clock())}"
        return (foreign(words, tone if tone is not Tone.GOOD else Tone.DIM),)

    def role(row: SiteRow, _width: int) -> Line:
        text = "hub" if row.site.is_hub else "edge"
        return line(f"{text}, read-only" if row.site.read_only else text, Tone.DIM)

    return (
        Column(
            id="name",
            title="SITE",
            cell=name,
            sort_key=lambda row: row.site.name.casefold(),
            minimum=9,
            maximum=20,
            flex=1,
        ),
        Column(
            id="state",
            title="STATE",
            cell=state,
            sort_key=lambda row: site_state(row, clock())[1],
            minimum=10,
            maximum=34,
            flex=6,
        ),
        Column(
            id="used",
            title="USED",
            cell=lambda row, _: used(row.capacity),
            sort_key=lambda row: row.capacity.used_percent if row.capacity else None,
            minimum=4,
            priority=2,
            align=Align.RIGHT,
            descends_first=True,
        ),
        Column(
            id="free",
            title="FREE",
            cell=lambda row, _: free(row.capacity),
            sort_key=lambda row: row.capacity.available if row.capacity else None,
            minimum=5,
            priority=1,
            align=Align.RIGHT,
            descends_first=True,
        ),
        Column(
            id="role",
            title="ROLE",
            cell=role,
            sort_key=lambda row: row.site.role,
            minimum=4,
            maximum=15,
            flex=1,
            priority=3,
        ),
        Column(
            id="images",
            title="IMAGES",
            cell=lambda row, _: line(f"{row.images:,}"),
            sort_key=lambda row: row.images,
            minimum=6,
            priority=4,
            align=Align.RIGHT,
            descends_first=True,
        ),
        Column(
            id="volumes",
            title="VOLUMES",
            cell=lambda row, _: line(f"{row.volumes:,}"),
            sort_key=lambda row: row.volumes,
            minimum=7,
            priority=5,
            align=Align.RIGHT,
            descends_first=True,
        ),
    )


def _store_notes(row: StoreRow, _width: int) -> Line:
    notes = [
        word
        for word, wanted in (("default", row.store.default), ("read-only", row.store.read_only))
        if wanted
    ]
    return line(", ".join(notes), Tone.DIM)


STORE_COLUMNS: tuple[Column[StoreRow], ...] = (
    Column(
        id="id",
        title="STORE",
        cell=lambda row, _: (foreign(row.store.id),),
        sort_key=lambda row: row.store.id.casefold(),
        minimum=9,
        wanted=12,
        maximum=24,
        flex=2,
    ),
    Column(
        id="type",
        title="TYPE",
        cell=lambda row, _: (foreign(row.store.type, Tone.DIM),),
        sort_key=lambda row: row.store.type,
        minimum=4,
    ),
    Column(
        id="notes",
        title="",
        cell=_store_notes,
        minimum=9,
        maximum=20,
        flex=1,
        priority=1,
    ),
    Column(
        id="images",
        title="IMAGES",
        cell=lambda row, _: line(f"{row.images:,}"),
        sort_key=lambda row: row.images,
        minimum=6,
        priority=4,
        align=Align.RIGHT,
        descends_first=True,
    ),
    Column(
        id="site",
        title="SITE",
        cell=lambda row, _: (foreign(row.site, Tone.DIM),),
        sort_key=lambda row: row.site,
        minimum=8,
        maximum=16,
        flex=1,
        priority=5,
    ),
)


class FindingRow:
    """A finding with the name of the object it is about."""

    __slots__ = ("finding", "key", "name")

    def __init__(self, finding: Finding, name: str) -> None:
        self.finding = finding
        self.name = name
        self.key = f"{finding.kind}\n{finding.key}\n{finding.site or ''}"


def _finding_text(row: FindingRow, width: int) -> Line:
    finding = row.finding
    words = finding_words(finding)
    if finding.site and finding.site != row.name and width >= len(words) + len(finding.site) + 3:
        words = f"{words} · {finding.site}"
    _, tone = SEVERITY_GLYPHS[finding.severity]
    return (foreign(words, tone if finding.severity is Severity.ERROR else Tone.PLAIN),)


def _finding_name(row: FindingRow, width: int) -> Line:
    return name_with_finding(foreign(row.name), (row.finding,), width)


FINDING_COLUMNS: tuple[Column[FindingRow], ...] = (
    Column(
        id="object",
        title="FINDINGS",
        cell=_finding_name,
        sort_key=lambda row: (severity_rank(row.finding.severity), row.name.casefold()),
        minimum=11,
        maximum=26,
        flex=1,
    ),
    Column(
        id="finding",
        title="",
        cell=_finding_text,
        sort_key=lambda row: row.finding.kind,
        minimum=17,
        flex=1,
    ),
)
