"""When the console collects garbage."""

import gc

import pytest

from dcn_console.console.tidying import (
    ALL,
    FULL_SECONDS,
    MOST_OBJECTS,
    QUIET_SECONDS,
    YOUNG,
    YOUNG_OBJECTS,
    Collector,
)


class Desk:
    """A collector, its clock, the number of new objects, and what was collected."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.new = 0
        self.frozen = 0
        self.automatic = False
        self.collected: list[int] = []
        self.collector = Collector(
            self.collected.append,
            self.freeze,
            lambda: self.new,
            lambda: self.now,
            lambda: self.automatic,
        )

    def freeze(self) -> None:
        """Count how often that is asked for."""
        self.frozen += 1

    def look(self, after: float, new: int) -> list[int]:
        """Look after some seconds, and return what was collected."""
        self.now += after
        self.new = new
        self.collected.clear()
        self.collector.look()
        return self.collected


@pytest.fixture
def desk() -> Desk:
    """A console that has been there for a moment."""
    desk = Desk()
    assert desk.look(QUIET_SECONDS, MOST_OBJECTS) == []
    assert desk.frozen == 1
    return desk


def test_what_the_start_made_is_left_out_once(desk: Desk) -> None:
    desk.look(QUIET_SECONDS, MOST_OBJECTS)
    assert desk.frozen == 1


def test_nothing_is_collected_while_somebody_types(desk: Desk) -> None:
    for _ in range(int(2 * FULL_SECONDS)):
        desk.collector.key_pressed()
        assert desk.look(QUIET_SECONDS / 2, MOST_OBJECTS - 1) == []


def test_a_moment_after_the_last_key_it_is_collected(desk: Desk) -> None:
    desk.collector.key_pressed()
    assert desk.look(QUIET_SECONDS, YOUNG_OBJECTS) == [YOUNG]
    assert desk.look(1, YOUNG_OBJECTS - 1) == []


def test_where_python_collects_there_is_nothing_to_do(desk: Desk) -> None:
    desk.automatic = True
    assert desk.look(FULL_SECONDS, MOST_OBJECTS) == []


def test_very_many_objects_do_not_wait_for_the_last_key(desk: Desk) -> None:
    desk.collector.key_pressed()
    assert desk.look(0, MOST_OBJECTS) == [YOUNG]


def test_all_objects_are_looked_at_now_and_then(desk: Desk) -> None:
    looks = [desk.look(1, 0)[:] for _ in range(int(3 * FULL_SECONDS))]
    assert looks.count([ALL]) == 3
    assert looks.count([]) == len(looks) - 3


def test_new_objects_are_counted_without_pythons_own_collecting() -> None:
    collected: list[int] = []
    enabled = gc.isenabled()
    gc.disable()
    try:
        cycles: list[list[object]] = [[] for _ in range(2 * YOUNG_OBJECTS)]
        for cycle in cycles:
            cycle.append(cycle)
        moments = iter([0.0, 2.0, 4.0])
        collector = Collector(collected.append, lambda: None, monotonic=moments.__next__)
        collector.look()
        collector.look()
    finally:
        if enabled:
            gc.enable()
    assert collected == [YOUNG]
