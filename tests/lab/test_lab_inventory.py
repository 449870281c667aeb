"""The inventory's contract on the real lab, and what only real clusters can show."""

from datetime import UTC, datetime

import msgspec
import pytest
from dcn_lab.lab import Lab
from inventory_contract import Ground, InventoryContract, cell_of, eventually, image_on, opened
from lab_settings import lab_settings

from dcn_console.inventory.collect import collect
from dcn_console.inventory.join import rows
from dcn_console.model.rows import Placement
from dcn_console.model.sites import Topology


@pytest.fixture(scope="session")
def ground(lab: Lab) -> Ground:
    """The lab as a console configured by hand would see it."""
    settings = lab_settings(lab)
    return Ground(settings=settings, member_cloud=lab.member_cloud, ceph_folder=lab.ceph_folder)


class TestInventoryOnLab(InventoryContract):
    """All cases of the contract."""


async def test_a_copy_removed_behind_glances_back_is_gone(lab: Lab, ground: Ground) -> None:
    edge = lab.edges[0]
    async with opened(ground.settings) as services:
        with image_on(ground.settings) as image_id:
            await services.glance.copy_image(image_id, (edge.store,))

            async def copied() -> bool:
                image = await services.glance.image(image_id)
                return edge.store in image.stores and image.import_task is None

            await eventually(copied)
            spec = f"{edge.pools.images}/{image_id}"
            edge.rbd("snap", "unprotect", f"{spec}@snap")
            edge.rbd("snap", "rm", f"{spec}@snap")
            without_snap = await collect(services)
            assert cell_of(without_snap, image_id, edge.name).state is Placement.GONE
            assert "no snapshot" in cell_of(without_snap, image_id, edge.name).text
            edge.rbd("rm", spec)
            without_all = await collect(services)
            assert cell_of(without_all, image_id, edge.name).state is Placement.GONE
            kinds = {
                finding.kind
                for finding in rows(without_all, (), datetime.now(UTC)).findings
                if finding.key == image_id
            }
            assert kinds == {"copy-gone"}


async def test_a_wrong_fsid_is_an_error_of_that_site_alone(ground: Ground) -> None:
    hub, edge, *others = ground.settings.topology
    assert edge.cluster is not None
    wrong = msgspec.structs.replace(edge.cluster, fsid="00000000-0000-0000-0000-000000000000")
    topology = Topology((hub, msgspec.structs.replace(edge, cluster=wrong), *others))
    async with opened(msgspec.structs.replace(ground.settings, topology=topology)) as services:
        inventory = await collect(services)
    assert inventory.clusters[edge.name].error is not None
    assert inventory.clusters[hub.name].error is None
