"""Run pieces of work in parallel, each after those it needs."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """One piece of work."""

    name: str
    action: Callable[[], None]
    needs: tuple[str, ...] = ()


def run_stages(stages: Sequence[Stage], finished: Callable[[str], None]) -> None:
    """Run all `stages`, calling `finished` with each one's name; raise the first failure.

    After a failure nothing further is started, and what runs is waited for.
    """
    waiting = {stage.name: stage for stage in stages}
    done: set[str] = set()
    with ThreadPoolExecutor(max_workers=len(stages)) as pool:
        running: dict[Future[None], str] = {}
        while waiting or running:
            for stage in [each for each in waiting.values() if done.issuperset(each.needs)]:
                del waiting[stage.name]
                running[pool.submit(stage.action)] = stage.name
            if not running:
                raise ValueError(f"stages that wait for each other: {', '.join(waiting)}")
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                name = running.pop(future)
                future.result()
                done.add(name)
                finished(name)
