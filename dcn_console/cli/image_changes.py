"""``image import|delete-copy|delete``."""

import click

from dcn_console.cli.columns import require_sites
from dcn_console.cli.core import core
from dcn_console.cli.framework import Command, Session, open_session, split_names
from dcn_console.cli.reading import report_problems
from dcn_console.cli.status import ExitStatus
from dcn_console.cli.submitting import Choices, carry_out, change_options
from dcn_console.config.topology import EVERY_EDGE
from dcn_console.model.errors import UsageError
from dcn_console.model.image_requests import DeleteCopies, DeleteImages, ImportImage
from dcn_console.model.plans import Plan
from dcn_console.model.sites import Topology
from dcn_console.workspace.interface import Workspace
from dcn_console.workspace.resolve import find_images

_ONLY_IMAGES = frozenset({"images"})
_FORMATS = ("raw", "qcow2", "vmdk", "vdi", "vhd", "vhdx", "iso")


@click.command("import", cls=Command)
@click.option("--file", "path", metavar="PATH", default="", help="A disk file on this machine.")
@click.option("--url", default="", help="An address that Glance fetches by itself.")
@click.option("--name", required=True, help="Name of the new image.")
@click.option(
    "--to",
    "targets",
    metavar=f"SITE[,SITE]|{EVERY_EDGE}",
    multiple=True,
    help=f"Sites to copy it on to afterwards; “{EVERY_EDGE}” for every edge.",
)
@click.option(
    "--format",
    "disk_format",
    type=click.Choice(_FORMATS, case_sensitive=False),
    default=None,
    help="Format of the source; looked up in the file, or in the URL's ending, if not given.",
)
@click.option("--no-convert", is_flag=True, help="Keep the format instead of making it raw.")
@click.option(
    "--visibility",
    type=click.Choice(("private", "public", "shared", "community")),
    default="private",
    show_default=True,
)
@change_options
def image_import(
    path: str,
    url: str,
    name: str,
    targets: tuple[str, ...],
    disk_format: str | None,
    no_convert: bool,
    visibility: str,
    choices: Choices,
) -> ExitStatus:
    """Make an image of a local file or a URL: in the central store, then at the sites of --to.

    A file that is not raw is made raw with qemu-img first, a URL's by Glance's own plugin where
    that is on: only raw images boot as copy-on-write clones at the edges. The hash is compared
    at the end.
    """
    if bool(path) == bool(url):
        raise UsageError("Say either --file PATH or --url URL.")
    session = open_session()
    request = ImportImage(
        name=name,
        path=path,
        url=url,
        disk_format=disk_format or "",
        convert=not no_convert,
        visibility=visibility,
        sites=sites_of(session.settings.topology, split_names(targets)),
    )

    async def planning(workspace: Workspace) -> tuple[Plan, ...]:
        return await workspace.plan(request)

    return carry_out(session, planning, choices)


def sites_of(topology: Topology, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the sites of --to or --from, every edge spelled out; raises UsageError."""
    named = [name for name in names if name != EVERY_EDGE]
    require_sites(topology, tuple(named))
    if EVERY_EDGE in names:
        named += [site.name for site in topology.edges]
    return tuple(dict.fromkeys(named))


@click.command("delete-copy", cls=Command)
@click.argument("names", metavar="IMAGE...", nargs=-1, required=True)
@click.option(
    "--from",
    "sources",
    metavar=f"SITE[,SITE]|{EVERY_EDGE}",
    multiple=True,
    required=True,
    help="Sites whose copy is deleted.",
)
@change_options
def image_delete_copy(
    names: tuple[str, ...], sources: tuple[str, ...], choices: Choices
) -> ExitStatus:
    """Delete images' copies at sites; the images stay elsewhere.

    A copy that volumes there are clones of is not deleted, nor the last one.
    """
    session = open_session()
    sites = sites_of(session.settings.topology, split_names(sources))
    if not sites:
        raise UsageError("--from names no site.")

    async def planning(workspace: Workspace) -> tuple[Plan, ...]:
        ids = await _image_ids(session, names)
        return await workspace.plan(DeleteCopies(image_ids=ids, sites=sites))

    return carry_out(session, planning, choices)


@click.command("delete", cls=Command)
@click.argument("names", metavar="IMAGE...", nargs=-1, required=True)
@change_options
def image_delete(names: tuple[str, ...], choices: Choices) -> ExitStatus:
    """Delete images with the copies at all sites.

    Nothing is asked of Glance while a volume at any site is a clone of one, or a site cannot
    be looked at: Glance would delete the other sites' copies before it refuses.
    """
    session = open_session()

    async def planning(workspace: Workspace) -> tuple[Plan, ...]:
        return await workspace.plan(DeleteImages(image_ids=await _image_ids(session, names)))

    return carry_out(session, planning, choices)


async def _image_ids(session: Session, names: tuple[str, ...]) -> tuple[str, ...]:
    reading = await core().read(session, _ONLY_IMAGES)
    report_problems(reading, "images")
    return tuple(found.id for found in find_images(reading.inventory.images.rows, names))
