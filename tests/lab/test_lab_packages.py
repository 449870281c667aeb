"""Packages are installed without starting services, and only where the lab is known to run."""

import os
import stat
from pathlib import Path

import pytest
from dcn_lab import packages


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path that stands for Debian's policy-rc.d."""
    path = tmp_path / "policy-rc.d"
    monkeypatch.setattr(packages, "POLICY", path)
    return path


def test_services_are_forbidden_only_while_packages_are_installed(policy: Path) -> None:
    with packages.no_services():
        assert policy.read_text(encoding="ascii").endswith("exit 101\n")
        assert policy.stat().st_mode & stat.S_IXUSR

    assert not policy.exists()


def test_somebody_elses_policy_is_left_alone(policy: Path) -> None:
    policy.write_text("#!/bin/sh\nexit 0\n", encoding="ascii")

    with packages.no_services():
        assert policy.read_text(encoding="ascii").endswith("exit 0\n")

    assert policy.exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('ID=debian\nVERSION_ID="12"\n', None),
        ('ID=debian\nVERSION_ID="13"\nPRETTY_NAME="Debian 13"\n', "not Debian 13"),
        ('ID=fedora\nVERSION_ID=12\nPRETTY_NAME="Fedora 12"\n', "not Fedora 12"),
    ],
)
def test_the_lab_runs_on_debian_12(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, reason: str | None
) -> None:
    release = tmp_path / "os-release"
    release.write_text(text, encoding="utf-8")
    monkeypatch.setattr(packages, "OS_RELEASE", release)

    obstacle = packages.obstacle()

    assert obstacle is None if reason is None else reason in str(obstacle)


def test_the_lab_needs_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert packages.obstacle() == "the lab needs root"
