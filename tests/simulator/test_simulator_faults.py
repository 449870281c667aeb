"""Faults of the simulated cloud: dead daemons, hanging and babbling services, kills."""

import threading
import time
from pathlib import Path

import pytest
from simulated import PATIENCE_SECONDS, Api, eventually, running_simulator, small_options

from dcn_console.simulator.faults import ApiFault, Mangling
from dcn_console.simulator.instance import Simulator
from dcn_console.simulator.records import MIB
from dcn_console.simulator.server import Options

IMAGES = "/image/v2/images"
DETAIL = "/image/v2/info/stores/detail"


def answers(api: Api, path: str) -> bool:
    """Whether a GET is answered at once."""
    try:
        return api.ask("GET", path, timeout=0.5).status == 200
    except TimeoutError:
        return False


def test_a_request_that_hung_on_a_dead_mon_is_carried_out_when_it_is_back(
    simulator: Simulator, admin: Api
) -> None:
    image_id = simulator.control.add_image("late", ("store-home",))
    simulator.control.set_faults(mon_down=("north",))
    with pytest.raises(TimeoutError):
        admin.copy_image(image_id, "store-north", timeout=0.5)
    assert admin.tasks(image_id) == []
    assert "os_glance_import_task" not in admin.image(image_id)
    simulator.control.clear_faults()
    eventually(
        lambda: admin.image(image_id)["stores"], lambda seen: seen == "store-home,store-north"
    )


def test_stores_in_detail_hang_and_eight_such_calls_stop_the_whole_service(
    simulator: Simulator, admin: Api
) -> None:
    simulator.control.set_faults(mon_down=("south",))
    waiting = [
        threading.Thread(target=admin.ask, args=("GET", DETAIL), daemon=True) for _ in range(7)
    ]
    for thread in waiting:
        thread.start()
    assert admin.ask("GET", "/image/v2/info/stores").status == 200
    with pytest.raises(TimeoutError):
        admin.ask("GET", DETAIL, timeout=0.5)
    eventually(lambda: not answers(admin, IMAGES))
    assert admin.ask("GET", f"/volume/v3/{admin.project_id}/volumes").status == 200
    simulator.control.clear_faults()
    for thread in waiting:
        thread.join(PATIENCE_SECONDS)
    assert admin.ask("GET", IMAGES).status == 200


def test_with_a_connection_timeout_the_details_lack_the_dead_clusters_fsid() -> None:
    with running_simulator(small_options(connect_timeout_seconds=0.3)) as running:
        running.control.set_faults(mon_down=("south",))
        stores = Api(running).get(DETAIL)["stores"]
    fsids = {store["id"]: store["properties"]["fsid"] for store in stores}
    assert fsids["store-south"] is None
    assert fsids["store-north"]


def test_a_dead_sites_service_is_down_after_a_minute(simulator: Simulator, admin: Api) -> None:
    path = f"/volume/v3/{admin.project_id}/os-services?binary=cinder-volume"

    def states() -> dict[str, str]:
        return {item["zone"]: item["state"] for item in admin.get(path)["services"]}

    simulator.control.set_faults(mon_down=("north",))
    assert set(states().values()) == {"up"}
    simulator.control.advance(75.0)
    assert states() == {"zone-home": "up", "zone-north": "down", "zone-south": "up"}


def test_a_dead_osd_starves_the_healthy_store_behind_it(simulator: Simulator, admin: Api) -> None:
    image_id = simulator.control.add_image("starved", ("store-home",))
    simulator.control.set_faults(osd_down=("north",))
    assert admin.copy_image(image_id, "store-north", "store-south").status == 202
    simulator.control.advance(1800.0)
    assert admin.image(image_id)["stores"] == "store-home"
    assert admin.tasks(image_id)[0]["status"] == "processing"
    simulator.control.clear_faults()
    eventually(
        lambda: admin.image(image_id)["stores"],
        lambda seen: seen == "store-home,store-north,store-south",
    )


def test_a_killed_glance_leaves_lock_task_and_a_partial_rbd_image(
    simulator: Simulator, admin: Api
) -> None:
    image_id = simulator.control.add_image("orphan", ("store-home",), size=64 * MIB)
    simulator.control.set_time_scale(0)
    assert admin.copy_image(image_id, "store-north").status == 202
    agent = "/simulator/agents/ceph-north"
    look = {"operation": "used_bytes", "parameters": {"pool": "images", "name": image_id}}

    def has_begun() -> bool:
        simulator.control.advance(0.1)
        seen = admin.ask("POST", agent, look).content.get("result")
        return bool(seen and seen["used"])

    eventually(has_begun)
    assert simulator.control.kill_image_service() == 1
    simulator.control.set_time_scale(1)
    simulator.control.advance(3000.0)
    assert admin.tasks(image_id)[0]["status"] == "processing"
    assert admin.copy_image(image_id, "store-south").status == 409
    simulator.control.advance(700.0)
    assert admin.copy_image(image_id, "store-north").status == 202
    image = eventually(
        lambda: admin.image(image_id), lambda seen: "os_glance_import_task" not in seen
    )
    assert image["os_glance_failed_import"] == "store-north"
    removal = {**look, "operation": "remove_unfinished"}
    assert admin.ask("POST", agent, removal).content["result"] == {"removed": True}
    assert admin.copy_image(image_id, "store-north").status == 202
    eventually(
        lambda: admin.image(image_id)["stores"], lambda seen: seen == "store-home,store-north"
    )


def test_an_answer_can_be_delayed_refused_and_spoiled(simulator: Simulator, admin: Api) -> None:
    simulator.control.add_image("known", ("store-home",))
    control = simulator.control
    control.set_faults(api=(ApiFault(service="image", seconds=0.4, times=1),))
    before = time.monotonic()
    assert admin.ask("GET", IMAGES).status == 200
    assert time.monotonic() - before > 0.35
    control.set_faults(api=(ApiFault(service="volume", status=503),))
    assert admin.ask("GET", f"/volume/v3/{admin.project_id}/volumes").status == 503
    assert admin.ask("GET", IMAGES).status == 200
    spoiled = {}
    for kind in Mangling:
        control.set_faults(api=(ApiFault(path="/v2/images", mangling=kind),))
        spoiled[kind] = admin.ask("GET", IMAGES).body
    assert len(set(spoiled.values())) == len(Mangling)
    control.clear_faults()
    assert admin.ask("GET", IMAGES).body == spoiled[Mangling.NONE]


def test_latency_is_added_to_every_answer(simulator: Simulator, admin: Api) -> None:
    simulator.control.set_latency(0.3, "image")
    before = time.monotonic()
    admin.get(IMAGES)
    assert time.monotonic() - before > 0.25


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/faults", {"osd_down": ["moon"]}),
        ("PUT", "/faults", {"api": [{"mangling": "magic"}]}),
        ("PUT", "/clock", {"advance": -1}),
        ("POST", "/images", {"name": "x", "stores": ["nowhere"]}),
        ("POST", "/rbd", {"site": "north", "name": "nothing"}),
    ],
)
def test_a_wrong_order_is_refused(
    simulator: Simulator, method: str, path: str, body: object
) -> None:
    with pytest.raises(RuntimeError, match=r"40[04]"):
        simulator.control.call(method, path, body)


def test_a_killed_simulator_goes_on_where_it_was(tmp_path: Path) -> None:
    options = small_options(state=str(tmp_path / "state"))
    with running_simulator(options) as running:
        api = Api(running)
        running.control.set_time_scale(0)
        image_id = running.control.add_image("kept", ("store-home",), size=16 * MIB)
        assert api.copy_image(image_id, "store-north", "store-south").status == 202
        task_id = api.image(image_id)["os_glance_import_task"]
        port = running.port
        running.kill()
        assert Simulator(Options(state=options.state)).deployment == running.deployment
        running.start()
        assert running.port == port
        running.control.set_time_scale(1)
        assert api.tasks(image_id)[0]["id"] == task_id, "an old token still works"
        eventually(
            lambda: api.image(image_id)["stores"],
            lambda seen: seen == "store-home,store-north,store-south",
        )
