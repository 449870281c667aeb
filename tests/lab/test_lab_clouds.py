"""Real Keystone, Glance and Cinder: what the adapters make of their answers and refusals."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from dcn_lab.lab import Lab

from dcn_console.clouds.cinder import Cinder
from dcn_console.clouds.cloud import BLOCK_STORAGE, COMPUTE, IMAGE, Cloud
from dcn_console.clouds.glance import Glance
from dcn_console.model.errors import AuthenticationFailed, HttpError, ServiceUnreachable


@pytest.fixture
async def cloud(lab: Lab) -> AsyncIterator[Cloud]:
    connected = await Cloud.connect(lab.cloud, str(lab.clouds_yaml))
    yield connected
    connected.close()


async def test_the_catalogue_and_the_roles_are_known(lab: Lab, cloud: Cloud) -> None:
    assert "admin" in cloud.roles
    assert cloud.has(IMAGE)
    assert cloud.has(BLOCK_STORAGE)
    assert cloud.has(COMPUTE) == lab.topology.compute


async def test_the_stores_have_type_and_pool(lab: Lab, cloud: Cloud) -> None:
    detailed = {store.id: store for store in await Glance(cloud).stores_detail()}
    for site in lab.sites:
        assert detailed[site.store].type == "rbd"
        assert detailed[site.store].pool == site.pools.images
        assert detailed[site.store].default == site.hub


async def test_the_backends_tell_their_cluster(lab: Lab, cloud: Cloud) -> None:
    pools = {pool.fsid: pool for pool in await Cinder(cloud).pools()}
    for site in lab.sites:
        assert pools[site.fsid()].pool == site.pools.volumes
        assert pools[site.fsid()].cluster == site.cluster


async def test_every_site_has_a_live_cinder_volume(lab: Lab, cloud: Cloud) -> None:
    live = {
        service.availability_zone
        for service in await Cinder(cloud).services()
        if service.binary == "cinder-volume" and service.state == "up"
    }
    assert live == {site.availability_zone for site in lab.sites}
    zones = {zone.name for zone in await Cinder(cloud).availability_zones() if zone.available}
    assert zones == live


async def test_versions_and_methods_are_announced(cloud: Cloud) -> None:
    assert "copy-image" in await Glance(cloud).import_methods()
    assert await Glance(cloud).versions()
    assert (await Cinder(cloud).versions())[-1].maximum is not None


async def test_a_member_gets_glances_own_words(lab: Lab) -> None:
    member = await Cloud.connect(lab.member_cloud, str(lab.clouds_yaml))
    with pytest.raises(HttpError) as caught:
        await Glance(member).stores_detail()
    assert caught.value.status == 403
    assert "not authorized" in caught.value.message
    assert "<" not in caught.value.message
    with pytest.raises(HttpError, match=r"Policy doesn't allow .*get_pools"):
        await Cinder(member).pools()
    member.close()


async def test_a_wrong_password_is_told_without_showing_it(lab: Lab, tmp_path: Path) -> None:
    clouds = tmp_path / "clouds.yaml"
    lines = lab.clouds_yaml.read_text().splitlines()
    clouds.write_text(
        "\n".join(
            line.split("password:")[0] + "password: wrong-and-secret"
            if "password:" in line
            else line
            for line in lines
        )
    )
    with pytest.raises(AuthenticationFailed, match="401") as caught:
        await Cloud.connect(lab.cloud, str(clouds))
    assert "secret" not in str(caught.value)


async def test_a_request_that_takes_too_long_is_given_up(cloud: Cloud) -> None:
    with pytest.raises(ServiceUnreachable, match="Glance: list images"):
        await cloud.request(IMAGE, "GET", "/images", timeout=0.0001, doing="Glance: list images")
