"""The command line on real services: init joins the sites, a copy is there when it says so."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import CommandLine
from dcn_lab.lab import Lab
from lab_clients import connect, delete_image
from lab_settings import AGENT_DEADLINE_SECONDS, REQUEST_TIMEOUT_SECONDS

from dcn_console.config.paths import Paths
from dcn_console.config.settings import Settings, load

MIB = 1024 * 1024
SIZE = 24 * MIB


@pytest.fixture
def cli(lab: Lab, tmp_path: Path) -> Iterator[CommandLine]:
    """The command line with a config that its own init discovered."""
    config = tmp_path / "config.toml"
    command = CommandLine(tmp_path, config)
    command.environment["OS_CLIENT_CONFIG_FILE"] = str(lab.clouds_yaml)
    found = command(
        "--cloud", lab.cloud, "init", "--config", str(config), "--ceph-folder", str(lab.ceph_folder)
    )
    assert found.status == 0, found.err
    patience = (
        f"agent_deadline_seconds = {AGENT_DEADLINE_SECONDS}\n"
        f"request_timeout_seconds = {REQUEST_TIMEOUT_SECONDS}\n"
    )
    config.write_text(patience + config.read_text())
    yield command
    command.close()


@pytest.fixture
def image_id(lab: Lab, tmp_path: Path) -> Iterator[str]:
    """An image of random bytes that is at the hub alone."""
    data = tmp_path / "data"
    data.write_bytes(os.urandom(SIZE))
    made = lab.openstack(
        "image", "create", "--file", str(data), "--disk-format", "raw",
        "--container-format", "bare", "-f", "json", f"cli-test-{tmp_path.name}",
    )  # fmt: skip
    yield str(made["id"])
    delete_image(lab, connect(lab, lab.cloud), str(made["id"]))


def settings_of(cli: CommandLine) -> Settings:
    return load(Paths.resolve(Path(cli.environment["DCN_CONSOLE_CONFIG"])), {}).settings


def test_init_joins_store_zone_and_cluster_of_every_site(lab: Lab, cli: CommandLine) -> None:
    topology = settings_of(cli).topology
    assert len(topology.sites) == len(lab.sites)
    for expected in lab.sites:
        site = topology.with_store(expected.store)
        assert site is not None
        assert site.availability_zone == expected.availability_zone
        assert site.is_hub is expected.hub
        assert site.cluster is not None
        assert site.cluster.conf == str(expected.conf)
        assert site.cluster.fsid == expected.fsid()
        assert site.cluster.images_pool == expected.pools.images


def test_a_copy_is_there_when_it_says_so(lab: Lab, cli: CommandLine, image_id: str) -> None:
    before = cli("image", "show", image_id, "-o", "json").json
    assert before["size_bytes"] == SIZE
    copied = cli("image", "copy", image_id, "--to", "edges", "--verify", "deep", "-o", "json")
    assert copied.status == 0, copied.err
    (task,) = copied.json
    assert {target["state"] for target in task["targets"]} == {"done"}
    assert all(target["verified"] for target in task["targets"])
    after = cli("image", "show", image_id, "-o", "json").json
    assert {placed["state"] for placed in after["sites"].values()} == {"present"}
    for site in lab.edges:
        found = lab.rbd(site, "info", f"{site.pools.images}/{image_id}@snap", "--format", "json")
        assert found["size"] == SIZE
        assert found["protected"] in (True, "true")
    again = cli("image", "copy", image_id, "--to", "edges")
    assert (again.status, again.out) == (0, "")


def test_lists_agree_with_the_services(lab: Lab, cli: CommandLine, image_id: str) -> None:
    listed = {image["id"]: image for image in cli("image", "list", "-o", "json").json}
    theirs = {image["ID"] for image in lab.openstack("image", "list", "-f", "json")}
    assert image_id in listed
    assert theirs <= set(listed)
    sites = cli("site", "list", "-o", "json").json
    assert all(site["reachable"] and site["total_bytes"] for site in sites)
    stores = {store["id"]: store for store in cli("store", "list", "-o", "json").json}
    for site in lab.sites:
        assert stores[site.store]["site"] is not None
    assert stores[lab.hub.store]["default"] is True
    assert cli("volume", "list", "-o", "json").status == 0


def test_a_member_may_look_and_not_copy(lab: Lab, cli: CommandLine, image_id: str) -> None:
    lab.openstack("image", "set", "--public", image_id)
    edge = settings_of(cli).topology.edges[0].name
    assert cli("--cloud", lab.member_cloud, "image", "list").status == 0
    refused = cli("--cloud", lab.member_cloud, "image", "copy", image_id, "--to", edge)
    assert refused.status == 1
    assert "403" in refused.err or "polic" in refused.err.casefold()
