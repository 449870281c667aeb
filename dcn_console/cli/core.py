"""What commands stand on: the workspace and one-shot readings, imported when first used."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import click

from dcn_console.cli.framework import Session
from dcn_console.cli.reading import Reading, read_inventory
from dcn_console.workspace.interface import Workspace

if TYPE_CHECKING:
    from dcn_console.inventory.diagnosis import Diagnosis
    from dcn_console.inventory.discovered import Discovery


class Core(Protocol):
    """The core as commands see it; tests put their own in its place."""

    def workspace(self, session: Session) -> Workspace:
        """Return the workspace of a session, not started."""

    async def read(self, session: Session, wanted: frozenset[str]) -> Reading:
        """Read the inventory once. ``wanted`` names the parts (``inventory.collect``)."""

    async def discover(self, session: Session, ceph_folder: Path) -> "tuple[str, Discovery]":
        """Discover the sites; returns the cloud's name with them."""

    def diagnose(self, session: Session, undercloud: str = "") -> "AsyncIterator[Diagnosis]":
        """Yield what a check-up of everything says; the undercloud has the bare metal service."""


class RealCore:
    """The core on real services."""

    def workspace(self, session: Session) -> Workspace:
        """Return a workspace on the session's cloud and task store."""
        from dcn_console.workspace.local import LocalWorkspace

        return LocalWorkspace(session.paths, session.loaded.settings)

    async def read(self, session: Session, wanted: frozenset[str]) -> Reading:
        """Read the inventory from the services."""
        return await read_inventory(session, wanted)

    async def discover(self, session: Session, ceph_folder: Path) -> "tuple[str, Discovery]":
        """Ask the cloud and the clusters of ``ceph_folder``."""
        from dcn_console.inventory.discovery import discover
        from dcn_console.inventory.services import connect

        settings = session.settings
        cloud = await connect(settings)
        try:
            found = await discover(
                cloud, ceph_folder, settings.agent_python, settings.agent_deadline_seconds
            )
        finally:
            cloud.close()
        return cloud.name, found

    def diagnose(self, session: Session, undercloud: str = "") -> "AsyncIterator[Diagnosis]":
        """Check the services and clusters of the session's settings."""
        from dcn_console.inventory.doctor import run

        return run(session.settings, undercloud)


def core() -> Core:
    """Return the core of the running command."""
    found = click.get_current_context().find_root().obj
    return RealCore() if found is None else cast(Core, found)
