"""Plans in words: what will be done, what forbids it, and what one would type for it."""

from collections.abc import Iterator

from dcn_console.cli.messages import with_option
from dcn_console.model.plans import Check, Outcome, Plan
from dcn_console.model.text import count, format_bytes, format_duration, printable


def plan_text(plan: Plan, *, with_steps: bool = False) -> str:
    """Return a plan as lines of printable text."""
    return "\n".join(_lines(plan, with_steps=with_steps))


def refusal_reasons(plan: Plan) -> tuple[Check, ...]:
    """Return every check that forbids the plan, or one of its sites."""
    return tuple(check for check in plan.checks if check.outcome is Outcome.REFUSED)


def _lines(plan: Plan, *, with_steps: bool) -> Iterator[str]:
    yield printable(plan.title)
    for reference in plan.objects:
        yield f"  {reference.kind:<9} {printable(reference.name)} ({printable(reference.id)})"
    if plan.has_work:
        yield from _work(plan)
    for site, reason in plan.skipped.items():
        yield f"  {'skipped':<9} {printable(site)}: {printable(reason)}"
    for check in plan.checks:
        if check.outcome is not Outcome.OK:
            yield f"  {check.outcome.value:<9} {printable(check.text)}"
            way_out = with_option(check.way_out, check.option)
            if way_out:
                yield f"  {'':<9} {printable(way_out)}"
    if not plan.has_work:
        yield "  nothing to do"
        return
    if with_steps or plan.typed_name:
        yield from _steps(plan)
    if plan.commands:
        yield "  the same by hand"
    for command in plan.commands:
        yield f"    {printable(command)}"
    if plan.irreversible:
        yield f"  cannot be undone: {printable(plan.irreversible)}"


def _work(plan: Plan) -> Iterator[str]:
    yield f"  {'at':<9} {printable(', '.join(plan.targets))}"
    if plan.reads_only:
        yield f"  {'changes':<9} nothing: it only reads"
    if plan.bytes_to_move is not None:
        yield f"  {'bytes':<9} {_bytes(plan.bytes_to_move, len(plan.targets))}"
    if plan.estimate_seconds is not None:
        basis = f" ({printable(plan.estimate_basis)})" if plan.estimate_basis else ""
        yield f"  {'estimate':<9} {format_duration(plan.estimate_seconds)}{basis}"


def _steps(plan: Plan) -> Iterator[str]:
    yield "  steps"
    for step in plan.steps:
        place = f"{step.site}: " if step.site else ""
        yield f"    {printable(place)}{printable(step.text.removeprefix(place))}"
        if step.undo:
            yield f"      then: {printable(step.undo)}"


def _bytes(to_move: int, sites: int) -> str:
    if sites == 1:
        return format_bytes(to_move)
    return f"{format_bytes(to_move)} over {count(sites, 'site')}"
