"""A plan in words: what will be done where, how much, how long, and what speaks against it."""

from collections.abc import Sequence

from dcn_console.console.details.document import (
    Section,
    columned,
    commands_section,
    field,
    text_field,
)
from dcn_console.console.spans import Line, Span, Tone, foreign, joined, line
from dcn_console.model.plans import Check, Outcome, Plan
from dcn_console.model.text import count, format_bytes, format_duration

MOST_COMMANDS = 20
"""Commands shown for many images at once; each task's page has its own."""

COPY = "copy-image"
"""The operation that always moves bytes, even where nobody knows how many."""

_OUTCOMES = {
    Outcome.OK: ("✓", Tone.GOOD),
    Outcome.WARNING: ("▲", Tone.WARNING),
    Outcome.REFUSED: ("✗", Tone.BAD),
}


def plan_sections(
    plans: Sequence[Plan], settings: Sequence[Line], names: tuple[Line, ...] = ()
) -> tuple[Section, ...]:
    """Return what a person should read before agreeing, those without lines left out.

    ``settings`` are lines on what the dialog itself can change, ``names`` are names to be typed
    that have no room beside the input.
    """
    working = [plan for plan in plans if plan.has_work]
    commands = [command for plan in working for command in plan.commands]
    shown = commands_section(commands[:MOST_COMMANDS])
    if len(commands) > MOST_COMMANDS:
        more = line(f"and {len(commands) - MOST_COMMANDS} more", Tone.DIM)
        shown = Section(shown.title, (*shown.lines, more))
    sections = (
        Section("", _totals(plans, working, settings)),
        Section("Cannot be undone", _irreversible(working)),
        Section("To be typed below" if len(names) < 2 else "To be typed below, one by one", names),
        Section("One by one", _objects(plans) if len(plans) > 1 else ()),
        Section("Checks", _checks(plans)),
        Section("Steps", _steps(working[0]) if len(plans) == len(working) == 1 else ()),
        shown,
    )
    return tuple(section for section in sections if section.lines)


def _totals(
    plans: Sequence[Plan], working: Sequence[Plan], settings: Sequence[Line]
) -> tuple[Line, ...]:
    lines: list[Line] = []
    if not working and any(plan.is_refused for plan in plans):
        lines.append(line("This cannot be done as things are; nothing was changed.", Tone.WARNING))
    elif not working:
        lines.append(line("There is nothing to do.", Tone.WARNING))
    elif len(plans) == 1:
        sites = joined(((foreign(site, Tone.STRONG),) for site in plans[0].targets), ", ")
        lines += [text_field(item.kind, item.name, Tone.STRONG) for item in plans[0].objects]
        lines.append(field("result at", sites))
    if working:
        if any(plan.reads_only for plan in working):
            lines.append(field("changes", line("nothing: it only reads", Tone.GOOD)))
        moves = any(plan.bytes_to_move is not None for plan in working)
        if moves or any(plan.operation == COPY for plan in working):
            lines.append(field("bytes", _bytes(working)))
            lines.append(field("estimate", _estimate(working)))
        lines += settings
    if len(plans) == 1:
        for site, why in plans[0].skipped.items():
            lines.append(
                field("skipped", (foreign(site), Span(": ", Tone.DIM), foreign(why, Tone.DIM)))
            )
    return tuple(lines)


def _irreversible(plans: Sequence[Plan]) -> tuple[Line, ...]:
    return tuple(
        (Span("✗ ", Tone.BAD), foreign(text, limit=1000))
        for text in dict.fromkeys(plan.irreversible for plan in plans if plan.irreversible)
    )


def _steps(plan: Plan) -> tuple[Line, ...]:
    """Return the steps in their order, and what can be undone after each."""
    lines: list[Line] = []
    for number, step in enumerate(plan.steps, start=1):
        site: Line = (foreign(step.site, Tone.ACCENT), Span(": ", Tone.DIM)) if step.site else ()
        text = step.text.removeprefix(f"{step.site}: ") if step.site else step.text
        lines.append((Span(f"{number:>2} ", Tone.DIM), *site, foreign(text, limit=400)))
        if step.undo:
            lines.append((Span("   ↩ ", Tone.DIM), foreign(step.undo, Tone.DIM, 400)))
    return tuple(lines)


def _bytes(plans: Sequence[Plan]) -> Line:
    known = [plan.bytes_to_move for plan in plans if plan.bytes_to_move is not None]
    unknown = len(plans) - len(known)
    if not known:
        return line("not known before Glance says", Tone.DIM)
    text = f"{format_bytes(sum(known))} to move"
    if unknown:
        return (Span(text), Span(f", and {count(unknown, 'object')} of unknown size", Tone.WARNING))
    return line(text)


def _estimate(plans: Sequence[Plan]) -> Line:
    times = [plan.estimate_seconds for plan in plans if plan.estimate_seconds is not None]
    if not times:
        return line("none: nothing was measured here yet", Tone.DIM)
    basis = plans[0].estimate_basis
    about = Span(f"about {format_duration(sum(times))}")
    rest = "" if len(times) == len(plans) else ", not counting what is unknown"
    why: Line = (Span(f"{rest}  ", Tone.DIM), foreign(basis, Tone.DIM, 400)) if basis else ()
    return (about, *why)


def _objects(plans: Sequence[Plan]) -> tuple[Line, ...]:
    rows = []
    for plan in plans:
        name = plan.objects[0].name if plan.objects else plan.title
        if plan.is_refused:
            glyph, tone, words = "✗", Tone.BAD, "refused"
        elif not plan.has_work:
            glyph, tone, words = "–", Tone.DIM, "nothing to do"
        else:
            glyph, tone, words = "→", Tone.ACCENT, ", ".join(plan.targets)
        size = format_bytes(plan.bytes_to_move) if plan.has_work else ""
        rows.append(
            (
                (Span(f"{glyph} ", tone), foreign(name, limit=48)),
                (foreign(words, Tone.DIM if tone is Tone.DIM else Tone.PLAIN, 60),),
                line(size, Tone.DIM),
            )
        )
    return columned(rows)


def _checks(plans: Sequence[Plan]) -> tuple[Line, ...]:
    lines: list[Line] = []
    passed = 0
    for check in dict.fromkeys(check for plan in plans for check in plan.checks):
        if check.outcome is Outcome.OK:
            passed += 1
        else:
            lines += _check(check)
    if passed:
        lines.append((Span("✓ ", Tone.GOOD), Span(f"{count(passed, 'check')} passed", Tone.DIM)))
    return tuple(lines)


def _check(check: Check) -> list[Line]:
    glyph, tone = _OUTCOMES[check.outcome]
    site: Line = (foreign(check.site, Tone.STRONG), Span(": ")) if check.site else ()
    lines: list[Line] = [(Span(f"{glyph} ", tone), *site, foreign(check.text, limit=1000))]
    if check.way_out:
        lines.append((Span("  → ", Tone.DIM), foreign(check.way_out, Tone.DIM, 1000)))
    return lines
