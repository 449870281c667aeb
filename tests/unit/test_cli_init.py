"""``init`` on a made-up discovery: what it shows, what it writes, what it never overwrites."""

from pathlib import Path

import pytest
from fake_core import FakeCore

from dcn_console.cli.main import run
from dcn_console.config.paths import Paths
from dcn_console.config.settings import load
from dcn_console.inventory.discovered import Discovery, Joined, Unjoined
from dcn_console.model.sites import ClusterAccess, Role, Site

HUB = Site(
    name="hq",
    role=Role.HUB,
    store="default_backend",
    availability_zone="nova",
    cluster=ClusterAccess(conf="/etc/ceph/hq.conf", user="openstack", fsid="f0"),
)
EDGE = Site(name="shop 1", store="shop-store")
FOUND = Discovery(
    joined=(Joined(site=EDGE, how="store shop-store alone"), Joined(site=HUB, how="fsid f0")),
    unjoined=(Unjoined(kind="store", name="web\x1b[2J", reason="an http store has no cluster"),),
    problems=("Cinder: 403 get_pools",),
)


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("OS_CLOUD", "OS_CLIENT_CONFIG_FILE", "DCN_CONSOLE_CONFIG", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def core() -> FakeCore:
    made = FakeCore()
    made.discovery = FOUND
    return made


def test_it_shows_what_it_found_and_writes_it(
    core: FakeCore,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    assert run(["init", "--ceph-folder", str(tmp_path)], core) == 0
    captured = capfd.readouterr()
    assert captured.out == ""
    for words in (
        "Found 2 sites",
        "hq",
        "/etc/ceph/hq.conf",
        "fsid f0",
        "store shop-store alone",
        "an http store has no cluster",
        "403 get_pools",
    ):
        assert words in captured.err
    assert "\x1b" not in captured.err
    file = tmp_path / ".config/dcn-console/config.toml"
    assert f"written: {file}" in captured.err
    assert file.stat().st_mode & 0o777 == 0o600
    settings = load(Paths.resolve(), {}).settings
    assert settings.cloud == "lab"
    assert settings.clouds_file == str(tmp_path / "clouds.yaml")
    assert settings.topology.sites == (HUB, EDGE)
    assert core.ceph_folders == [tmp_path]


def test_an_old_config_stays_unless_forced(
    core: FakeCore, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.toml"
    old = 'cloud = "old"\ncopies_per_site = 7\n[site.gone]\n'
    file.write_text(old)
    assert run(["--config", str(file), "init"], core) == 1
    assert "exists already" in capfd.readouterr().err
    assert file.read_text() == old
    assert run(["--config", str(file), "--read-only", "init", "--force"], core) == 0
    settings = load(Paths.resolve(file), {}).settings
    assert settings.copies_per_site == 7
    assert settings.read_only is False
    assert settings.topology.names == ("hq", "shop 1")


def test_a_dry_run_prints_the_config_and_writes_nothing(
    core: FakeCore, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.toml"
    assert run(["--config", str(file), "init", "--dry-run"], core) == 0
    printed = capfd.readouterr().out
    assert not file.exists()
    file.write_text(printed)
    assert load(Paths.resolve(file), {}).settings.topology.sites == (HUB, EDGE)


def test_finding_nothing_is_a_failure(
    core: FakeCore, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    core.discovery = Discovery(problems=("No ceph.conf was found.",))
    file = tmp_path / "mine.toml"
    assert run(["--config", str(file), "init"], core) == 1
    assert "No ceph.conf was found." in capfd.readouterr().err
    assert not file.exists()


def test_without_a_hub_it_says_so(
    core: FakeCore, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    core.discovery = Discovery(joined=(Joined(site=EDGE, how="store"),))
    assert run(["--config", str(tmp_path / "mine.toml"), "init"], core) == 0
    assert "No site is known to be the hub" in capfd.readouterr().err


def test_a_site_that_no_config_can_name_is_refused_before_writing(
    core: FakeCore, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    core.discovery = Discovery(joined=(Joined(site=Site(name="a,b"), how="zone"),))
    file = tmp_path / "mine.toml"
    assert run(["--config", str(file), "init"], core) == 2
    assert "not a name for a site" in capfd.readouterr().err
    assert not file.exists()
