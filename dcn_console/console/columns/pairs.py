"""Columns of the pairs of sites: one line for a pool that is mirrored between two of them."""

from dcn_console.console.mirror_words import POOL_MODE_WORDS, TROUBLE, between, condition, counts
from dcn_console.console.spans import Line, Span, Tone, foreign, joined, line
from dcn_console.console.table.column import Column
from dcn_console.console.words import SEVERITY_GLYPHS, finding_words, severity_rank, worst
from dcn_console.model.mirror_rows import MirrorPair, PairSide
from dcn_console.model.text import count


def is_at(pair: MirrorPair, where: str) -> bool:
    """Return whether a pair has a site, or is the one with that key."""
    return where == pair.key or where in (side.site for side in pair.sides)


def haystack(pair: MirrorPair) -> str:
    """Return the text that the filter searches, in lower case."""
    names = "\n".join(f"{side.site}\n{side.site_name}\n{side.mode}" for side in pair.sides)
    words = "\n".join(finding_words(item) for item in pair.findings)
    return f"{pair.pool}\n{pair.direction}\n{names}\n{words}".lower()


def health(pair: MirrorPair) -> Line:
    """Return how a pair is doing: its own findings, else the gravest of its RBD images."""
    lost = [side.site for side in pair.sides if not side.reachable]
    if lost:
        return (Span("✗ ", Tone.BAD), foreign(f"no answer from {' and '.join(lost)}", Tone.BAD))
    gravest = min(pair.findings, key=lambda item: severity_rank(item.severity), default=None)
    if gravest is None:
        wrong = next((value for value in TROUBLE if pair.counts.get(value)), None)
        return condition(wrong) if wrong is not None else (Span("● ", Tone.GOOD), Span("ok"))
    glyph, tone = SEVERITY_GLYPHS[gravest.severity]
    kinds = list(dict.fromkeys(finding_words(item) for item in pair.findings))
    more = f" +{len(kinds) - 1}" if len(kinds) > 1 else ""
    return (Span(f"{glyph} ", tone), foreign(f"{finding_words(gravest)}{more}", tone))


def receives(side: PairSide) -> bool:
    """Return whether a side receives from the other."""
    return side.peer is not None and side.peer.direction.receives


def daemons(side: PairSide) -> Line:
    """Return how many rbd-mirror daemons work at a side; a side that receives needs one."""
    if side.daemons is None:
        return (Span("? ", Tone.WARNING), Span("not told", Tone.DIM))
    number = len(side.daemons)
    if not number:
        return (Span("✗ ", Tone.BAD), Span("none", Tone.BAD)) if receives(side) else line("–")
    troubled = any(daemon.problems for daemon in side.daemons)
    return (
        Span("▲ " if troubled else "● ", Tone.WARNING if troubled else Tone.GOOD),
        Span(f"{number}"),
    )


def peer(side: PairSide) -> Line:
    """Return what the other site is to a side: one that is not listed is a plain dash."""
    return line(side.peer.direction.value if side.peer else "–", Tone.DIM)


def _sides(pair: MirrorPair, words: tuple[Line, ...]) -> Line:
    parts = (
        (foreign(side.site, Tone.DIM), Span(" "), *text)
        for side, text in zip(pair.sides, words, strict=True)
    )
    return joined(parts, "  ")


def _sites_of(pair: MirrorPair, width: int) -> Line:
    """Return both sites and which way it goes; of long names what is in the middle is cut."""
    left, right = (foreign(name, Tone.STRONG) for name in pair.ends)
    return between(left, Span(f" {pair.sign} ", Tone.STRONG), right, width)


def _modes(pair: MirrorPair, _width: int) -> Line:
    modes = list(dict.fromkeys(side.mode for side in pair.sides if side.mode is not None))
    words = " / ".join(POOL_MODE_WORDS[mode] for mode in modes)
    return line(words or "–", Tone.WARNING if len(modes) > 1 else Tone.DIM)


def _schedules(pair: MirrorPair, _width: int) -> Line:
    every = [item for side in pair.sides for item in side.schedules]
    pool = ", ".join(dict.fromkeys(item.interval for item in every if item.image is None))
    single = len({item.image for item in every if item.image is not None})
    parts = (
        (foreign(f"pool {pool}", Tone.DIM),) if pool else (),
        line(count(single, "RBD image"), Tone.DIM) if single else (),
    )
    return joined(parts, ", ") or line("none", Tone.DIM)


def gravity(pair: MirrorPair) -> tuple[int, str]:
    """Return what puts first what is wrong."""
    severity = worst(pair.findings)
    lost = any(not side.reachable for side in pair.sides)
    wrong = any(pair.counts.get(value) for value in TROUBLE)
    rank = severity_rank(severity) if severity is not None else 5 if wrong else 9
    return (0 if lost else rank, pair.key)


PAIR_COLUMNS: tuple[Column[MirrorPair], ...] = (
    Column(
        id="pair",
        title="PAIR",
        cell=_sites_of,
        sort_key=lambda pair: pair.direction,
        minimum=15,
        maximum=28,
        flex=2,
    ),
    Column(
        id="pool",
        title="POOL",
        cell=lambda pair, _: (foreign(pair.pool),),
        sort_key=lambda pair: pair.pool,
        minimum=7,
        maximum=16,
        flex=1,
        priority=1,
    ),
    Column(
        id="health",
        title="HEALTH",
        cell=lambda pair, _: health(pair),
        sort_key=gravity,
        minimum=20,
        maximum=30,
        flex=2,
    ),
    Column(
        id="counts",
        title="RBD IMAGES",
        cell=counts,
        sort_key=lambda pair: sum(pair.counts.values()),
        minimum=18,
        wanted=30,
        flex=8,
        priority=2,
        descends_first=True,
    ),
    Column(
        id="daemons",
        title="RBD-MIRROR DAEMONS",
        cell=lambda pair, _: _sides(pair, tuple(daemons(side) for side in pair.sides)),
        minimum=26,
        maximum=36,
        flex=1,
        priority=4,
    ),
    Column(
        id="mode",
        title="MODE",
        cell=_modes,
        sort_key=lambda pair: str(pair.sides[0].mode),
        minimum=10,
        priority=5,
    ),
    Column(
        id="peers",
        title="PEERS",
        cell=lambda pair, _: _sides(pair, tuple(peer(side) for side in pair.sides)),
        minimum=26,
        maximum=36,
        flex=1,
        priority=6,
    ),
    Column(
        id="schedules",
        title="SCHEDULES",
        cell=_schedules,
        minimum=16,
        maximum=28,
        flex=1,
        priority=7,
    ),
)
