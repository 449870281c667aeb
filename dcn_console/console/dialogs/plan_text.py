"""A plan in words: what will be copied where, how much, how long, and what speaks against it."""

from collections.abc import Sequence

from dcn_console.console.details.document import Section, columned, commands_section, field
from dcn_console.console.spans import Line, Span, Tone, foreign, joined, line
from dcn_console.model.plans import Check, Outcome, Plan, VerifyLevel
from dcn_console.model.text import count, format_bytes, format_duration

MOST_COMMANDS = 20
"""Commands shown for many images at once; each task's page has its own."""

VERIFY_WORDS = {
    VerifyLevel.NONE: "none: only that Glance lists the store",
    VerifyLevel.METADATA: "metadata: the RBD image, its protected snapshot and its size",
    VerifyLevel.DEEP: "deep: read the data back and compare its hash",
}

_OUTCOMES = {
    Outcome.OK: ("✓", Tone.GOOD),
    Outcome.WARNING: ("▲", Tone.WARNING),
    Outcome.REFUSED: ("✗", Tone.BAD),
}


def plan_title(plans: Sequence[Plan]) -> str:
    """Return the dialog's title."""
    if len(plans) == 1:
        return plans[0].title
    copies = sum(len(plan.targets) for plan in plans if plan.has_work)
    return f"copy {count(len(plans), 'image')}: {count(copies, 'copy', 'copies')}"


def plan_sections(plans: Sequence[Plan], verify: VerifyLevel) -> tuple[Section, ...]:
    """Return what a person should read before agreeing, those without lines left out."""
    working = [plan for plan in plans if plan.has_work]
    commands = [command for plan in working for command in plan.commands]
    shown = commands_section(commands[:MOST_COMMANDS])
    if len(commands) > MOST_COMMANDS:
        more = line(f"and {len(commands) - MOST_COMMANDS} more", Tone.DIM)
        shown = Section(shown.title, (*shown.lines, more))
    sections = (
        Section("", _totals(plans, working, verify)),
        Section("Images", _images(plans) if len(plans) > 1 else ()),
        Section("Checks", _checks(plans)),
        shown,
    )
    return tuple(section for section in sections if section.lines)


def _totals(
    plans: Sequence[Plan], working: Sequence[Plan], verify: VerifyLevel
) -> tuple[Line, ...]:
    lines: list[Line] = []
    if not working:
        lines.append(line("There is nothing to do.", Tone.WARNING))
    elif len(plans) == 1:
        sites = joined(((foreign(site, Tone.STRONG),) for site in plans[0].targets), ", ")
        lines.append(field("copy", (foreign(plans[0].objects[0].name, Tone.STRONG),)))
        lines.append(field("to", sites))
    if working:
        lines.append(field("bytes", _bytes(working)))
        lines.append(field("estimate", _estimate(working)))
        lines.append(field("verify", (Span(VERIFY_WORDS[verify]), Span("  v changes", Tone.DIM))))
    if len(plans) == 1:
        for site, why in plans[0].skipped.items():
            lines.append(
                field("skipped", (foreign(site), Span(": ", Tone.DIM), foreign(why, Tone.DIM)))
            )
    return tuple(lines)


def _bytes(plans: Sequence[Plan]) -> Line:
    known = [plan.bytes_to_move for plan in plans if plan.bytes_to_move is not None]
    unknown = len(plans) - len(known)
    if not known:
        return line("not known before Glance says", Tone.DIM)
    text = f"{format_bytes(sum(known))} to move"
    if unknown:
        return (Span(text), Span(f", and {count(unknown, 'image')} of unknown size", Tone.WARNING))
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


def _images(plans: Sequence[Plan]) -> tuple[Line, ...]:
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
