"""The benchmarks run, and ratios that the issue asks for hold with a wide margin.

Wall time is never asserted: a figure may miss its budget on a busy machine.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

RUN = Path(__file__).with_name("run")

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]


def run(*arguments: str) -> list[dict[str, Any]]:
    environment = {name: value for name, value in os.environ.items() if name != "DCN_LAB_DIR"}
    ran = subprocess.run(
        [sys.executable, str(RUN), *arguments, "--quick", "-o", "json"],
        capture_output=True,
        env=environment,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    figures: list[dict[str, Any]] = json.loads(ran.stdout)
    assert figures
    assert all(figure["value"] >= 0 and figure["unit"] for figure in figures)
    return figures


def ratio(figures: list[dict[str, Any]], start: str, reference: str) -> float:
    """Return the last such figure's ratio: that of the larger size."""
    ratios = [
        figure["ratio"]
        for figure in figures
        if figure["name"].startswith(start) and figure["reference_name"].startswith(reference)
    ]
    return float(ratios[-1])


@pytest.mark.parametrize("name", ["first-frame", "quit", "idle", "tables", "keys"])
def test_console_is_measured_against_a_reference(name: str) -> None:
    figures = run(name)
    assert any(figure["ratio"] for figure in figures)
    assert any(figure["budget"] for figure in figures)


def test_an_image_costs_a_fraction_of_the_sdk_resource() -> None:
    assert ratio(run("decoding"), "decoding an image", "openstacksdk") >= 10


def test_listing_costs_the_client_a_fraction_of_the_openstack_command() -> None:
    figures = run("listing")
    assert ratio(figures, "reading 1,000 images", "openstack image list") >= 5


def test_the_table_names_every_figure_with_its_reference() -> None:
    ran = subprocess.run(
        [sys.executable, str(RUN), "decoding", "--quick"],
        capture_output=True,
        text=True,
        check=True,
    )
    heading, *lines = ran.stdout.splitlines()
    assert heading.split()[:5] == ["FIGURE", "VALUE", "BUDGET", "REFERENCE", "RATIO"]
    assert len(lines) == 1
    assert "µs" in lines[0]
    assert "openstacksdk" in lines[0]


def test_an_unknown_benchmark_is_refused() -> None:
    ran = subprocess.run([sys.executable, str(RUN), "no-such"], capture_output=True, check=False)
    assert ran.returncode == 2
    assert b"no-such" in ran.stderr
