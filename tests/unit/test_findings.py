"""Findings: what shows by itself, and what must not."""

from datetime import UTC, datetime, timedelta

import pytest

from dcn_console.inventory.findings import (
    copy_fault,
    image_findings,
    site_findings,
    volume_findings,
)
from dcn_console.model.inventory import (
    Attachment,
    Capacity,
    CinderService,
    ClusterState,
    Image,
    ImageTask,
    RbdImage,
    Server,
    Snapshot,
    Store,
    Volume,
)
from dcn_console.model.rows import Finding, Severity
from dcn_console.model.sites import Role, Site, Topology

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TOPOLOGY = Topology(
    sites=(
        Site(name="paris", role=Role.HUB, store="default_backend", availability_zone="az-p"),
        Site(name="lyon", store="edge-1", availability_zone="az-l"),
    )
)
STORES = {
    "default_backend": Store(id="default_backend", default=True, type="rbd"),
    "edge-1": Store(id="edge-1", type="rbd"),
    "web": Store(id="web", type="http", read_only=True),
}


def an_image(**fields: object) -> Image:
    defaults: dict[str, object] = {
        "id": "i1",
        "name": "cirros",
        "status": "active",
        "disk_format": "raw",
        "container_format": "bare",
        "size": 100,
        "stores": ("default_backend",),
    }
    return Image(**{**defaults, **fields})  # type: ignore[arg-type]


def kinds(found: tuple[Finding, ...]) -> list[str]:
    return [finding.kind for finding in found]


def found_in(image: Image, task: ImageTask | None = None) -> tuple[Finding, ...]:
    return image_findings(image, TOPOLOGY, STORES, {}, task, NOW)


def test_a_good_image_has_no_finding() -> None:
    assert found_in(an_image()) == ()


def test_no_central_copy_names_the_sites_that_have_it() -> None:
    (finding,) = found_in(an_image(stores=("edge-1", "elsewhere")))
    assert finding.kind == "no-central-copy"
    assert finding.site == "paris"
    assert "no copy at paris, only at lyon, store elsewhere" in finding.text


@pytest.mark.parametrize(
    "fields",
    [
        {"stores": ("edge-1",), "status": "queued"},
        {"stores": (), "status": "active"},
        {"stores": ("edge-1",), "import_task": "t", "importing_to": ("default_backend",)},
    ],
)
def test_no_central_copy_is_not_cried_too_early(fields: dict[str, object]) -> None:
    assert found_in(an_image(**fields)) == ()


@pytest.mark.parametrize(
    ("fields", "severities"),
    [
        ({"disk_format": "qcow2"}, [Severity.WARNING]),
        ({"disk_format": "vmdk"}, [Severity.WARNING]),
        ({"disk_format": "iso"}, [Severity.NOTICE]),
        ({"disk_format": "raw", "container_format": "compressed"}, [Severity.WARNING]),
        ({"disk_format": None}, []),
        ({"disk_format": "qcow2", "size": 0}, []),
        ({"disk_format": "qcow2", "stores": ("default_backend", "web")}, [Severity.WARNING]),
        ({"disk_format": "qcow2", "status": "saving"}, []),
    ],
)
def test_not_raw(fields: dict[str, object], severities: list[Severity]) -> None:
    found = [finding for finding in found_in(an_image(**fields)) if finding.kind == "not-raw"]
    assert [finding.severity for finding in found] == severities
    assert all("web" not in finding.text for finding in found)


def test_not_raw_holds_for_a_sites_store_whose_type_is_hidden() -> None:
    hidden = {name: Store(id=name) for name in ("default_backend", "edge-1", "other")}
    at_site = image_findings(an_image(disk_format="qcow2"), TOPOLOGY, hidden, {}, None, NOW)
    apart = image_findings(
        an_image(disk_format="qcow2", stores=("other",)), TOPOLOGY, hidden, {}, None, NOW
    )
    assert kinds(at_site) == ["not-raw"]
    assert kinds(apart) == ["no-central-copy"]


@pytest.mark.parametrize(
    ("rbd_image", "fault"),
    [
        (None, ""),
        (RbdImage(name="i1"), ""),
        (RbdImage(name="i1", size=100, snap=True, snap_protected=True), ""),
        (RbdImage(name="i1", size=None, snap=False), "its RBD image is not in the pool"),
        (RbdImage(name="i1", size=100, snap=False), "its RBD image has no snapshot “snap”"),
        (RbdImage(name="i1", size=40, snap=True), "has 40 B where Glance says 100 B"),
    ],
)
def test_copy_fault(rbd_image: RbdImage | None, fault: str) -> None:
    assert fault in copy_fault(an_image(), rbd_image)
    assert bool(fault) == bool(copy_fault(an_image(), rbd_image))


def test_a_gone_copy_tells_how_to_repair_it() -> None:
    faults = {"lyon": "its RBD image is not in the pool"}
    image = an_image(stores=("default_backend", "edge-1"))
    (finding,) = image_findings(image, TOPOLOGY, STORES, faults, None, NOW)
    assert (finding.kind, finding.site, finding.severity) == ("copy-gone", "lyon", Severity.ERROR)
    assert "stores-delete --store edge-1 i1" in finding.way_out


def importing(minutes_ago: int, status: str) -> tuple[Image, ImageTask]:
    image = an_image(import_task="t1", importing_to=("edge-1",))
    moment = NOW - timedelta(minutes=minutes_ago)
    return image, ImageTask(id="t1", status=status, created_at=moment, updated_at=moment)


@pytest.mark.parametrize(
    ("minutes_ago", "status", "words"),
    [
        (12, "processing", "no sign of life for 12 min. Its lock can be taken over from 12:48 UTC"),
        (12, "pending", "from 13:48 UTC"),
        (61, "processing", "taken over now"),
        (121, "pending", "taken over now"),
    ],
)
def test_a_stalled_import_tells_when_its_lock_is_free(
    minutes_ago: int, status: str, words: str
) -> None:
    (finding,) = found_in(*importing(minutes_ago, status))
    assert finding.kind == "import-stalled"
    assert words in finding.text


def test_a_working_import_is_no_finding() -> None:
    assert found_in(*importing(2, "processing")) == ()


def test_an_import_without_a_task_record_can_be_taken_over_at_once() -> None:
    image, _ = importing(1, "processing")
    (finding,) = found_in(image, ImageTask(id="t1"))
    assert "no longer exists" in finding.text
    assert "now" in finding.text


def test_an_import_whose_task_was_not_read_yet_is_no_finding() -> None:
    image, _ = importing(600, "processing")
    assert found_in(image, None) == ()


def test_a_volume_in_another_zone_than_its_server() -> None:
    volume = Volume(
        id="v1", name="db", availability_zone="az-l", attachments=(Attachment(server_id="s1"),)
    )
    server = Server(id="s1", name="web", availability_zone="az-p")
    (finding,) = volume_findings(volume, {"s1": server})
    assert "“db” is in availability zone az-l, its server “web” in az-p" in finding.text
    same = Server(id="s1", availability_zone="az-l")
    assert volume_findings(volume, {"s1": same}) == ()
    assert volume_findings(volume, {}) == ()


def test_an_unreachable_site_says_since_when() -> None:
    cluster = Snapshot[ClusterState](
        rows=(ClusterState(site="lyon", health="HEALTH_WARN"),),
        error="no answer within 10 s",
        failing_since=NOW - timedelta(minutes=7),
    )
    (finding,) = site_findings(TOPOLOGY.sites[1], cluster, (), NOW)
    assert finding.kind == "site-unreachable"
    assert "since 11:53 UTC: no answer within 10 s" in finding.text


@pytest.mark.parametrize(
    ("health", "used", "expected"),
    [
        ("HEALTH_OK", 84, []),
        ("HEALTH_OK", 88, [("nearly-full", Severity.WARNING)]),
        ("HEALTH_OK", 96, [("nearly-full", Severity.ERROR)]),
        ("HEALTH_WARN", 10, [("cluster-unhealthy", Severity.WARNING)]),
        ("HEALTH_ERR", 10, [("cluster-unhealthy", Severity.ERROR)]),
        (None, 10, []),
    ],
)
def test_health_and_space(
    health: str | None, used: int, expected: list[tuple[str, Severity]]
) -> None:
    state = ClusterState(
        site="lyon",
        health=health,
        warnings=("1 osds down",),
        capacity=Capacity(total=100, used=used, available=100 - used),
    )
    found = site_findings(TOPOLOGY.sites[1], Snapshot(rows=(state,)), (), NOW)
    assert [(finding.kind, finding.severity) for finding in found] == expected


def test_a_down_service_counts_unless_it_was_disabled() -> None:
    def service(*, state: str, status: str) -> CinderService:
        return CinderService(
            binary="cinder-volume",
            host="lyon@ceph",
            availability_zone="az-l",
            state=state,
            status=status,
        )

    services = (
        service(state="down", status="enabled"),
        service(state="down", status="disabled"),
        service(state="up", status="enabled"),
    )
    (finding,) = site_findings(TOPOLOGY.sites[1], None, services, NOW)
    assert finding.kind == "service-down"
    assert "cinder-volume on lyon@ceph is down" in finding.text


@pytest.mark.parametrize("name", ["[red]x[/]", "a\nb", "\x1b[31m", "../../etc", "x" * 300, "😀"])
def test_hostile_names_stay_on_one_line(name: str) -> None:
    for finding in found_in(an_image(name=name, disk_format="qcow2", stores=("edge-1",))):
        assert "\n" not in finding.text
        assert "\x1b" not in finding.text
