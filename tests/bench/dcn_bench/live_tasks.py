"""A stand-in for the runner: tasks that are for ever copying, each told of twice a second.

Run as ``python live_tasks.py FOLDER COUNT SITE``, FOLDER being that of a cloud's tasks. It holds
the runner's lock, so that no real runner starts, and says "running" when all tasks run.
"""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from dcn_console.model.plans import ObjectReference, Plan
from dcn_console.model.tasks import Progress, ProgressSource, Target, TargetState
from dcn_console.runner.lock import RunnerLock
from dcn_console.tasks.location import TaskFolder
from dcn_console.tasks.store import TaskStore

UPDATE_SECONDS = 0.5
_TOTAL = 10 * 1024**3
_RATE = 11.0 * 1024**2


def main(folder: Path, count: int, site: str) -> None:
    """Submit the tasks and keep them moving until killed."""
    files = TaskFolder(folder)
    with RunnerLock(files.lock):
        store = TaskStore(files.store)
        numbers = [store.submit(_plan(number, site), "bench").number for number in range(count)]
        for number in numbers:
            store.mark_started(number)
        print("running", flush=True)
        began = time.monotonic()
        while True:
            for number in numbers:
                store.update_target(number, _target(site, time.monotonic() - began))
                time.sleep(UPDATE_SECONDS / count)


def _plan(number: int, site: str) -> Plan:
    name = f"bench-{number:06}"
    return Plan(
        operation="copy-image",
        title=f"copy {name} → {site}",
        objects=(ObjectReference(kind="image", id=f"bench-{number}", name=name),),
        targets=(site,),
        bytes_to_move=_TOTAL,
        made_at=datetime.now(UTC),
    )


def _target(site: str, seconds: float) -> Target:
    done = int(seconds * _RATE) % _TOTAL
    now = datetime.now(UTC)
    return Target(
        site=site,
        state=TargetState.COPYING,
        attempts=1,
        progress=Progress(
            source=ProgressSource.RBD_IMAGE,
            done=done,
            total=_TOTAL,
            rate=_RATE,
            seconds_left=(_TOTAL - done) / _RATE,
            measured_at=now,
        ),
        updated_at=now,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
