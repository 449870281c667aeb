"""The page of a pair of sites: one pool's mirroring at both, side by side."""

import shlex

from dcn_console.console.columns.pairs import daemons, health
from dcn_console.console.details.document import (
    Section,
    commands_section,
    field,
    findings_section,
    text_field,
)
from dcn_console.console.mirror_words import DIRECTION_WORDS, POOL_MODE_WORDS, counts
from dcn_console.console.spans import Line, Span, Tone, foreign, joined, line
from dcn_console.model.mirror_rows import MirrorPair, PairSide
from dcn_console.model.sites import Topology

_COUNTS = 200


def pair_sections(pair: MirrorPair, topology: Topology) -> dict[str, Section]:
    """Return all sections of the page."""
    first, second = pair.sides
    return {
        "pair": Section("Pair of sites", _pair(pair)),
        "findings": findings_section(pair.findings),
        "first": Section(first.site, _side(first)),
        "second": Section(second.site, _side(second)),
        "commands": commands_section(pair_commands(pair, topology)),
    }


def _pair(pair: MirrorPair) -> tuple[Line, ...]:
    return (
        text_field("direction", pair.direction, Tone.STRONG),
        text_field("pool", pair.pool),
        field("health", health(pair)),
        field("RBD images", counts(pair, _COUNTS)),
    )


def _side(side: PairSide) -> tuple[Line, ...]:
    if not side.reachable:
        return ((Span("✗ ", Tone.BAD), Span("The cluster does not answer.", Tone.BAD)),)
    mode = POOL_MODE_WORDS[side.mode] if side.mode is not None else None
    lines: list[Line] = [
        text_field("site name", side.site_name),
        text_field("mirrors", mode),
    ]
    peer = side.peer
    if peer is None:
        lines.append(field("peer", line("does not list the other site", Tone.DIM)))
    else:
        words = (foreign(peer.site_name), Span(f": {DIRECTION_WORDS[peer.direction]}", Tone.DIM))
        lines.append(field("peer", words))
        lines.append(text_field("peer's uuid", peer.uuid, Tone.DIM))
        lines.append(text_field("peer's user", peer.client_name, Tone.DIM))
    lines += _daemons(side)
    if not side.schedules:
        lines.append(field("schedules", line("none", Tone.DIM)))
    for item in side.schedules:
        whose = "the whole pool" if item.image is None else item.image
        lines.append(
            field("schedule", (foreign(f"every {item.interval}"), Span("  "), foreign(whose)))
        )
    return tuple(lines)


def _daemons(side: PairSide) -> list[Line]:
    if side.daemons is None:
        why: Line = (foreign(side.daemons_error, Tone.DIM),) if side.daemons_error else ()
        return [field("daemons", joined((daemons(side), why), "  "))]
    if not side.daemons:
        return [field("daemons", daemons(side))]
    lines: list[Line] = []
    for daemon in side.daemons:
        sign = ("▲ ", Tone.WARNING) if daemon.problems else ("● ", Tone.GOOD)
        leader = "  leader" if daemon.leader else ""
        lines.append(
            field(
                "daemon",
                (
                    Span(*sign),
                    foreign(daemon.hostname or daemon.name),
                    Span(f"  {daemon.version}{leader}", Tone.DIM),
                ),
            )
        )
        lines += [field("", (foreign(text, Tone.WARNING, 400),)) for text in daemon.problems]
    return lines


def pair_commands(pair: MirrorPair, topology: Topology) -> tuple[str, ...]:
    """Return the commands that ask both clusters the same."""
    commands = []
    for side in pair.sides:
        site = next((item for item in topology if item.name == side.site), None)
        if site is not None and site.cluster is not None:
            access = f"-c {shlex.quote(site.cluster.conf)} --id {shlex.quote(site.cluster.user)}"
            pool = shlex.quote(pair.pool)
            commands.append(f"rbd {access} mirror pool info {pool}")
            commands.append(f"rbd {access} mirror snapshot schedule ls --pool {pool} --recursive")
    return tuple(commands)
