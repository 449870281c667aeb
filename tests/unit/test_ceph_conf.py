"""Clusters are found from their ceph.conf files, however those are written."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcn_console.ceph.conf import discover, parse

KEY = "\tkey = AQ\n"


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_options_are_found_however_they_are_written() -> None:
    sections = parse(
        "fsid = f-0\n"
        "# a comment\n"
        "[global]\n"
        "  mon host = a, \\\n b   ; the monitors\n"
        "auth-client-required=cephx\n"
        "[client.rbd-mirror.dcn0] # a daemon\n"
        'log file = "/var/log/a b#c.log"\n'
        "nonsense\n"
        "[broken\n"
    )
    assert sections["global"] == {
        "fsid": "f-0",
        "mon_host": "a,   b",
        "auth_client_required": "cephx",
    }
    assert set(sections) == {"global", "client.rbd-mirror.dcn0"}


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    assert "global" in parse(text)


def test_a_cluster_with_the_keyrings_its_conf_names(tmp_path: Path) -> None:
    keyring = write(tmp_path / "dcn0.client.openstack.keyring", "[client.openstack]\n" + KEY)
    write(tmp_path / "dcn0.client.admin.keyring", "[client.admin]\n" + KEY)
    conf = write(
        tmp_path / "dcn0.conf",
        "[global]\nfsid = f-1\nmon host = 127.0.0.1\n"
        f"[client.openstack]\nkeyring = {tmp_path}/$cluster.$name.keyring\n",
    )
    (cluster,) = discover(tmp_path)
    assert (cluster.name, cluster.conf, cluster.fsid) == ("dcn0", str(conf), "f-1")
    assert cluster.users == ("openstack", "admin")
    openstack, admin = cluster.keyring_of("openstack"), cluster.keyring_of("admin")
    assert openstack is not None and admin is not None
    assert (openstack.path, openstack.is_default) == (str(keyring), True)
    assert not admin.is_default
    assert cluster.keyring_of("nobody") is None
    assert cluster.problem == ""


@pytest.mark.parametrize("name", ["$cluster.client.$id.keyring", "${cluster}.${name}.keyring"])
def test_one_keyring_option_serves_every_user(tmp_path: Path, name: str) -> None:
    write(
        tmp_path / "central.conf",
        f"[global]\nfsid=f\n[client]\nkeyring={tmp_path}/x,{tmp_path}/{name}",
    )
    for user in ("glance", "rbd-mirror.central", "admin", "zeta"):
        write(tmp_path / f"central.client.{user}.keyring", f"[client.{user}]\n" + KEY)
    (cluster,) = discover(tmp_path)
    assert cluster.users == ("glance", "admin", "zeta", "rbd-mirror.central")
    assert all(keyring.is_default for keyring in cluster.keyrings)


def test_clusters_do_not_take_each_others_keyrings(tmp_path: Path) -> None:
    for name in ("central", "dcn0"):
        write(tmp_path / f"{name}.conf", f"[global]\nfsid = {name}\n")
    write(tmp_path / "dcn0.client.openstack.keyring", "[client.openstack]\n" + KEY)
    central, dcn0 = discover(tmp_path)
    assert (central.users, dcn0.users) == ((), ("openstack",))
    assert "no keyring" in central.problem


def test_a_keyring_for_all_users_and_one_without_keys(tmp_path: Path) -> None:
    write(tmp_path / "ceph.conf", "[global]\nmon_host = a\n")
    write(tmp_path / "ceph.keyring", f"[client.cinder]\n{KEY}[client.glance]\n{KEY}[mon.]\n{KEY}")
    write(tmp_path / "ceph.client.empty.keyring", "[client.empty]\n")
    (cluster,) = discover(tmp_path)
    assert cluster.fsid is None
    assert cluster.users == ("glance", "cinder")


def test_other_programs_files_are_left_out(tmp_path: Path) -> None:
    write(tmp_path / "rbdmap.conf", "[something]\nelse = 1\n")
    write(tmp_path / "rbd-target-api.conf", "")
    (tmp_path / "binary.conf").write_bytes(b"\x00\xff" * 100)
    assert discover(tmp_path) == ()
    assert discover(tmp_path / "missing") == ()
    assert discover(tmp_path / "binary.conf") == ()


def test_an_unreadable_file_is_a_problem_not_an_error(tmp_path: Path) -> None:
    (tmp_path / "dcn0.conf").mkdir()
    write(tmp_path / "dcn1.conf", "[global]\nfsid = f\n")
    (tmp_path / "dcn1.client.openstack.keyring").mkdir()
    dcn0, dcn1 = discover(tmp_path)
    assert "dcn0.conf cannot be read" in dcn0.problem
    assert dcn1.users == ("openstack",)
