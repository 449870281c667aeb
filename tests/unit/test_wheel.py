"""The wheel: everything the program needs is in it, and nothing of the tests."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("wheel")
    command = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder))
    subprocess.run((*command, str(ROOT)), check=True, capture_output=True, timeout=540)
    (wheel,) = folder.glob("*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


def test_every_file_of_the_package_is_in_the_wheel(members: set[str]) -> None:
    listed = subprocess.run(
        ("git", "ls-files", "dcn_console"), cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(listed.stdout.split()) <= members


def test_the_wheel_is_typed_and_has_its_command(members: set[str]) -> None:
    assert "dcn_console/py.typed" in members
    assert any(name.endswith("entry_points.txt") for name in members)


def test_nothing_else_is_installed_beside_the_package(members: set[str]) -> None:
    assert {name.split("/")[0].split("-")[0] for name in members} == {"dcn_console"}
