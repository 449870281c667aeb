"""The inventory's contract on the simulator."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from inventory_contract import Ground, InventoryContract
from simulated import running_simulator

from dcn_console.config.paths import Paths
from dcn_console.config.settings import load


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """An empty simulated cloud whose site, store, zone and cluster names all differ."""
    folder: Path = tmp_path_factory.mktemp("simulated")
    with running_simulator() as simulator:
        config = simulator.write_config(folder)
        settings = load(Paths.resolve(config), {}).settings
        ceph_folder = simulator.write_ceph_folder(folder / "ceph")
        for conf in list(ceph_folder.glob("*.conf")):
            keyring = ceph_folder / f"{conf.stem}.client.openstack.keyring"
            keyring.write_text("[client.openstack]\n\tkey = none\n")
        yield Ground(
            settings=settings,
            member_cloud=simulator.cloud_name("demo"),
            ceph_folder=ceph_folder,
        )


class TestInventoryOnSimulator(InventoryContract):
    """All cases of the contract."""
