"""The bytes of a whole task, added up from its targets."""

import msgspec
from fake_dcn import BEGAN, MIB, a_task

from dcn_console.model.tasks import Progress, ProgressSource, Target, TargetState, Task


def task_of(*targets: Target) -> Task:
    task = a_task(tuple(target.site for target in targets))
    plan = msgspec.structs.replace(task.plan, bytes_to_move=40 * MIB * len(targets))
    return msgspec.structs.replace(task, targets=targets, plan=plan)


def copying(site: str, done: int, rate: float | None = None) -> Target:
    progress = Progress(
        source=ProgressSource.RBD_IMAGE, done=done, total=40 * MIB, rate=rate, measured_at=BEGAN
    )
    return Target(site=site, state=TargetState.COPYING, progress=progress)


def test_without_a_figure_there_is_none() -> None:
    assert task_of(Target(site="a", state=TargetState.STAGING)).progress is None


def test_a_site_that_has_its_copy_counts_in_full() -> None:
    progress = task_of(
        Target(site="a", state=TargetState.DONE), copying("b", 10 * MIB, rate=5.0 * MIB)
    ).progress
    assert progress is not None
    assert (progress.done, progress.total) == (50 * MIB, 80 * MIB)
    assert progress.seconds_left == 6.0


def test_a_site_whose_turn_is_to_come_counts_in_the_total() -> None:
    progress = task_of(copying("a", 20 * MIB), Target(site="b", state=TargetState.WAITING)).progress
    assert progress is not None
    assert progress.percent == 25.0


def test_a_site_that_failed_does_not_count() -> None:
    progress = task_of(copying("a", 20 * MIB), Target(site="b", state=TargetState.FAILED)).progress
    assert progress is not None
    assert progress.percent == 50.0


def test_reading_back_shows_when_nothing_is_copied_any_more() -> None:
    reading = Target(
        site="a",
        state=TargetState.VERIFYING,
        progress=Progress(source=ProgressSource.READ_BACK, done=10 * MIB, total=40 * MIB),
    )
    alone = task_of(reading).progress
    assert alone is not None
    assert (alone.source, alone.percent) == (ProgressSource.READ_BACK, 25.0)
    beside_a_copy = task_of(reading, copying("b", 20 * MIB)).progress
    assert beside_a_copy is not None
    assert beside_a_copy.source is ProgressSource.RBD_IMAGE
    assert beside_a_copy.percent == 75.0
