"""Settings: the file, the environment and options, and errors that name file, line and key."""

from pathlib import Path

import pytest

from dcn_console.config.paths import Paths
from dcn_console.config.settings import (
    Loaded,
    Settings,
    declarations,
    load,
    settings_table,
)
from dcn_console.config.write import render, write
from dcn_console.model.errors import ConfigError
from dcn_console.model.plans import VerifyLevel
from dcn_console.model.sites import ClusterAccess, Role, Site, Topology

VARIABLES = (
    "OS_CLOUD",
    "OS_CLIENT_CONFIG_FILE",
    "DCN_CONSOLE_CONFIG",
    "DCN_CONSOLE_READ_ONLY",
    "XDG_CONFIG_HOME",
)


@pytest.fixture(autouse=True)
def clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def loaded(tmp_path: Path, text: str, **overrides: object) -> Loaded:
    file = tmp_path / "config.toml"
    file.write_text(text, encoding="utf-8")
    return load(Paths.resolve(file), overrides)


GOOD = """\
cloud = "lab"
copies_per_site = 4
verify = "deep"

[site.east]
store = "east-store"
availability_zone = "az-east"
read_only = true

[site.central]
role = "hub"
store = "default_backend"
[site.central.cluster]
conf = "/etc/ceph/ceph.conf"
user = "openstack"
python = ["ssh", "host", "python3"]
"""


def test_without_a_file_everything_is_default(tmp_path: Path) -> None:
    found = load(Paths.resolve(), {})
    assert found.settings == Settings()
    assert set(found.origins.values()) == {"default"}
    assert set(found.origins) == {declared.name for declared in declarations()}


def test_a_chosen_file_has_to_exist(tmp_path: Path) -> None:
    paths = Paths.resolve(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match=r"none\.toml") as caught:
        load(paths, {})
    assert "init" in caught.value.way_out
    assert load(paths, {}, missing_ok=True).settings == Settings()


def test_a_whole_file(tmp_path: Path) -> None:
    found = loaded(tmp_path, GOOD)
    assert found.settings.cloud == "lab"
    assert found.settings.copies_per_site == 4
    assert found.settings.verify is VerifyLevel.DEEP
    assert found.settings.topology == Topology(
        (
            Site(
                name="central",
                role=Role.HUB,
                store="default_backend",
                cluster=ClusterAccess(
                    conf="/etc/ceph/ceph.conf",
                    user="openstack",
                    python=("ssh", "host", "python3"),
                ),
            ),
            Site(name="east", store="east-store", availability_zone="az-east", read_only=True),
        )
    )
    assert found.origins["copies_per_site"] == f"{tmp_path}/config.toml, line 2"
    assert found.origins["topology"] == f"{tmp_path}/config.toml, line 5"
    assert found.origins["refresh_seconds"] == "default"


def test_what_is_rendered_reads_back_the_same(tmp_path: Path) -> None:
    settings = loaded(tmp_path, GOOD).settings
    assert loaded(tmp_path, render(settings)).settings == settings
    hostile = Settings(
        cloud='a"b\\c[red]',
        clouds_file=str(tmp_path / "with spaces" / "clouds.yaml"),
        topology=Topology((Site(name="münchen.1 [x]", store="st\u00f6re"),)),
    )
    assert loaded(tmp_path, render(hostile)).settings == hostile


def test_precedence_option_file_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_CLOUD", "shell")
    assert loaded(tmp_path, "").settings.cloud == "shell"
    assert loaded(tmp_path, "").origins["cloud"] == "environment OS_CLOUD"
    assert loaded(tmp_path, 'cloud = "file"').settings.cloud == "file"
    found = loaded(tmp_path, 'cloud = "file"', cloud="option")
    assert found.settings.cloud == "option"
    assert found.origins["cloud"] == "option --cloud"


def test_clouds_file_is_relative_to_the_config_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = loaded(tmp_path, 'clouds_file = "clouds.yaml"')
    assert found.settings.clouds_file == str(tmp_path / "clouds.yaml")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", "/somewhere/clouds.yaml")
    found = loaded(tmp_path, "")
    assert found.settings.clouds_file == "/somewhere/clouds.yaml"
    assert found.origins["clouds_file"] == "environment OS_CLIENT_CONFIG_FILE"


@pytest.mark.parametrize(
    ("text", "variable", "option", "wanted"),
    [
        ("", None, False, False),
        ("read_only = true", None, False, True),
        ("read_only = true", "0", False, True),
        ("read_only = false", "1", False, True),
        ("read_only = false", "no", False, False),
        ("read_only = false", None, True, True),
    ],
)
def test_read_only_is_switched_on_by_any(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    variable: str | None,
    option: bool,
    wanted: bool,
) -> None:
    if variable is not None:
        monkeypatch.setenv("DCN_CONSOLE_READ_ONLY", variable)
    assert loaded(tmp_path, text, read_only=option).settings.read_only is wanted


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('cloud = "lab', 1, []),
        ('\n\ncloud = "lab"\ncloud = "lab"\n', 4, []),
        ('colud = "lab"', 1, ["colud", "unknown key", "“cloud”"]),
        ("\ncloud = 3", 2, ["cloud", "expected text in quotes", "got a whole number"]),
        ("copies_per_site = 0", 1, ["copies_per_site", ">= 1"]),
        ("copies_per_site = true", 1, ["copies_per_site", "a whole number"]),
        ('verify = "thorough"', 1, ["verify", "thorough"]),
        ('agent_python = "python3"', 1, ["agent_python", "expected a list"]),
        ("agent_python = [1]", 1, ["agent_python", "text in quotes"]),
        ("site = 3", 1, ["site", "expected a table"]),
        ("[site]\neast = 3", 2, ["site.east", "expected a table"]),
        ('[site.east]\nrole = "hubb"', 2, ["site.east.role", "hubb"]),
        ("[site.east]\n\nstroe = 1", 3, ["site.east.stroe", "unknown key", "“store”"]),
        ('[site.east]\ncluster = {conf = ""}', 2, ["site.east.cluster", "conf"]),
        (
            '[site.east]\n[site.east.cluster]\nconf = "/x"\nuser = 5',
            4,
            ["site.east.cluster.user"],
        ),
        ('[site.a]\nstore = "s"\n[site.b]\nstore = "s"', 4, ["site.b.store", "“a”"]),
        ('[site.a]\nrole = "hub"\n[site.b]\nrole = "hub"', 4, ["site.b.role", "“a”"]),
        ("[site.edges]", 1, ["site.edges", "not a name"]),
        ('[site."a,b"]', 1, ["not a name"]),
        ('[site."\\u001b[31m"]', 1, ["not a name"]),
    ],
)
def test_errors_name_file_line_and_key(
    tmp_path: Path, text: str, line: int, words: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)
    message = str(caught.value)
    assert f"config.toml, line {line}: " in message
    assert "\x1b" not in message
    for word in words:
        assert word in message


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(b'cloud = "x"\n# \xff\n')
    with pytest.raises(ConfigError, match=r"config\.toml, line 2: not UTF-8"):
        load(Paths.resolve(file), {})
    with pytest.raises(ConfigError, match="cannot be read"):
        load(Paths.resolve(tmp_path), {})


def test_a_bad_value_of_the_environment_names_its_variable(
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigError, match="option copies_per_site"):
        loaded(tmp_path, "", copies_per_site="many")


def test_writing_refuses_an_old_file(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "config.toml"
    write(file, "cloud = 'a'\n")
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConfigError, match="exists already"):
        write(file, "cloud = 'b'\n")
    assert file.read_text() == "cloud = 'a'\n"
    write(file, "cloud = 'b'\n", overwrite=True)
    assert file.read_text() == "cloud = 'b'\n"


def test_the_table_of_the_manual_has_every_setting() -> None:
    table = settings_table()
    for declared in declarations():
        if declared.name != "topology":
            assert f"| `{declared.name}` |" in table
        assert declared.description
