"""Where a lab keeps things: everything is under one folder."""

import os
from dataclasses import dataclass
from pathlib import Path

from dcn_lab.errors import LabError
from dcn_lab.topology import SiteSpec

DEFAULT_DIRECTORY = Path("/var/tmp/dcn-console-lab")  # noqa: S108 - one well-known place, mode 0700
LONGEST_DIRECTORY = 60
"""Characters: the path of a Unix socket below it may have 107 in all (unix(7))."""
ENVIRONMENT_VARIABLE = "DCN_LAB_DIR"


@dataclass(frozen=True)
class Layout:
    """The paths of a lab in `directory`."""

    directory: Path

    @property
    def topology(self) -> Path:
        """The topology that the lab was made with, as JSON; it marks the folder as a lab's."""
        return self.directory / "topology.json"

    @property
    def password(self) -> Path:
        """The password of every account of the lab."""
        return self.directory / "password"

    @property
    def clouds_yaml(self) -> Path:
        """Credentials for openstacksdk and the `openstack` command."""
        return self.directory / "clouds.yaml"

    @property
    def ceph(self) -> Path:
        """`<cluster>.conf` and the keyrings, as /etc/ceph has them on a real machine."""
        return self.directory / "ceph"

    @property
    def configuration(self) -> Path:
        """The services' own configuration, a folder each."""
        return self.directory / "etc"

    @property
    def data(self) -> Path:
        """What the services store, a folder each."""
        return self.directory / "data"

    @property
    def log(self) -> Path:
        """A log file per daemon."""
        return self.directory / "log"

    @property
    def run(self) -> Path:
        """Process records, sockets and locks."""
        return self.directory / "run"

    @property
    def done(self) -> Path:
        """One empty file per piece of set-up that need not be repeated."""
        return self.directory / "done"

    @property
    def temporary(self) -> Path:
        """TMPDIR of every daemon."""
        return self.directory / "tmp"

    @property
    def staging(self) -> Path:
        """Where the central glance-api stages an image while it imports or copies it."""
        return self.data / "glance" / "staging"

    def ceph_conf(self, site: SiteSpec) -> Path:
        """The ceph.conf of the site's cluster."""
        return self.ceph / f"{site.cluster}.conf"

    def keyring(self, site: SiteSpec, entity: str) -> Path:
        """The keyring of `entity` (such as client.admin) in the site's cluster."""
        return self.ceph / f"{site.cluster}.{entity}.keyring"


def layout_in(directory: Path | None) -> Layout:
    """Return the layout of `directory`, else of DCN_LAB_DIR, else of the default folder.

    Raises LabError when the path is too long for the sockets below it.
    """
    chosen = directory or Path(os.environ.get(ENVIRONMENT_VARIABLE) or DEFAULT_DIRECTORY)
    absolute = chosen.absolute()
    if len(str(absolute)) > LONGEST_DIRECTORY:
        raise LabError(
            f"{absolute}: the lab's folder may have {LONGEST_DIRECTORY} characters at most,"
            " or its sockets can't be made"
        )
    return Layout(absolute)
