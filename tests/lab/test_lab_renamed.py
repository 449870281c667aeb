"""The command line's cases on a second lab, where no site, store, zone or cluster shares a name."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import CommandLine
from dcn_lab.lab import Lab, bring_up_anew, wipe
from dcn_lab.layout import layout_in
from test_lab_cli import (
    cli,
    image_id,
    test_a_copy_is_there_when_it_says_so,
    test_init_joins_store_zone_and_cluster_of_every_site,
)

__all__ = [
    "cli",
    "image_id",
    "test_a_copy_is_there_when_it_says_so",
    "test_init_joins_store_zone_and_cluster_of_every_site",
]

TOPOLOGY = Path(__file__).parent / "topologies" / "renamed.toml"
LOWEST_PORT_BASE = int(os.environ.get("DCN_LAB_PORTS", "24000"))


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A lab of the topology `renamed`, beside the one the other tests use."""
    directory = Path(tempfile.mkdtemp(prefix="dcn-lab-renamed-", dir="/var/tmp"))
    try:
        bring_up_anew(directory, LOWEST_PORT_BASE, topology=TOPOLOGY)
        yield Lab(layout_in(directory))
    finally:
        wipe(directory)


def test_a_store_of_no_site_is_shown_as_read_only(lab: Lab, cli: CommandLine) -> None:
    assert lab.topology.http_store
    stores = {store["id"]: store for store in cli("store", "list", "-o", "json").json}
    http = stores[lab.topology.http_store]
    assert http["read_only"] is True
    assert http["site"] is None
    assert stores[lab.hub.store]["default"] is True


def test_the_doctor_finds_nothing_wrong(lab: Lab, cli: CommandLine, image_id: str) -> None:
    found = cli("doctor", "-o", "json")
    problems = [item for item in found.json if item["outcome"] == "problem"]
    assert problems == []
    assert found.status == 0
