"""The Debian packages that the lab runs on, installed without starting any of them.

Of OpenStack only the -common and python3- packages: the service packages want systemd and debconf.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dcn_lab.errors import LabError
from dcn_lab.execution import SYSTEM_PATH, run
from dcn_lab.workspace import say

PACKAGES = (
    "ceph-common",
    "ceph-mgr",
    "ceph-mgr-modules-core",
    "ceph-mon",
    "ceph-osd",
    "cinder-common",
    "glance-common",
    "keystone",
    "mariadb-server",
    "neutron-common",
    "nova-common",
    "placement-common",
    "python3-cinder",
    "python3-cinderclient",
    "python3-glance",
    "python3-glanceclient",
    "python3-keystone",
    "python3-neutron",
    "python3-nova",
    "python3-openstackclient",
    "python3-placement",
    "python3-pymysql",
    "python3-rados",
    "python3-rbd",
    "qemu-utils",
    "rabbitmq-server",
    "rbd-mirror",
    "sudo",
    "uwsgi-core",
    "uwsgi-plugin-python3",
)
SUPPORTED_SYSTEM = {"ID": "debian", "VERSION_ID": "12"}
INSTALL_SECONDS = 1500
OS_RELEASE = Path("/etc/os-release")
"""What system this is (os-release(5))."""
POLICY = Path("/usr/sbin/policy-rc.d")
"""Asked by Debian's package scripts before they start a service (invoke-rc.d(8))."""
ENVIRONMENT = {"PATH": SYSTEM_PATH, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}


def obstacle() -> str | None:
    """Return why a lab can't run on this machine at all, None when it can."""
    if os.geteuid() != 0:
        return "the lab needs root"
    try:
        lines = OS_RELEASE.read_text(encoding="utf-8").splitlines()
    except OSError:
        return "the lab needs Debian 12"
    facts = {key: value.strip('"') for key, _, value in (line.partition("=") for line in lines)}
    if any(facts.get(key) != value for key, value in SUPPORTED_SYSTEM.items()):
        return f"the lab needs Debian 12, not {facts.get('PRETTY_NAME', 'this system')}"
    return None


def missing_packages() -> tuple[str, ...]:
    """Return the packages that are not installed."""
    listing = subprocess.run(
        ["/usr/bin/dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *PACKAGES],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    ).stdout
    installed = {
        name for name, _, state in (line.partition(" ") for line in listing.splitlines())
        if state == "installed"
    }  # fmt: skip
    return tuple(package for package in PACKAGES if package not in installed)


def install_packages() -> None:
    """Install what is missing; raise LabError when this isn't root on Debian 12, or apt fails."""
    reason = obstacle()
    if reason:
        raise LabError(reason)
    missing = missing_packages()
    if not missing:
        return
    say(f"installing {len(missing)} packages: {' '.join(missing)}")
    install = (
        "apt-get", "install", "-y", "--no-install-recommends",
        "-o", "DPkg::Lock::Timeout=600", *missing,
    )  # fmt: skip
    with no_services():
        try:
            run(install, ENVIRONMENT, seconds=INSTALL_SECONDS)
        except LabError:
            run(("apt-get", "update"), ENVIRONMENT, seconds=INSTALL_SECONDS)
            run(install, ENVIRONMENT, seconds=INSTALL_SECONDS)


@contextmanager
def no_services() -> Iterator[None]:
    """Forbid package scripts to start services, unless somebody has a policy already."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()
