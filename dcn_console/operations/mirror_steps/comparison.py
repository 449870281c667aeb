"""The last look at a relocated RBD image: both sides compared."""

import asyncio
import hashlib
import math

from dcn_console.model.requests import ContentCheck
from dcn_console.model.tasks import TargetState
from dcn_console.model.text import count, format_bytes
from dcn_console.operations.base import TargetContext
from dcn_console.operations.mirror_sides import Pair, Side
from dcn_console.operations.mirror_steps.demotion import strange
from dcn_console.operations.mirror_steps.in_use import writer_of
from dcn_console.operations.mirror_steps.passage import Passage, look_or_raise
from dcn_console.operations.mirror_steps.watching import LOST_SECONDS, watch
from dcn_console.operations.patience import DONE, REFUSED
from dcn_console.operations.results import StepResult


async def compare_sides(
    context: TargetContext,
    passage: Passage,
    check: ContentCheck,
    percent: float,
    both_ways: bool,
) -> StepResult:
    """See that the destination is primary and both sides hold the same.

    Without mirroring ``both_ways`` the source does not follow, and only what is known of it is
    compared.
    """

    async def look() -> StepResult | str:
        pair = await look_or_raise(context, passage)
        hindrance = strange(pair, passage)
        here, there = pair.destination.detail, pair.source.detail
        if not hindrance and not pair.destination.is_primary:
            hindrance = f"{pair.destination.name} is not primary"
        if hindrance or here is None or there is None:
            return StepResult(outcome=REFUSED, text=hindrance)
        if here.size != there.size:
            text = (
                f"{pair.destination.name} has {here.size} bytes, "
                f"{pair.source.name} has {there.size}"
            )
            return StepResult(outcome=REFUSED, text=text)
        text = f"{pair.destination.name} is primary, both sides have {format_bytes(here.size)}"
        if check is ContentCheck.METADATA or not both_ways:
            return StepResult(outcome=DONE, text=text)
        return await _content(context, pair, check, percent, text)

    return await watch(
        context,
        look,
        cancelled="",
        lost=LOST_SECONDS,
        state=TargetState.VERIFYING,
        way_out=f"{passage.destination} is primary; verify it again when both sites answer.",
    )


async def _content(
    context: TargetContext, pair: Pair, check: ContentCheck, percent: float, text: str
) -> StepResult | str:
    """Compare the data of both sides at the newest point that the secondary has whole.

    In snapshot mode that is the primary's mirror snapshot and the secondary's head (measured: the
    secondary's own snapshot holds what there was before the sync), in journal mode both heads.
    """
    primary, secondary = pair.destination, pair.source
    pool, image = pair.subject.pool, pair.subject.image
    point = _point(secondary)
    here = await primary.cluster.content.used_objects(pool, image, point)
    there = await secondary.cluster.content.used_objects(pool, image)
    numbers = sorted({*here.numbers, *there.numbers})
    if check is ContentCheck.SAMPLED and numbers:
        wanted = max(1, math.ceil(len(numbers) * percent / 100))
        chance = {number: _chance(context.task.id, number) for number in numbers}
        numbers = sorted(sorted(numbers, key=chance.__getitem__)[:wanted])
    share = f"{count(len(numbers), 'object')} of {len({*here.numbers, *there.numbers})}"
    context.show(TargetState.VERIFYING, f"hashing {share} at both sides")
    first, second = await asyncio.gather(
        primary.cluster.content.hash_objects(pool, image, numbers, point),
        secondary.cluster.content.hash_objects(pool, image, numbers),
    )
    differing = [number for number in numbers if first.get(number) != second.get(number)]
    if not differing:
        return StepResult(outcome=DONE, text=f"{text}, {share} hashed and the same")
    names = ", ".join(str(number) for number in differing[:10])
    if primary.detail is not None and writer_of(primary.detail):
        return f"written to while it is compared (objects {names})"
    return StepResult(
        outcome=REFUSED,
        text=f"{primary.name} and {secondary.name} differ in objects {names}. "
        f"Resync {secondary.name} if {primary.name} is right.",
    )


def _point(secondary: Side) -> int | None:
    """Return the primary's mirror snapshot whose data the secondary holds; None for the head."""
    snapshots = secondary.detail.mirror_snapshots if secondary.detail is not None else ()
    whole = [
        one.primary_snapshot_id
        for one in snapshots
        if one.complete and one.primary_snapshot_id is not None and one.state == "non-primary"
    ]
    return max(whole, default=None)


def _chance(seed: str, number: int) -> bytes:
    """Return where an object comes in the order in which samples are drawn: the same each time."""
    return hashlib.sha256(f"{seed}/{number}".encode()).digest()
