"""Every test of this folder runs twice: on the simulator, and on the real services of a lab.

The lab is the one of tests/lab: in DCN_LAB_DIR when there is one, else brought up for this run.
Where none can run, that half is skipped and says why.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from conftest import lab  # tests/lab/conftest.py, by the pythonpath of pyproject.toml
from contract_dcn import MIB, Dcn, Images, lab_dcn, simulated_dcn
from dcn_lab.lab import Lab
from dcn_lab.layout import ENVIRONMENT_VARIABLE, layout_in
from dcn_lab.packages import obstacle
from simulated import running_simulator, small_options

__all__ = ["lab"]

LAB_SECONDS = 2400
"""The first test on the lab waits for the bring-up, packages included, at worst for two."""
BANDWIDTH = 32.0 * MIB
"""Bytes a second of every simulated site: a copy of these tests takes seconds, as on the lab."""
ON_LAB = pytest.param(
    "lab", marks=[pytest.mark.lab, pytest.mark.timeout(LAB_SECONDS)]
)  # fmt: skip


@pytest.fixture(scope="session", params=["simulator", ON_LAB])
def dcn(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dcn]:
    """The DCN that the test is for, shared by all tests on it."""
    folder = tmp_path_factory.mktemp(request.param)
    with ExitStack() as stack:
        if request.param == "simulator":
            options = small_options(bandwidth=BANDWIDTH, http_store="by-url", mirror_pace=5.0)
            simulator = stack.enter_context(running_simulator(options))
            yield stack.enter_context(simulated_dcn(simulator, folder))
            return
        reason = "DCN_LAB=off" if os.environ.get("DCN_LAB") == "off" else obstacle()
        if reason:
            pytest.skip(f"no lab: {reason}")
        shared = ENVIRONMENT_VARIABLE in os.environ and layout_in(None).topology.exists()
        real: Lab = request.getfixturevalue("lab")
        request.getfixturevalue("same_lab_for_all")
        yield stack.enter_context(lab_dcn(real, folder, shared=shared))


@pytest.fixture(scope="session")
def same_lab_for_all(lab: Lab) -> Iterator[None]:
    """Let tests/lab, whose fixture is another one to pytest, find the lab of these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ENVIRONMENT_VARIABLE, str(lab.directory))
        yield


@pytest.fixture
def images(dcn: Dcn) -> Iterator[Images]:
    """What makes images, and deletes them when the test is over."""
    made = Images(dcn)
    try:
        yield made
    finally:
        made.delete_all()


@pytest.fixture
def state_folder(tmp_path: Path) -> Path:
    """A folder for the tasks of a console."""
    return tmp_path / "state"
