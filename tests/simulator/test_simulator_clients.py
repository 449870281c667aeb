"""The usual clients work on the simulator unchanged: openstack, glance, openstacksdk."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openstack
import pytest
from simulated import Api, eventually, running_simulator, small_options

from dcn_console.simulator.instance import Simulator
from dcn_console.simulator.records import MIB
from dcn_console.simulator.scenario import PASSWORD

BIN = Path(sys.executable).parent
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def cloud() -> Iterator[Simulator]:
    """One cloud for all clients; each test works on images of its own."""
    with running_simulator(small_options()) as running:
        yield running


@pytest.fixture
def run(cloud: Simulator, tmp_path: Path) -> Command:
    """Run ``openstack`` or ``glance`` with credentials in the environment and an empty home."""
    cloud.write_clouds_yaml(tmp_path)

    def command(*arguments: str, user: str = "admin") -> subprocess.CompletedProcess[str]:
        program, *rest = arguments
        environment = {key: value for key, value in os.environ.items() if key[:3] != "OS_"}
        environment |= {
            "HOME": str(tmp_path),
            "OS_AUTH_URL": f"{cloud.url}/identity/v3",
            "OS_USERNAME": user,
            "OS_PASSWORD": PASSWORD,
            "OS_PROJECT_NAME": user,
            "OS_USER_DOMAIN_NAME": "Default",
            "OS_PROJECT_DOMAIN_NAME": "Default",
            "OS_REGION_NAME": "RegionOne",
            "OS_IDENTITY_API_VERSION": "3",
        }
        return subprocess.run(
            [str(BIN / program), *rest],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )

    return command


def told(result: subprocess.CompletedProcess[str]) -> Any:
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_openstack_issues_a_token(run: Command) -> None:
    token = told(run("openstack", "token", "issue", "-f", "json"))
    assert token["id"]
    assert token["project_id"]


def test_openstack_creates_shows_saves_and_deletes_an_image(run: Command, tmp_path: Path) -> None:
    source = tmp_path / "disk.img"
    source.write_bytes(os.urandom(3 * MIB + 17))
    created = told(
        run(
            *("openstack", "image", "create", "osc-image", "-f", "json"),
            *("--disk-format", "raw", "--container-format", "bare", "--file", str(source)),
        )
    )
    shown = told(run("openstack", "image", "show", "osc-image", "-f", "json"))
    assert shown["id"] == created["id"]
    assert shown["status"] == "active"
    assert shown["size"] == 3 * MIB + 17
    assert shown["properties"]["stores"] == "store-home"
    saved = tmp_path / "saved.img"
    assert run("openstack", "image", "save", "--file", str(saved), "osc-image").returncode == 0
    assert saved.read_bytes() == source.read_bytes()
    assert run("openstack", "image", "delete", "osc-image").returncode == 0
    names = [item["Name"] for item in told(run("openstack", "image", "list", "-f", "json"))]
    assert "osc-image" not in names


def test_openstack_imports_an_image_into_another_store(cloud: Simulator, run: Command) -> None:
    image_id = cloud.control.add_image("osc-copied", ("store-home",))
    result = run(
        *("openstack", "image", "import", "osc-copied"),
        *("--method", "copy-image", "--store", "store-north"),
    )
    assert result.returncode == 0, result.stderr
    api = Api(cloud)
    image = eventually(
        lambda: api.image(image_id), lambda seen: seen["stores"] == "store-home,store-north"
    )
    assert image["os_glance_importing_to_stores"] == ""
    listed = told(run("openstack", "image", "task", "list", "-f", "json"))
    assert "success" in {task["Status"] for task in listed}


def test_openstack_works_on_volumes_and_services(cloud: Simulator, run: Command) -> None:
    cloud.control.add_image("osc-parent", ("store-home", "store-south"))
    created = told(
        run(
            *("openstack", "volume", "create", "osc-volume", "-f", "json"),
            *("--image", "osc-parent", "--size", "1", "--availability-zone", "zone-south"),
        )
    )
    api = Api(cloud)
    path = f"/volume/v3/{api.project_id}/volumes/{created['id']}"
    eventually(lambda: api.get(path)["volume"]["status"], lambda seen: seen == "available")
    shown = told(run("openstack", "volume", "show", "osc-volume", "-f", "json"))
    assert shown["availability_zone"] == "zone-south"
    assert shown["os-vol-host-attr:host"] == "south@ceph-south#ceph-south"
    assert "osc-volume" in run("openstack", "volume", "list", "-f", "value").stdout
    services = told(run("openstack", "volume", "service", "list", "-f", "json"))
    zones = {item["Zone"] for item in services if item["Binary"] == "cinder-volume"}
    assert zones == {"zone-home", "zone-north", "zone-south"}
    assert run("openstack", "volume", "delete", "osc-volume").returncode == 0


def test_openstack_refuses_a_member_what_is_for_administrators(run: Command) -> None:
    result = run("openstack", "volume", "service", "list", user="demo")
    assert result.returncode != 0
    assert "403" in result.stderr or "orbidden" in result.stderr or "authorized" in result.stderr


def test_glance_lists_stores_in_detail(run: Command) -> None:
    result = run("glance", "stores-info", "--detail")
    assert result.returncode == 0, result.stderr
    assert "store-south" in result.stdout
    assert "fsid" in result.stdout
    refused = run("glance", "stores-info", "--detail", user="demo")
    assert refused.returncode != 0
    assert "403" in refused.stderr + refused.stdout


def test_glance_copies_shows_tasks_and_deletes_a_copy(cloud: Simulator, run: Command) -> None:
    image_id = cloud.control.add_image("glance-copied", ("store-home",))
    copied = run(
        *("glance", "image-import", image_id, "--import-method", "copy-image"),
        *("--stores", "store-north,store-south"),
    )
    assert copied.returncode == 0, copied.stderr
    api = Api(cloud)
    eventually(
        lambda: api.image(image_id)["stores"],
        lambda seen: seen == "store-home,store-north,store-south",
    )
    tasks = run("glance", "image-tasks", image_id)
    assert tasks.returncode == 0, tasks.stderr
    assert "success" in tasks.stdout
    dropped = run("glance", "stores-delete", "--store", "store-south", image_id)
    assert dropped.returncode == 0, dropped.stderr
    assert api.image(image_id)["stores"] == "store-home,store-north"


def test_glance_uploads_lists_and_downloads(run: Command, tmp_path: Path) -> None:
    source = tmp_path / "small.img"
    source.write_bytes(os.urandom(200_000))
    created = run(
        *("glance", "image-create", "--name", "glance-made", "--file", str(source)),
        *("--disk-format", "raw", "--container-format", "bare"),
    )
    assert created.returncode == 0, created.stderr
    listed = run("glance", "image-list")
    line = next(line for line in listed.stdout.splitlines() if "glance-made" in line)
    image_id = line.split("|")[1].strip()
    target = tmp_path / "back.img"
    saved = run("glance", "image-download", "--file", str(target), image_id)
    assert saved.returncode == 0, saved.stderr
    assert target.read_bytes() == source.read_bytes()


def test_openstacksdk_lists_creates_and_imports(cloud: Simulator, tmp_path: Path) -> None:
    path = cloud.write_clouds_yaml(tmp_path)
    config = openstack.config.OpenStackConfig(config_files=[str(path)], load_envvars=False)
    connection: Any = openstack.connection.Connection(config=config.get_one(cloud.cloud_name()))
    try:
        for number in range(5):
            cloud.control.add_image(f"sdk-{number}", ("store-home",), size=MIB)
        paged = list(connection.image.images(limit=2))
        assert {f"sdk-{number}" for number in range(5)} <= {image.name for image in paged}
        image = connection.image.find_image("sdk-3", ignore_missing=False)
        reply = connection.image.import_image(
            image, method="copy-image", stores=[{"id": "store-north"}],
            all_stores_must_succeed=False,
        )  # fmt: skip
        assert reply.status_code == 202
        eventually(
            lambda: connection.image.get_image(image.id).properties["stores"],
            lambda seen: seen == "store-home,store-north",
        )
        tasks = list(connection.image.image_tasks(image))
        assert [task.status for task in tasks] == ["success"]
        assert {zone.name for zone in connection.block_storage.availability_zones()} == {
            "zone-home",
            "zone-north",
            "zone-south",
        }
        assert connection.compute.get_endpoint()
    finally:
        connection.close()
