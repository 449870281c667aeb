"""What each action on images asks, and the requests it makes."""

from datetime import datetime

from dcn_console.console.dialogs.checks import something
from dcn_console.console.dialogs.forms import Answers, Field, Form, Option, yes_no
from dcn_console.console.dialogs.mirror_forms import FormMaker
from dcn_console.console.dialogs.subjects import what
from dcn_console.console.image_availability import sites_with_copies
from dcn_console.console.situation import Situation
from dcn_console.model.image_requests import DeleteCopies, DeleteImages, ImportImage
from dcn_console.model.requests import Request
from dcn_console.model.rows import Rows
from dcn_console.model.sites import Site

_LOOK = "look"
_NONE = "none"
_EDGES = "edges"
_FORMATS = ("raw", "qcow2", "vmdk", "vdi", "vhd", "vhdx", "iso")
_URL = ("http://", "https://")


def import_(situation: Situation, _rows: Rows, _now: datetime) -> Form:
    """Ask for source, name, format and sites."""
    edges = tuple(site for site in situation.topology.edges if site.store is not None)

    def requests(answers: Answers) -> tuple[Request, ...]:
        source = answers["source"].strip()
        is_url = source.startswith(_URL)
        everywhere = tuple(site.name for site in edges)
        sites = {_NONE: (), _EDGES: everywhere}.get(answers["to"], (answers["to"],))
        return (
            ImportImage(
                name=answers["name"],
                path="" if is_url else source,
                url=source if is_url else "",
                disk_format="" if answers["format"] == _LOOK else answers["format"],
                convert=answers["convert"] == "yes",
                sites=sites,
            ),
        )

    return Form(
        title="Import an image",
        verb="Import",
        fields=(
            Field(
                id="source",
                label="from",
                hint="A disk file on this machine, or a URL that Glance is to fetch.",
                complaint=_source,
            ),
            Field(id="name", label="name", hint="Name of the new image.", complaint=something),
            Field(id="to", label="to", options=_destinations(edges), start=_NONE),
            Field(id="format", label="format", options=_formats(), start=_LOOK),
            Field(
                id="convert",
                label="make raw",
                options=yes_no(
                    "Volumes at the edges will be copy-on-write clones.",
                    "It keeps its format; volumes at the edges will be full copies.",
                ),
                start="yes",
            ),
        ),
        requests=requests,
    )


def delete_copies(situation: Situation, _rows: Rows, _now: datetime) -> Form:
    """Ask for the site."""
    image_ids = tuple(row.key for row in situation.images)
    sites = sites_with_copies(situation)
    hub = situation.topology.hub
    options = tuple(
        Option(
            value=name,
            words=name,
            hint="The central copy." if hub is not None and name == hub.name else "",
        )
        for name in sorted(sites, key=lambda name: hub is not None and name == hub.name)
    )
    return Form(
        title=f"Delete a copy of {what(situation)}",
        verb="Delete",
        fields=(Field(id="from", label="at", options=options, start=options[0].value),),
        requests=lambda answers: (DeleteCopies(image_ids=image_ids, sites=(answers["from"],)),),
    )


def delete(situation: Situation, _rows: Rows, _now: datetime) -> Form:
    """Ask nothing further."""
    image_ids = tuple(row.key for row in situation.images)
    return Form(
        title=f"Delete {what(situation)} everywhere",
        verb="Delete",
        requests=lambda _: (DeleteImages(image_ids=image_ids),),
    )


def _source(text: str) -> str:
    return "" if text.strip() else "Type the path of a file or a URL."


def _destinations(edges: tuple[Site, ...]) -> tuple[Option, ...]:
    return (
        Option(value=_NONE, words="the hub alone", hint="It can be copied to edges later."),
        Option(value=_EDGES, words="every edge", hint="The hub first, then every edge."),
        *(
            Option(value=site.name, words=site.name, hint=f"The hub first, then {site.name}.")
            for site in edges
        ),
    )


def _formats() -> tuple[Option, ...]:
    look = Option(value=_LOOK, words="look", hint="As the file's head or the URL's ending says.")
    return (look, *(Option(value=name, words=name) for name in _FORMATS))


IMAGE_FORMS: dict[str, FormMaker] = {
    "import_image": import_,
    "delete_copies": delete_copies,
    "delete_images": delete,
}
"""What each action of the menu asks, by the action's id."""
