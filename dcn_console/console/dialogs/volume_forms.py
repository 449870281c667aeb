"""What each action on volumes asks, and the requests it makes."""

from datetime import datetime

from dcn_console.console.dialogs.checks import gibibytes, gibibytes_or_none, something
from dcn_console.console.dialogs.forms import Answers, Field, Form, Option, yes_no
from dcn_console.console.dialogs.mirror_forms import FormMaker
from dcn_console.console.dialogs.subjects import what
from dcn_console.console.situation import IMAGE_PLACES, SNAPSHOT_PLACES, Situation
from dcn_console.model.requests import Request
from dcn_console.model.rows import ImageRow, Placement, Rows
from dcn_console.model.sites import Site
from dcn_console.model.storage_requests import (
    CreateVolume,
    DeleteSnapshots,
    DeleteVolumes,
    ExtendVolumes,
    SnapshotVolumes,
    UploadVolumes,
)

GIB = 1024**3
_OWN = "own"
_EDGES = "edges"


def create(situation: Situation, _rows: Rows, _now: datetime) -> Form:
    """Ask for name, site and size of a volume: of the image or snapshot, or an empty one."""
    image = situation.images[0] if situation.place in IMAGE_PLACES else None
    snapshot = situation.snapshots[0] if situation.place in SNAPSHOT_PLACES else None
    sites = tuple(_site_option(site, image) for site in _sites(situation, image))
    size = Field(id="size", label="size", hint="Its size in GiB.", complaint=gibibytes)
    if image is not None or snapshot is not None:
        hint = f"Its size in GiB; empty for what the {'image' if image else 'snapshot'} needs."
        size = Field(id="size", label="size", hint=hint, complaint=gibibytes_or_none)

    def requests(answers: Answers) -> tuple[Request, ...]:
        return (
            CreateVolume(
                site=answers["site"],
                name=answers["name"],
                size=int(answers["size"]) * GIB if answers["size"] else None,
                image_id=image.key if image is not None else None,
                snapshot_id=snapshot.key if snapshot is not None else None,
            ),
        )

    return Form(
        title=f"Volume of {what(situation)}" if image or snapshot else "New volume",
        verb="Create",
        fields=(
            Field(id="name", label="name", hint="What it is to be called.", complaint=something),
            Field(id="site", label="at", options=sites, start=sites[0].value),
            size,
        ),
        requests=requests,
    )


def snapshot(situation: Situation, _rows: Rows, _now: datetime) -> Form:
    """Ask for a name, and whether servers may be stopped."""
    volume_ids = _ids(situation)
    return Form(
        title=f"Snapshot {what(situation)}",
        verb="Snapshot",
        fields=(
            Field(id="name", label="name", hint="Empty for the volume's name and the time."),
            Field(
                id="stop_server",
                label="stop server",
                options=yes_no(
                    "Servers that use it are stopped for it, and started again.",
                    "A volume in use is taken as after a power cut.",
                ),
                start="no",
            ),
        ),
        requests=lambda answers: (
            SnapshotVolumes(
                volume_ids=volume_ids,
                name=answers["name"],
                stop_server=answers["stop_server"] == "yes",
            ),
        ),
    )


def extend(situation: Situation, _rows: Rows, _now: datetime) -> Form:
    """Ask for the new size."""
    volume_ids = _ids(situation)
    largest = max((row.volume.size or 0 for row in situation.volumes), default=0) // GIB
    has = "It has" if len(volume_ids) == 1 else "The largest has"

    def complaint(text: str) -> str:
        wrong = gibibytes(text)
        if wrong or len(volume_ids) > 1 or int(text) > largest:
            return wrong
        return f"It has {largest} GiB, and can only become larger."

    return Form(
        title=f"Extend {what(situation)}",
        verb="Extend",
        fields=(
            Field(
                id="size",
                label="size",
                hint=f"The new size in GiB. {has} {largest} now.",
                complaint=complaint,
            ),
        ),
        requests=lambda answers: (
            ExtendVolumes(volume_ids=volume_ids, size=int(answers["size"]) * GIB),
        ),
    )


def upload(situation: Situation, _rows: Rows, _now: datetime) -> Form:
    """Ask for name, sites and format of the image."""
    volume_ids = _ids(situation)
    edges = tuple(site.name for site in situation.topology.edges)

    def requests(answers: Answers) -> tuple[Request, ...]:
        chosen = {_OWN: (), _EDGES: edges}.get(answers["to"], (answers["to"],))
        return (
            UploadVolumes(
                volume_ids=volume_ids,
                name=answers["name"],
                disk_format=answers["format"],
                sites=chosen,
            ),
        )

    return Form(
        title=f"Image of {what(situation)}",
        verb="Upload",
        fields=(
            Field(id="name", label="name", hint="The image's name; empty for the volume's."),
            Field(
                id="to",
                label="to",
                options=(
                    Option(value=_OWN, words="its own site", hint="And the hub."),
                    Option(value=_EDGES, words="every edge", hint="And the hub."),
                    *(
                        Option(value=site.name, words=site.name, hint=_only(site))
                        for site in situation.topology
                        if site.store is not None
                    ),
                ),
                start=_OWN,
            ),
            Field(
                id="format",
                label="format",
                options=(
                    Option(value="raw", words="raw", hint="Volumes of it are clones."),
                    Option(value="qcow2", words="qcow2", hint="Smaller; volumes are full copies."),
                ),
                start="raw",
            ),
        ),
        requests=requests,
    )


def delete(situation: Situation, _rows: Rows, _now: datetime) -> Form:
    """Ask whether snapshots go too."""
    volume_ids = _ids(situation)
    return Form(
        title=f"Delete {what(situation)}",
        verb="Delete",
        fields=(
            Field(
                id="snapshots",
                label="snapshots",
                options=yes_no("They are deleted too.", "Refused while there are any."),
                start="no",
            ),
        ),
        requests=lambda answers: (
            DeleteVolumes(volume_ids=volume_ids, with_snapshots=answers["snapshots"] == "yes"),
        ),
    )


def _ids(situation: Situation) -> tuple[str, ...]:
    return tuple(row.key for row in situation.volumes)


def _sites(situation: Situation, image: ImageRow | None) -> tuple[Site, ...]:
    """Return the sites with volumes: where the image is first, else where the volumes are.

    Of a snapshot, volumes are only made where it is.
    """
    homes = {row.site for row in situation.snapshots or situation.volumes}

    def is_last(site: Site) -> bool:
        return not _has(image, site) if image is not None else site.name not in homes

    sites = [one for one in situation.topology if one.availability_zone]
    if situation.snapshots:
        sites = [one for one in sites if one.name in homes] or sites
    return tuple(sorted(sites, key=is_last))


def _has(image: ImageRow, site: Site) -> bool:
    cell = image.cell(site.name)
    return cell is not None and cell.state is Placement.PRESENT


def _site_option(site: Site, image: ImageRow | None) -> Option:
    hint = f"In the availability zone {site.availability_zone}."
    if image is not None:
        there = _has(image, site)
        hint = "A clone of its copy there." if there else "It has no copy there: copy it first."
    return Option(value=site.name, words=site.name, hint=hint)


def _only(site: Site) -> str:
    return "Only the hub." if site.is_hub else "And the hub."


def delete_snapshots(situation: Situation, _rows: Rows, _now: datetime) -> Form:
    """Go straight to the plan."""
    ids = tuple(row.key for row in situation.snapshots)
    return Form(
        title=f"Delete snapshot {what(situation)}"
        if len(ids) == 1
        else f"Delete {what(situation)}",
        verb="Delete",
        requests=lambda _: (DeleteSnapshots(snapshot_ids=ids),),
    )


VOLUME_FORMS: dict[str, FormMaker] = {
    "create_volume": create,
    "snapshot_volumes": snapshot,
    "extend_volumes": extend,
    "upload_volumes": upload,
    "delete_volumes": delete,
    "delete_snapshots": delete_snapshots,
}
"""What each action of the menu asks, by the action's id."""
