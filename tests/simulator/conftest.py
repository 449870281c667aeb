"""Fixtures of the tests on the simulator."""

from collections.abc import Iterator

import pytest
from simulated import Api, running_simulator

from dcn_console.simulator.instance import Simulator
from dcn_console.simulator.server import Options


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A simulator of an empty cloud with three sites, of its own for each test."""
    with running_simulator() as running:
        yield running


@pytest.fixture(scope="module")
def demo_simulator() -> Iterator[Simulator]:
    """The demo, shared by a module's tests, which only read it."""
    with running_simulator(Options(scenario="demo")) as running:
        yield running


@pytest.fixture
def admin(simulator: Simulator) -> Api:
    """The administrator on the simulator of this test."""
    return Api(simulator)


@pytest.fixture
def member(simulator: Simulator) -> Api:
    """The plain member on the simulator of this test."""
    return Api(simulator, "demo")
