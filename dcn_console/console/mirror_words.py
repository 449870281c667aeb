"""Glyphs and words of mirroring, the same on every screen."""

from dcn_console.console.spans import (
    NOTHING,
    Line,
    Span,
    Tone,
    cells,
    foreign,
    joined,
    line,
    squeeze,
    width,
)
from dcn_console.model.mirror_rows import (
    Judgement,
    MirrorCondition,
    MirrorPair,
    MirrorRow,
    MirrorSide,
)
from dcn_console.model.mirroring import PeerDirection, PoolMode, ReplayState, ReplayStatus

CONDITION_GLYPHS = {
    MirrorCondition.IN_SYNC: ("●", Tone.GOOD),
    MirrorCondition.REPLAYING: ("⇢", Tone.ACCENT),
    MirrorCondition.SYNCING: ("⇣", Tone.ACCENT),
    MirrorCondition.STARTING: ("…", Tone.ACCENT),
    MirrorCondition.RESYNCING: ("⇣", Tone.WARNING),
    MirrorCondition.DEMOTED: ("▲", Tone.WARNING),
    MirrorCondition.BOTH_PRIMARY: ("✗", Tone.BAD),
    MirrorCondition.SPLIT_BRAIN: ("✗", Tone.BAD),
    MirrorCondition.ORPHAN: ("▲", Tone.WARNING),
    MirrorCondition.NO_PEER_COPY: ("○", Tone.WARNING),
    MirrorCondition.DAEMON_DEAD: ("✗", Tone.BAD),
    MirrorCondition.ERROR: ("✗", Tone.BAD),
    MirrorCondition.UNKNOWN: ("?", Tone.WARNING),
}

GRAVITY = {
    condition: order
    for order, condition in enumerate(
        (
            MirrorCondition.SPLIT_BRAIN,
            MirrorCondition.BOTH_PRIMARY,
            MirrorCondition.ERROR,
            MirrorCondition.DAEMON_DEAD,
            MirrorCondition.ORPHAN,
            MirrorCondition.NO_PEER_COPY,
            MirrorCondition.DEMOTED,
            MirrorCondition.UNKNOWN,
            MirrorCondition.RESYNCING,
            MirrorCondition.SYNCING,
            MirrorCondition.STARTING,
            MirrorCondition.REPLAYING,
            MirrorCondition.IN_SYNC,
        )
    )
}
"""What needs a person first comes first."""

TROUBLE = tuple(GRAVITY)[: GRAVITY[MirrorCondition.RESYNCING]]
"""Conditions that need a person, or somebody who can say what goes on."""

ARRIVING = frozenset(
    {MirrorCondition.SYNCING, MirrorCondition.RESYNCING, MirrorCondition.REPLAYING}
)
"""Conditions in which data is on its way."""

DIRECTION_WORDS = {
    PeerDirection.RECEIVE: "receives only",
    PeerDirection.SEND: "sends only",
    PeerDirection.BOTH: "sends and receives",
}

POOL_MODE_WORDS = {
    PoolMode.DISABLED: "off",
    PoolMode.IMAGE: "one by one",
    PoolMode.POOL: "whole pool",
}


def condition(value: MirrorCondition) -> Line:
    """Return a condition as its glyph and its words."""
    glyph, tone = CONDITION_GLYPHS[value]
    return (Span(f"{glyph} ", tone), Span(value.value, tone if tone is Tone.BAD else Tone.PLAIN))


def site_name(site: str, tone: Tone = Tone.PLAIN) -> Span:
    """Return a side's site; one that is none of ours is elsewhere."""
    return foreign(site, tone) if site else Span("elsewhere", Tone.DIM)


def direction(row: MirrorRow, width: int | None = None) -> Line:
    """Return both sites with what lies between them: who is primary stands out.

    In fewer cells than that needs, both are there still: the room around the sign goes first,
    then the middle of the names.
    """
    source, destination = row.source, row.destination
    if source.primary and destination.primary:
        sign, tone = " ≠ ", Tone.BAD
    elif source.primary and not destination.primary:
        sign, tone = " → ", Tone.ACCENT
    elif source.primary is None:
        sign, tone = " ? ", Tone.WARNING
    else:
        sign, tone = " – ", Tone.WARNING
    return between(_side_name(source), Span(sign, tone), _side_name(destination), width)


def between(left: Span, sign: Span, right: Span, width: int | None) -> Line:
    """Return two names with a sign between them, in ``width`` cells where that is told."""
    sizes = cells(left.text), cells(right.text)
    if width is None or sum(sizes) + cells(sign.text) <= width:
        return (left, sign, right)
    sign = Span(sign.text.strip(), sign.tone)
    room = max(2, width - cells(sign.text))
    at_left = max(room - sizes[1], min(sizes[0], room // 2))
    return (
        Span(squeeze(left.text, at_left), left.tone),
        sign,
        Span(squeeze(right.text, room - at_left), right.tone),
    )


def _side_name(side: MirrorSide) -> Span:
    return site_name(side.site, Tone.STRONG if side.primary else Tone.PLAIN)


def judgement(value: Judgement) -> Line:
    """Return an answer in a glyph and a word."""
    if value.holds is None:
        return (Span("? ", Tone.WARNING), Span("unknown", Tone.DIM))
    if value.holds:
        return (Span("✓ ", Tone.GOOD), Span("yes"))
    return (Span("✗ ", Tone.BAD), Span("no", Tone.BAD))


def side_words(side: MirrorSide) -> Line:
    """Return what one side says of itself, in a few words."""
    if not side.reachable:
        return (Span("✗ ", Tone.BAD), Span("no answer", Tone.BAD))
    if side.exists is None:
        return line("not asked yet", Tone.DIM)
    if not side.exists:
        return (Span("○ ", Tone.WARNING), Span("not there", Tone.WARNING))
    role = (
        line("role not known", Tone.DIM)
        if side.primary is None
        else line("primary", Tone.STRONG)
        if side.primary
        else line("secondary")
    )
    status = side.status
    if status is None:
        return joined((role, line("no report", Tone.DIM)), " · ")
    state = line(state_words(status), Tone.DIM)
    if side.primary and status.state is ReplayState.STOPPED:
        state = NOTHING
    elif status.replay and not side.primary:
        state = line(f"{state_words(status)} {status.replay}", Tone.DIM)
    up: Line = NOTHING if status.up else line("daemon down", Tone.BAD)
    return joined((role, state, up), " · ")


def state_words(status: ReplayStatus) -> str:
    """Return the state that a daemon reports; that of a healthy primary is "stopped"."""
    return status.state.value.replace("_", " ")


def worst_condition(rows: tuple[MirrorRow, ...]) -> MirrorRow | None:
    """Return the row that is worst off, None without any."""
    return min(rows, key=lambda row: GRAVITY[row.condition], default=None)


def counts(pair: MirrorPair, room: int) -> Line:
    """Return how many RBD images there are in each condition, the gravest first.

    What has no room in so many cells is counted together.
    """
    parts: list[Line] = []
    left = {value: pair.counts[value] for value in GRAVITY if pair.counts.get(value)}
    for value, number in tuple(left.items()):
        glyph, tone = CONDITION_GLYPHS[value]
        words = Tone.BAD if tone is Tone.BAD else Tone.PLAIN
        part = (Span(f"{glyph} ", tone), Span(f"{number:,} {value.value}", words))
        rest = sum(left.values()) - number
        more = line(f"+{rest:,} more", Tone.DIM) if rest else NOTHING
        if parts and width(joined((*parts, part, more), "  ")) > room:
            parts.append(line(f"+{sum(left.values()):,} more", Tone.DIM))
            break
        del left[value]
        parts.append(part)
    return joined(parts, "  ") or line("none mirrored", Tone.DIM)
