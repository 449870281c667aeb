"""A copy of an RBD image beside it, made before its data is given up, and proved by hashes.

It stays until a person removes it. Nothing else of its name is ever touched: it carries the task
that made it.
"""

from dcn_console.model.errors import NoSpace
from dcn_console.model.tasks import ProgressSource, Task
from dcn_console.model.text import count
from dcn_console.operations.base import TargetContext
from dcn_console.operations.interrupting import Interrupted, interruptible
from dcn_console.operations.mirror_sides import Side
from dcn_console.operations.mirror_steps.passage import Passage, look, look_or_raise
from dcn_console.operations.mirror_steps.victim import NOTHING_GIVEN_UP, is_anew, unfit
from dcn_console.operations.mirror_steps.watching import LOST_SECONDS, watch
from dcn_console.operations.patience import CANCELLED, DONE, REFUSED
from dcn_console.operations.results import StepResult
from dcn_console.operations.showing import Showing

PREFIX = "dcn-console-safety."
TRIES = 3
"""So often a copy is made anew because what it was made of moved on meanwhile."""
_WAY_OUT = f"{NOTHING_GIVEN_UP.capitalize()}. Free space there, or waive the copy."


def copy_name(passage: Passage, task: Task) -> str:
    """Return the name of the safety copy that ``task`` makes: it says of what and of when."""
    return f"{PREFIX}{passage.subject.image}.{task.submitted_at:%Y%m%dT%H%M%S}"


async def make_copy(context: TargetContext, passage: Passage, noted: dict[str, str]) -> StepResult:
    """Copy what the victim, the source of ``passage``, holds, and compare the hashes.

    A copy of the same task is started again. The name is ``data["copy"]``.
    """
    name = copy_name(passage, context.task)
    tries = 0

    async def try_once() -> StepResult | str:
        nonlocal tries
        pair = await look_or_raise(context, passage)
        victim = pair.source
        hindrance = unfit(pair, passage, may_be_primary=False)
        if not hindrance and is_anew(victim, noted):
            hindrance = f"another RBD image took its name at {victim.name}"
        if hindrance:
            return StepResult(outcome=REFUSED, text=f"{hindrance}. {NOTHING_GIVEN_UP}.")
        try:
            differing = await _copy(context, passage, victim, name)
        except NoSpace as error:
            return StepResult(outcome=REFUSED, text=f"{error.message} {_WAY_OUT}")
        where = f"{passage.subject.pool}/{name}"
        if not differing:
            text = f"what {victim.name} held is kept there in {where}, proved by hashes"
            return StepResult(outcome=DONE, text=text, data={"copy": name})
        tries += 1
        if tries < TRIES:
            return "it moved on while it was copied; copying it again"
        return StepResult(
            outcome=REFUSED,
            text=f"{where} differs in {count(differing, 'object')} each of {TRIES} times: data "
            f"arrives at {victim.name}. {NOTHING_GIVEN_UP.capitalize()}; as {victim.name} follows, "
            "the copy may be waived.",
        )

    try:
        return await watch(
            context, try_once, cancelled=NOTHING_GIVEN_UP, way_out=_WAY_OUT, deadline=float("inf")
        )
    except Interrupted:
        return StepResult(outcome=CANCELLED, text=NOTHING_GIVEN_UP)


async def _copy(context: TargetContext, passage: Passage, victim: Side, name: str) -> int:
    """Copy, and return how many objects of the copy are not what the victim holds then."""
    content, pool, image = victim.cluster.content, passage.subject.pool, passage.subject.image
    shown = Showing(context, f"safety copy {pool}/{name}", ProgressSource.CEPH)
    copying = content.copy_within(pool, image, pool, name, context.task.id, on_progress=shown)
    await interruptible(context, copying)
    first = await interruptible(context, content.used_objects(pool, image))
    second = await interruptible(context, content.used_objects(pool, name))
    numbers = sorted({*first.numbers, *second.numbers})
    hashes = []
    for one in (name, image):
        text = f"hashing {pool}/{one}"
        shown = Showing(context, text, ProgressSource.READ_BACK, first.object_size)
        hashing = content.hash_objects(pool, one, numbers, on_progress=shown)
        hashes.append(await interruptible(context, hashing))
    return sum(hashes[0].get(number) != hashes[1].get(number) for number in numbers)


async def discard_copy(
    context: TargetContext, passage: Passage, noted: dict[str, str]
) -> StepResult:
    """Remove a safety copy that nobody needs, for what it was made of is still there."""
    name = copy_name(passage, context.task)
    where = f"{passage.subject.pool}/{name} at {passage.source}"

    async def look_once() -> StepResult | str:
        victim = (await look(context, passage)).source
        if victim.error is not None:
            raise victim.error
        if is_anew(victim, noted):
            return StepResult(outcome=DONE, text=f"{where} is kept")
        content = victim.cluster.content
        removed = await content.remove_owned(passage.subject.pool, name, context.task.id)
        text = f"the safety copy {where} is removed again" if removed else ""
        return StepResult(outcome=DONE, text=text)

    return await watch(
        context,
        look_once,
        cancelled="",
        lost=LOST_SECONDS,
        way_out=f"{where} may be left: remove it with rbd rm.",
    )
