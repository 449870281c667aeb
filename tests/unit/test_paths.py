"""Paths: XDG folders, our variables, the --config option, and private files."""

from pathlib import Path

import pytest

from dcn_console.config.files import ensure_folder, write_file
from dcn_console.config.paths import Paths

VARIABLES = (
    "DCN_CONSOLE_CONFIG",
    "DCN_CONSOLE_STATE",
    "DCN_CONSOLE_CACHE",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "XDG_CACHE_HOME",
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_default_paths_are_the_xdg_ones(home: Path) -> None:
    paths = Paths.resolve()
    assert paths.config_file == home / ".config/dcn-console/config.toml"
    assert paths.state_folder == home / ".local/state/dcn-console"
    assert paths.log_folder == home / ".local/state/dcn-console/log"
    assert paths.cache_folder == home / ".cache/dcn-console"
    assert set(paths.origins().values()) == {"default"}
    assert not paths.config_is_chosen


def test_xdg_variables_move_the_folders(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "x"))
    paths = Paths.resolve()
    assert paths.config_file == home / "x/dcn-console/config.toml"
    assert paths.origins()["config_file"] == "environment XDG_CONFIG_HOME"


def test_our_variables_come_before_xdg_and_the_option_before_them(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "x"))
    monkeypatch.setenv("DCN_CONSOLE_CONFIG", str(home / "my.toml"))
    monkeypatch.setenv("DCN_CONSOLE_STATE", str(home / "state"))
    paths = Paths.resolve()
    assert paths.config_file == home / "my.toml"
    assert paths.state_folder == home / "state"
    assert paths.origins()["log_folder"] == "environment DCN_CONSOLE_STATE"
    chosen = Paths.resolve(Path("~/other.toml"))
    assert chosen.config_file == home / "other.toml"
    assert chosen.origins()["config_file"] == "option --config"
    assert chosen.config_is_chosen


def test_a_relative_option_becomes_absolute(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    assert Paths.resolve(Path("here.toml")).config_file == home / "here.toml"


def test_folders_and_files_are_private(tmp_path: Path) -> None:
    ensure_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700
    write_file(tmp_path / "a/b/file", b"content", overwrite=False)
    assert (tmp_path / "a/b/file").stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in (tmp_path / "a/b").iterdir()] == ["file"]


def test_writing_never_replaces_unasked(tmp_path: Path) -> None:
    write_file(tmp_path / "file", b"old", overwrite=False)
    with pytest.raises(FileExistsError):
        write_file(tmp_path / "file", b"new", overwrite=False)
    assert (tmp_path / "file").read_bytes() == b"old"
    write_file(tmp_path / "file", b"new", overwrite=True)
    assert (tmp_path / "file").read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
