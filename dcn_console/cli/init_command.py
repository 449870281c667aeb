"""``dcn-console init``: discover the sites, show what was found, write the config."""

import asyncio
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from dcn_console.cli.core import core
from dcn_console.cli.framework import Command, Session, open_session
from dcn_console.cli.messages import confirm, is_interactive, say, warn
from dcn_console.cli.status import ExitStatus
from dcn_console.cli.table import Cells, Heading, render_table
from dcn_console.config.document import Document
from dcn_console.config.settings import SITE_TABLE, Settings
from dcn_console.config.topology import read_topology
from dcn_console.config.write import render, write
from dcn_console.model.errors import RefusedError
from dcn_console.model.sites import Site
from dcn_console.model.text import count, printable

if TYPE_CHECKING:
    from dcn_console.inventory.discovered import Discovery

DEFAULT_CEPH_FOLDER = Path("/etc/ceph")


@click.command(cls=Command)
@click.option(
    "--ceph-folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help=f"Folder of the clusters' ceph.conf files; {DEFAULT_CEPH_FOLDER} when not given.",
)
@click.option("--dry-run", is_flag=True, help="Print the config to stdout and write nothing.")
@click.option("--force", is_flag=True, help="Replace an existing config without asking.")
def init(ceph_folder: Path | None, dry_run: bool, force: bool) -> ExitStatus:
    """Discover the sites and write the config file.

    Stores come from Glance, availability zones and pools from Cinder, clusters from their
    ceph.conf files; they are joined by fsid. Nothing of the cloud is changed.
    """
    session = open_session(missing_ok=True)
    file = session.paths.config_file
    folder = (ceph_folder or DEFAULT_CEPH_FOLDER).absolute()
    cloud_name, discovery = asyncio.run(core().discover(session, folder))
    _show(discovery)
    if not discovery.joined:
        warn("No site was found: nothing to write.")
        return ExitStatus.FAILURE
    text = render(settings_to_write(session, cloud_name, discovery))
    read_topology(Document(path=file, text=text, root=tomllib.loads(text)), SITE_TABLE)
    if dry_run:
        click.echo(text, nl=False)
        return ExitStatus.SUCCESS
    replace = file.exists()
    if replace and not force:
        if not is_interactive():
            raise RefusedError(
                f"{file} exists already and is left as it is.",
                way_out="--force replaces it, --dry-run prints the new one.",
            )
        if not confirm(f"Replace {file}?"):
            raise click.Abort
    write(file, text, overwrite=replace)
    say(f"written: {file}")
    say("Next: dcn-console doctor, then dcn-console")
    return ExitStatus.SUCCESS


def settings_to_write(session: Session, cloud_name: str, discovery: "Discovery") -> Settings:
    """Return the settings of the new config.

    Those of the old file stay; the environment's clouds.yaml is named, so that the config
    works in another shell; options that were given for this one run are left out.
    """
    settings, origins = session.settings, session.loaded.origins
    defaults = Settings()
    from_file = str(session.paths.config_file)
    kept = {
        name: getattr(settings if origins[name].startswith(from_file) else defaults, name)
        for name in Settings.__struct_fields__
    }
    kept["clouds_file"] = str(Path(settings.clouds_file).absolute()) if settings.clouds_file else ""
    kept["cloud"] = cloud_name
    kept["topology"] = discovery.topology
    return msgspec.convert(kept, Settings)


def _show(discovery: "Discovery") -> None:
    found = count(len(discovery.joined), "site")
    say(f"Found {found}." if discovery.joined else "Found no site.")
    if discovery.joined:
        table = Cells(
            headings=tuple(
                Heading(text) for text in ("SITE", "ROLE", "STORE", "AVAILABILITY ZONE", "CLUSTER")
            ),
            lines=tuple(_cells(joined.site) for joined in discovery.joined),
        )
        say(render_table(table).rstrip("\n"))
        say("How they were joined:")
    for joined in discovery.joined:
        say(f"  {joined.site.name}: {joined.how}")
    if discovery.unjoined:
        say("Could not be joined to a site:")
    for left in discovery.unjoined:
        say(f"  {left.kind} {printable(left.name)}: {printable(left.reason)}")
    for problem in discovery.problems:
        warn(problem)
    if discovery.joined and discovery.topology.hub is None:
        warn('No site is known to be the hub: set role = "hub" in the config.')


def _cells(site: Site) -> tuple[str, ...]:
    return tuple(
        printable(text or "–")
        for text in (
            site.name,
            site.role.value,
            site.store,
            site.availability_zone,
            site.cluster.conf if site.cluster else None,
        )
    )
