"""Backup plans in the config file: read, written back, and refused with file, line and reason."""

from pathlib import Path

import pytest

from dcn_console.config.paths import Paths
from dcn_console.config.settings import Settings, load
from dcn_console.config.write import render
from dcn_console.model.backup_plans import BackupPlan
from dcn_console.model.errors import ConfigError

PLANS = """
[[backup_plans]]
name = "nightly"
volumes = "db-*"
every = 24
keep = 7
incremental_of = 6

[[backup_plans]]
name = "marked"
metadata = { backup = "yes" }
site = "central"
every = 1.5

[site.central]
role = "hub"
"""


def loaded(folder: Path, text: str) -> Settings:
    path = folder / "config.toml"
    path.write_text(text)
    return load(Paths.resolve(path), {}).settings


def test_plans_are_read_and_written_back_the_same(tmp_path: Path) -> None:
    settings = loaded(tmp_path, PLANS)
    assert settings.backup_plans == (
        BackupPlan(name="nightly", volumes="db-*", every=24, keep=7, incremental_of=6),
        BackupPlan(name="marked", metadata={"backup": "yes"}, site="central", every=1.5),
    )
    assert loaded(tmp_path, render(settings)) == settings


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        ('volumes = "x"\nevery = "daily"', "expected a number"),
        ("every = 1", "selects no volumes"),
        ('site = "nowhere"\nevery = 1', "names the site “nowhere”"),
        ('volume = "x"\nevery = 1', "unknown field `volume`"),
        ('volumes = "x"\nevery = 0', "expected a number > 0"),
        ('volumes = "x"\nevery = 1\n[[backup_plans]]\nname = "a"\nsite = "central"\nevery = 1',
         "two plans are called “a”"),
    ],
)  # fmt: skip
def test_wrong_plans_are_refused(tmp_path: Path, plan: str, reason: str) -> None:
    text = f'[[backup_plans]]\nname = "a"\n{plan}\n[site.central]\nrole = "hub"\n'
    with pytest.raises(ConfigError, match="line 1: backup_plans") as error:
        loaded(tmp_path, text)
    assert reason in str(error.value)
