"""A runner is started when missing, but not over and over."""

from dcn_console.workspace.tending import FIRST_PAUSE_SECONDS, Tending


class Runner:
    def __init__(self) -> None:
        self.alive = False
        self.starts = 0
        self.now = 1000.0

    def tending(self) -> Tending:
        return Tending(lambda: self.alive, self.start, lambda: self.now)

    def start(self) -> None:
        self.starts += 1


def test_a_living_runner_is_left_alone() -> None:
    runner = Runner()
    runner.alive = True
    runner.tending().tend()
    assert runner.starts == 0


def test_a_missing_runner_is_started_once_at_first() -> None:
    runner = Runner()
    tending = runner.tending()
    tending.tend()
    tending.tend()
    assert runner.starts == 1


def test_the_pause_grows_while_none_comes_to_life() -> None:
    runner = Runner()
    tending = runner.tending()
    at = []
    for second in range(100):
        runner.now = 1000.0 + second
        before = runner.starts
        tending.tend()
        if runner.starts > before:
            at.append(second)
    assert at == [0, 5, 15, 35, 75]


def test_after_a_life_the_pause_is_short_again() -> None:
    runner = Runner()
    tending = runner.tending()
    for _ in range(4):
        runner.now += 200.0
        tending.tend()
    runner.alive = True
    tending.tend()
    runner.alive = False
    runner.now += 200.0
    tending.tend()
    starts = runner.starts
    runner.now += FIRST_PAUSE_SECONDS
    tending.tend()
    assert runner.starts == starts + 1
