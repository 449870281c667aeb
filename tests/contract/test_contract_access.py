"""Who is let in, what the cloud offers, and what a plain member is refused."""

import pytest
from contract_dcn import Dcn, access_of

from dcn_console.model.errors import HttpError

NOBODY = "00000000-0000-4000-8000-000000000000"


def test_a_token_names_roles_project_and_services(dcn: Dcn) -> None:
    admin, member = dcn.admin.plain, dcn.member.plain
    assert "admin" in {role["name"] for role in admin.token["roles"]}
    assert "admin" not in {role["name"] for role in member.token["roles"]}
    assert admin.project_id != member.project_id
    for service in ("identity", "image", "volume"):
        assert admin.endpoint(service).startswith("http://127.0.0.1:")
    cloud = dcn.admin.services.cloud
    assert cloud.project_id == admin.project_id
    assert "admin" in cloud.roles
    assert "admin" not in dcn.member.services.cloud.roles


def test_wrong_passwords_and_tokens_are_refused(dcn: Dcn) -> None:
    refused = dcn.admin.plain.login("wrong")
    assert refused.status == 401
    assert refused.content["error"]["code"] == 401
    assert refused.content["error"]["message"].startswith("The request you have made requires")
    for service, path in (("image", "/v2/images"), ("volume", "/volumes")):
        for token in ("", "no-token"):
            reply = dcn.admin.plain.ask("GET", service, path, headers={"X-Auth-Token": token})
            assert reply.status == 401, (service, token)


def test_versions_are_announced_to_anybody(dcn: Dcn) -> None:
    reply = dcn.admin.plain.ask("GET", "image", "/", headers={"X-Auth-Token": ""})
    assert reply.status == 300
    versions = {version["id"]: version["status"] for version in reply.content["versions"]}
    assert "CURRENT" in versions.values()
    assert {"v2.0", "v2.9", "v2.10", "v2.12"} <= versions.keys(), "several stores and their tasks"


async def test_our_adapters_read_the_versions(dcn: Dcn) -> None:
    services = dcn.admin.services
    image_versions = await services.glance.versions()
    assert image_versions[-1].status == "CURRENT"
    (volume_version,) = [
        version for version in await services.cinder.versions() if version.status == "CURRENT"
    ]
    assert volume_version.maximum is not None
    major, minor = volume_version.maximum.split(".")
    assert (int(major), int(minor)) >= (3, 60)


async def test_the_import_methods_are_a_list_of_names(dcn: Dcn) -> None:
    methods = dcn.member.plain.get("image", "/v2/info/import")["import-methods"]
    assert methods["type"] == "array"
    assert set(methods["value"]) == {"glance-direct", "web-download", "copy-image"}
    assert set(await dcn.admin.services.glance.import_methods()) == set(methods["value"])


async def test_stores_are_listed_to_everybody(dcn: Dcn) -> None:
    for user in (dcn.admin, dcn.member):
        listed = user.plain.get("image", "/v2/info/stores")["stores"]
        by_id = {store["id"]: store for store in listed}
        assert set(dcn.stores) <= by_id.keys()
        assert [store["id"] for store in listed if "default" in store] == [dcn.stores[0]]
        assert by_id[dcn.stores[0]]["default"] == "true", "a text, not a boolean"
        for store in dcn.stores:
            assert set(by_id[store]) <= {"id", "description", "default", "weight"}
            assert by_id[store]["description"]
        stores = {store.id: store for store in await user.services.glance.stores()}
        assert stores[dcn.stores[0]].default
        assert not any(stores[store].default for store in dcn.edge_stores)
        assert not any(stores[store].read_only for store in dcn.stores)


async def test_the_stores_in_detail_have_type_and_pool(dcn: Dcn) -> None:
    listed = dcn.admin.plain.get("image", "/v2/info/stores/detail")["stores"]
    by_id = {store["id"]: store for store in listed}
    stores = {store.id: store for store in await dcn.admin.services.glance.stores_detail()}
    for site, store in zip(dcn.topology, dcn.stores, strict=True):
        shown = by_id[store]
        access = access_of(site)
        assert shown["type"] == "rbd"
        assert shown["properties"]["pool"] == access.images_pool
        assert shown["properties"]["chunk_size"] % (1024 * 1024) == 0
        assert shown["properties"]["thin_provisioning"] is False
        assert (stores[store].type, stores[store].pool) == ("rbd", access.images_pool)
        assert stores[store].fsid in (None, access.fsid), "newer releases name the cluster"


@pytest.mark.parametrize(
    ("service", "path", "action"),
    [
        ("image", "/v2/info/stores/detail", "stores_info_detail"),
        ("image", "/v2/tasks", "tasks_api_access"),
        ("volume", "/os-services", "volume_extension:services:index"),
        (
            "volume",
            "/scheduler-stats/get_pools?detail=true",
            "scheduler_extension:scheduler_stats:get_pools",
        ),
    ],
)
def test_members_are_refused_by_policy(dcn: Dcn, service: str, path: str, action: str) -> None:
    assert dcn.admin.plain.ask("GET", service, path).status == 200
    reply = dcn.member.plain.ask("GET", service, path)
    assert reply.status == 403
    body = reply.content if service == "image" else reply.content["forbidden"]
    assert action in body["message"]


async def test_a_refusal_reaches_our_caller_as_one(dcn: Dcn) -> None:
    services = dcn.member.services
    for call in (services.glance.stores_detail, services.cinder.services, services.cinder.pools):
        with pytest.raises(HttpError) as caught:
            await call()
        assert caught.value.status == 403
        assert "<" not in caught.value.message


def test_what_members_may_read_they_can(dcn: Dcn) -> None:
    for service, path in (
        ("image", "/v2/info/stores"),
        ("image", "/v2/info/import"),
        ("image", "/v2/images?limit=1"),
        ("volume", "/os-availability-zone"),
        ("volume", "/types"),
        ("volume", "/volumes/detail?all_tenants=1&limit=1"),
    ):
        assert dcn.member.plain.ask("GET", service, path).status == 200, path


def test_an_error_comes_as_the_client_wants_it(dcn: Dcn) -> None:
    path = f"/v2/images/{NOBODY}"
    said = f"No image found with ID {NOBODY}"
    cases = (
        ("application/json", "application/json"),
        ("*/*", "text/html"),
        ("", "text/plain"),
    )
    for accepted, given in cases:
        reply = dcn.admin.plain.ask("GET", "image", path, headers={"Accept": accepted})
        assert reply.status == 404
        assert reply.headers["content-type"].split(";")[0] == given, accepted
        assert said in reply.body.decode()
    body = dcn.admin.plain.ask("GET", "image", path).content
    assert body["code"] == "404 Not Found"
    assert body["title"] == "Not Found"
    assert body["message"].startswith(said)
