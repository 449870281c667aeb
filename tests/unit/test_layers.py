"""Each layer imports without what its neighbours above need, in a fresh interpreter."""

import subprocess
import sys

import pytest

CORE = (
    "model",
    "config",
    "clouds",
    "ceph",
    "tasks",
    "inventory",
    "operations",
    "runner",
    "workspace",
)


def imported_with(statement: str) -> set[str]:
    """Return the top-level packages that are loaded after ``statement``."""
    script = (
        f"{statement}\nimport sys\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    )
    done = subprocess.run(
        (sys.executable, "-c", script), capture_output=True, text=True, check=True, timeout=120
    )
    return set(done.stdout.split())


IMPORT_ALL = """
import importlib, pkgutil, dcn_console
for part in {parts!r}:
    package = importlib.import_module(f"dcn_console.{{part}}")
    for found in pkgutil.walk_packages(package.__path__, f"dcn_console.{{part}}."):
        if not found.name.endswith(("__main__", "ceph.agent")):
            importlib.import_module(found.name)
"""


def test_the_core_needs_no_textual() -> None:
    assert "textual" not in imported_with(IMPORT_ALL.format(parts=CORE))


def test_everything_but_the_runner_does_without_the_durable_engine() -> None:
    parts = tuple(part for part in CORE if part not in ("runner", "workspace"))
    assert "dbos" not in imported_with(IMPORT_ALL.format(parts=parts))


@pytest.mark.parametrize("absent", ["dbos", "openstack", "sqlalchemy"])
def test_the_console_opens_without(absent: str) -> None:
    statement = "import dcn_console.workspace.local, dcn_console.console.app"
    assert absent not in imported_with(statement)


def test_the_simulator_needs_nothing_of_ours_but_the_model() -> None:
    script = (
        "import dcn_console.simulator.server, sys\n"
        "print(*[n for n in sys.modules if n.startswith('dcn_console.')])"
    )
    done = subprocess.run(
        (sys.executable, "-c", script), capture_output=True, text=True, check=True, timeout=120
    )
    parts = {name.split(".")[1] for name in done.stdout.split()}
    assert parts <= {"simulator", "model"}
