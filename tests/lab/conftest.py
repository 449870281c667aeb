"""The real lab as a fixture: the one in DCN_LAB_DIR, else one of our own for this run.

All tests here carry the marker `lab`, and are skipped where a lab can't run or DCN_LAB=off.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER))

from dcn_lab.lab import Lab, bring_up, bring_up_anew, wipe  # noqa: E402
from dcn_lab.layout import ENVIRONMENT_VARIABLE, layout_in  # noqa: E402
from dcn_lab.packages import obstacle  # noqa: E402

LOWEST_PORT_BASE = int(os.environ.get("DCN_LAB_PORTS", "24000"))
"""Above the labs that people start by hand with the topologies' own port bases.

Runs side by side are given different ones: a port that is taken is only seen once it is open.
"""
TEST_SECONDS = 2400
"""The first test of a run waits for the bring-up, packages included, at worst for two."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder, and skip them all for one clear reason if need be."""
    reason = "DCN_LAB=off" if os.environ.get("DCN_LAB") == "off" else obstacle()
    for item in items:
        if FOLDER in item.path.parents:
            item.add_marker(pytest.mark.lab)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(TEST_SECONDS))
            if reason:
                item.add_marker(pytest.mark.skip(reason=f"no lab: {reason}"))


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """Return a lab that is up: the one in DCN_LAB_DIR, left as it is, or one of our own."""
    given = os.environ.get(ENVIRONMENT_VARIABLE)
    if given and layout_in(None).topology.exists():
        layout = layout_in(None)
        bring_up(layout.directory)
        yield Lab(layout)
        return
    directory = Path(given or tempfile.mkdtemp(prefix="dcn-lab-", dir="/var/tmp"))
    try:
        bring_up_anew(directory, LOWEST_PORT_BASE)
        yield Lab(layout_in(directory))
    finally:
        wipe(directory)
