"""Backups, snapshots and servers as rows: properties, and what the findings say."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcn_console.inventory.join import Joiner
from dcn_console.inventory.storage_findings import images_needed, missing_services
from dcn_console.inventory.storage_join import last_backups, verified_on
from dcn_console.model.backup_chains import nodes
from dcn_console.model.backup_plans import BackupPlan, DueState
from dcn_console.model.backup_rows import VERIFIED_AT, DueRow
from dcn_console.model.findings import (
    BACKUP_BROKEN,
    BACKUP_FAILED,
    BACKUP_OVERDUE,
    IMAGE_NEEDED,
    SERVICE_MISSING,
    Severity,
)
from dcn_console.model.inventory import (
    Attachment,
    CinderService,
    Image,
    Inventory,
    MarkedVolumes,
    Server,
    Snapshot,
    Volume,
)
from dcn_console.model.rows import Rows
from dcn_console.model.sites import Role, Site, Topology
from dcn_console.model.storage import Backup, VolumeSnapshot

NOW = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)
TOPOLOGY = Topology(
    sites=(
        Site(name="paris", role=Role.HUB, store="s-p", availability_zone="az-p"),
        Site(name="lyon", store="s-l", availability_zone="az-l"),
        Site(name="nice", store="s-n", availability_zone="az-n"),
    )
)
MOMENTS = st.none() | st.integers(0, 6).map(lambda hours: NOW - timedelta(hours=hours))
BACKUPS = st.lists(
    st.builds(
        Backup,
        id=st.sampled_from([f"b{number}" for number in range(20)]),
        status=st.sampled_from(["available", "error", "creating", "deleting", None]),
        volume_id=st.sampled_from(["v1", "v2", "gone", None]),
        incremental=st.booleans(),
        has_dependents=st.booleans(),
        snapshot_id=st.sampled_from([None, None, "s1"]),
        project_id=st.sampled_from(["p1", "p2"]),
        data_at=MOMENTS,
        created_at=MOMENTS,
        metadata=st.dictionaries(st.sampled_from([VERIFIED_AT, "x"]), st.text(max_size=30)),
    ),
    unique_by=lambda backup: backup.id,
    max_size=20,
)


def rows_of(
    *,
    backups: Sequence[Backup] = (),
    volumes: Sequence[Volume] = (),
    servers: Sequence[Server] = (),
    snapshots: Sequence[VolumeSnapshot] = (),
    images: Sequence[Image] = (),
) -> Rows:
    return Joiner().rows(inventory(backups, volumes, servers, snapshots, images), (), NOW)


def inventory(
    backups: Sequence[Backup] = (),
    volumes: Sequence[Volume] = (),
    servers: Sequence[Server] = (),
    snapshots: Sequence[VolumeSnapshot] = (),
    images: Sequence[Image] = (),
) -> Inventory:
    return Inventory(
        topology=TOPOLOGY,
        backups=Snapshot(rows=tuple(backups), complete=True),
        volumes=Snapshot(rows=tuple(volumes), complete=True),
        servers=Snapshot(rows=tuple(servers), complete=True),
        snapshots=Snapshot(rows=tuple(snapshots), complete=True),
        images=Snapshot(rows=tuple(images), complete=True),
    )


def backup(key: str, hours_ago: int, **more: object) -> Backup:
    moment = NOW - timedelta(hours=hours_ago)
    made = Backup(id=key, status="available", volume_id="v1", data_at=moment, created_at=moment)
    return msgspec.structs.replace(made, **more)


@given(BACKUPS)
def test_any_backups_give_a_forest_without_loss(backups: list[Backup]) -> None:
    rows = rows_of(backups=backups, volumes=[Volume(id="v1", availability_zone="az-l")]).backups
    assert sorted(row.key for row in rows) == sorted(one.id for one in backups)
    drawn: dict[str, int] = {}
    volume_of = {one.id: one.volume_id for one in backups}
    for row in rows:
        if row.parent is None:
            assert row.depth == 0
        else:
            assert row.parent in drawn, "a backup is drawn after the one it builds on"
            assert row.depth == drawn[row.parent] + 1
            assert volume_of[row.parent] == row.backup.volume_id
        drawn[row.key] = row.depth
        assert set(row.node.dependents) <= volume_of.keys() - {row.key}
        if any(other.parent == row.key and other.backup.status != "error" for other in rows):
            assert row.obstacle


@given(BACKUPS)
def test_the_last_backup_is_the_newest_good_one(backups: list[Backup]) -> None:
    volumes = [Volume(id="v1"), Volume(id="v2")]
    found = {row.key: row.last_backup for row in rows_of(backups=backups, volumes=volumes).volumes}
    for volume_id, last in found.items():
        good = [one for one in backups if one.status == "available" and one.volume_id == volume_id]
        assert (last is None) == (not good)
        if last is not None:
            assert last in good
            earliest = datetime.min.replace(tzinfo=UTC)
            times = [one.data_at or one.created_at or earliest for one in good]
            assert (last.data_at or last.created_at or earliest) == max(times)


@given(BACKUPS, BACKUPS)
def test_joining_again_gives_what_joining_anew_gives(
    first: list[Backup], second: list[Backup]
) -> None:
    volumes = (Volume(id="v1", name="db", availability_zone="az-n"),)
    joiner = Joiner()
    before = joiner.rows(inventory(first, volumes), (), NOW)
    assert joiner.rows(inventory(first, volumes), (), NOW) is before
    assert joiner.rows(inventory(second, volumes), (), NOW) == rows_of(
        backups=second, volumes=volumes
    )


@given(st.text(max_size=40))
def test_no_metadata_breaks_the_time_of_the_check(text: str) -> None:
    verified_on(Backup(id="b", metadata={VERIFIED_AT: text}))


def test_the_time_of_the_check_is_read() -> None:
    checked = Backup(id="b", metadata={VERIFIED_AT: "2026-11-21T17:30:00+02:00"})
    assert verified_on(checked) == datetime(2026, 11, 21, 15, 30, tzinfo=UTC)
    assert verified_on(Backup(id="b")) is None


def test_a_backup_is_placed_where_its_volume_and_where_it_is_kept() -> None:
    volumes = [Volume(id="v1", name="db", availability_zone="az-l")]
    first, orphan = rows_of(
        backups=[
            backup("b1", 2, availability_zone="az-p"),
            backup("b2", 1, volume_id="v9", availability_zone="elsewhere"),
        ],
        volumes=volumes,
    ).backups
    assert (first.volume, first.volume_exists) == ("db", True)
    assert (first.site, first.stored_at) == ("lyon", "paris")
    assert (orphan.volume, orphan.volume_exists) == ("v9", False)
    assert (orphan.site, orphan.stored_at) == (None, None)


def test_a_failed_backup_is_told_until_a_later_one_is_good() -> None:
    failed = backup("b2", 1, status="error", fail_reason="no keyring\x1b[31m")
    volumes = [Volume(id="v1")]
    rows = rows_of(backups=[backup("b1", 2), failed], volumes=volumes)
    (row,) = [row for row in rows.backups if row.findings]
    (finding,) = row.findings
    assert (row.key, finding.kind) == ("b2", BACKUP_FAILED)
    assert "no keyring" in finding.text
    assert finding.text.isprintable()
    healed = rows_of(backups=[backup("b1", 2), failed, backup("b3", 0)], volumes=volumes)
    assert not healed.findings
    assert not rows_of(backups=[failed]).findings, "its volume is gone"


def test_an_increment_without_its_parent_is_broken() -> None:
    rows = rows_of(backups=[backup("b2", 1, incremental=True)])
    assert [finding.kind for finding in rows.findings] == [BACKUP_BROKEN]
    whole = rows_of(backups=[backup("b1", 2), backup("b2", 1, incremental=True)])
    assert not whole.findings


def test_a_snapshot_has_its_volumes_name_and_site() -> None:
    snapshots = [VolumeSnapshot(id="s1", volume_id="v1"), VolumeSnapshot(id="s2", volume_id="v9")]
    volumes = [Volume(id="v1", name="db", availability_zone="az-n")]
    known, unknown = rows_of(snapshots=snapshots, volumes=volumes).snapshots
    assert (known.volume, known.site) == ("db", "nice")
    assert (unknown.volume, unknown.site) == ("v9", None)


@pytest.mark.parametrize(
    ("root_device", "root"), [("/dev/vdb", "v2"), (None, "v2"), ("/dev/vdz", "v2")]
)
def test_a_server_boots_from_its_root_volume(root_device: str | None, root: str) -> None:
    server = Server(
        id="s", availability_zone="az-l", volumes=("v1", "v2", "v3"), root_device=root_device
    )
    volumes = [
        Volume(id="v1", attachments=(Attachment(server_id="s", device="/dev/vda"),)),
        Volume(id="v2", bootable=True, attachments=(Attachment(server_id="s", device="/dev/vdb"),)),
    ]
    (row,) = rows_of(servers=[server], volumes=volumes).servers
    assert row.site == "lyon"
    assert row.root is not None
    assert row.root.id == root
    assert [volume.id for volume in row.data] == ["v1", "v3"]
    assert [volume.id for volume in row.volumes] == ["v2", "v1", "v3"]


def test_a_server_from_an_image_has_no_root_volume() -> None:
    server = Server(id="s", image_id="i1", volumes=("v1",))
    (row,) = rows_of(servers=[server], volumes=[Volume(id="v1", bootable=True)]).servers
    assert row.root is None
    assert [volume.id for volume in row.data] == ["v1"]


def test_a_volume_that_only_cinder_calls_attached_counts() -> None:
    volume = Volume(id="v1", bootable=True, attachments=(Attachment(server_id="s"),))
    (row,) = rows_of(servers=[Server(id="s")], volumes=[volume]).servers
    assert row.root == volume


def test_an_image_is_needed_where_servers_use_it_and_the_store_lacks_it() -> None:
    image = Image(id="i1", name="web", status="active", size=5, stores=("s-p", "s-l"))
    servers = [
        Server(id="s1", name="a", availability_zone="az-n", image_id="i1"),
        Server(id="s2", name="b", availability_zone="az-l", image_id="i1"),
        Server(id="s3", name="c", availability_zone="unknown", image_id="i1"),
    ]
    volumes = [
        Volume(id=f"v{number}", availability_zone="az-n", image_id="i1") for number in range(3)
    ]
    (finding,) = images_needed(inventory(servers=servers, volumes=volumes, images=[image]))
    assert (finding.kind, finding.key, finding.site) == (IMAGE_NEEDED, "i1", "nice")
    assert finding.severity is Severity.WARNING
    assert "by server a, volume v0 and 2 others" in finding.text
    (only_volumes,) = images_needed(inventory(volumes=volumes, images=[image]))
    assert only_volumes.severity is Severity.NOTICE
    arriving = msgspec.structs.replace(image, importing_to=("s-n",))
    assert not images_needed(inventory(servers=servers, volumes=volumes, images=[arriving]))
    empty = msgspec.structs.replace(image, size=0)
    assert not images_needed(inventory(servers=servers, images=[empty]))


def test_a_site_without_its_services_is_told() -> None:
    def service(binary: str, zone: str) -> CinderService:
        return CinderService(binary=binary, host="h", availability_zone=zone)

    complete = [service("cinder-volume", zone) for zone in ("az-p", "az-l", "az-n")]
    paris, lyon, _ = TOPOLOGY.sites
    assert not list(missing_services(lyon, TOPOLOGY, ()))
    assert not list(missing_services(lyon, TOPOLOGY, complete))
    (backup_missing,) = missing_services(paris, TOPOLOGY, complete)
    assert backup_missing.kind == SERVICE_MISSING
    assert backup_missing.severity is Severity.NOTICE
    elsewhere = [*complete, service("cinder-backup", "az-n")]
    (told,) = missing_services(paris, TOPOLOGY, elsewhere)
    assert "It is in az-n." in told.text
    here = [*complete, service("cinder-backup", "az-p")]
    assert not list(missing_services(paris, TOPOLOGY, here))
    (volume_missing,) = missing_services(lyon, TOPOLOGY, here[:1])
    assert volume_missing.severity is Severity.WARNING


def test_a_site_whose_every_cinder_volume_is_disabled_is_told() -> None:
    def service(host: str, status: str) -> CinderService:
        return CinderService(
            binary="cinder-volume",
            host=host,
            availability_zone="az-l",
            status=status,
            disabled_reason="to be moved",
        )

    _, lyon, _ = TOPOLOGY.sites
    one, other = service("l1@rbd", "disabled"), service("l2@rbd", "enabled")
    assert not list(missing_services(lyon, TOPOLOGY, [one, other]))
    (told,) = missing_services(lyon, TOPOLOGY, [one])
    assert told.kind == SERVICE_MISSING
    assert "disabled on l1@rbd (to be moved)" in told.text


def test_overdue_volumes_are_told_until_they_are_backed_up() -> None:
    plan = BackupPlan(name="nightly", volumes="db*", every=24.0)
    volumes = (
        Volume(id="v1", name="db-1", availability_zone="az-l", created_at=NOW - timedelta(days=9)),
        Volume(id="v2", name="web", created_at=NOW - timedelta(days=9)),
    )
    joiner = Joiner(plans=[plan])
    (first, other) = joiner.rows(inventory([backup("b1", 40)], volumes), (), NOW).volumes
    (finding,) = first.findings
    assert (finding.kind, finding.key, finding.site) == (BACKUP_OVERDUE, "v1", "lyon")
    assert "no good backup since 2026-11-20 00:00 UTC" in finding.text
    assert "“nightly” wants one every 24 h" in finding.text
    assert not other.findings
    fresh = (backup("b1", 40), backup("b2", 1))
    known = inventory(fresh, volumes)
    assert not joiner.rows(known, (), NOW).findings
    later = joiner.rows(known, (), NOW + timedelta(hours=40))
    assert [one.kind for one in later.findings] == [BACKUP_OVERDUE]
    unread = msgspec.structs.replace(known, backups=Snapshot())
    assert not Joiner(plans=[plan]).rows(unread, (), NOW).findings


def test_plans_have_a_row_a_volume_that_stays_the_same_while_nothing_changes() -> None:
    plan = BackupPlan(name="nightly", volumes="db*", every=24.0)
    by_metadata = BackupPlan(name="marked", metadata={"backup": "yes"}, every=24.0)
    volumes = (Volume(id="v1", name="db-1", availability_zone="az-l"), Volume(id="v2", name="web"))
    joiner = Joiner(plans=[plan, by_metadata])
    known = inventory([backup("b1", 40)], volumes)
    unjudged, late = joiner.rows(known, (), NOW).dues
    assert (unjudged.plan, unjudged.volume_id, unjudged.state) == (by_metadata, None, None)
    assert (late.key, late.volume, late.site) == ("nightly/v1", "db-1", "lyon")
    assert late.state is DueState.OVERDUE
    assert late.last_good is not None
    later = joiner.rows(known, (), NOW + timedelta(hours=1)).dues
    assert later[1] is late
    fresh = inventory([backup("b1", 40), backup("b2", 1)], volumes)
    assert joiner.rows(fresh, (), NOW + timedelta(hours=1)).dues[1].state is DueState.OK
    unread = msgspec.structs.replace(known, backups=Snapshot())
    assert joiner.rows(unread, (), NOW).dues == (DueRow(plan=by_metadata),)


def test_backups_where_no_service_works_cannot_be_deleted() -> None:
    def known(state: str) -> Inventory:
        here = CinderService(
            binary="cinder-backup", host="p", availability_zone="az-p", state=state
        )
        stored = msgspec.structs.replace(backup("b1", 4), availability_zone="az-p")
        lost = msgspec.structs.replace(
            backup("b2", 3), availability_zone="az-n", status="error", volume_id="v2"
        )
        return msgspec.structs.replace(inventory([stored, lost]), services=Snapshot(rows=(here,)))

    joiner = Joiner()
    rows = joiner.rows(known("up"), (), NOW).backups
    lost = "no cinder-backup works in its zone, az-n"
    assert {row.backup.id: row.obstacle for row in rows} == {"b1": "", "b2": lost}
    rows = joiner.rows(known("down"), (), NOW).backups
    assert all("no cinder-backup works" in row.obstacle for row in rows)
    unknown = msgspec.structs.replace(known("up"), services=Snapshot())
    assert not any(row.obstacle for row in joiner.rows(unknown, (), NOW).backups)


def test_a_plan_by_metadata_is_judged_once_it_is_known_who_carries_it() -> None:
    plan = BackupPlan(name="marked", metadata={"backup": "yes"}, every=24.0)
    volumes = (Volume(id="v1", name="db", availability_zone="az-l"), Volume(id="v2", name="web"))
    joiner = Joiner(plans=[plan])
    known = inventory([backup("b1", 40)], volumes)
    assert joiner.rows(known, (), NOW).dues == (DueRow(plan=plan),)
    told = Snapshot(rows=(MarkedVolumes(plan="marked", volume_ids=("v1", "gone")),))
    rows = joiner.rows(msgspec.structs.replace(known, marked=told), (), NOW)
    assert [(one.volume, one.state) for one in rows.dues] == [("db", DueState.OVERDUE)]
    assert [(one.kind, one.key) for one in rows.findings] == [(BACKUP_OVERDUE, "v1")]
    nobody = Snapshot(rows=(MarkedVolumes(plan="marked"),))
    rows = joiner.rows(msgspec.structs.replace(known, marked=nobody), (), NOW)
    assert not rows.dues
    assert not rows.findings


def test_last_backups_agree_with_the_tree() -> None:
    backups = [backup("b1", 3), backup("b2", 2, incremental=True), backup("b3", 1, status="error")]
    assert last_backups(backups)["v1"].id == "b2"
    assert [node.depth for node in nodes(backups)][-1] in (0, 1)
