"""A volume as it is now: where it is, and what its site's cluster says of its RBD image."""

from dataclasses import dataclass

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ClusterError, RbdImageNotFound, UsageError
from dcn_console.model.inventory import Volume
from dcn_console.model.mirroring import RbdDetail
from dcn_console.model.plans import Check, ObjectReference
from dcn_console.model.requests import RbdSubject
from dcn_console.model.sites import Site
from dcn_console.model.text import printable
from dcn_console.operations.backups.checks import tasks_check
from dcn_console.operations.backups.where import image_of, site_of
from dcn_console.operations.base import PlanContext
from dcn_console.operations.mirror_subject import STEADY, fine, refused, task_at_work, warned

LABEL_LIMIT = 60
NAME_LIMIT = 255
"""Of names in Cinder and Glance."""


@dataclass(frozen=True)
class Scene:
    """A volume at its site. ``detail`` is None without Ceph access or when ``error`` says why."""

    volume: Volume
    site: Site
    detail: RbdDetail | None = None
    error: str = ""
    gone: bool = False

    @property
    def label(self) -> str:
        """What people call the volume, fit to print."""
        return printable(self.volume.label, LABEL_LIMIT)

    @property
    def pool(self) -> str:
        """The pool of its RBD image, "" without Ceph access in the topology."""
        return self.site.cluster.volumes_pool if self.site.cluster is not None else ""

    @property
    def reference(self) -> ObjectReference:
        """The object of a plan about it."""
        return ObjectReference(kind="volume", id=self.volume.id, name=self.label)


async def look_at(services: Services, volume_id: str) -> Scene:
    """Look a volume up. Raises ObjectNotFound, and UsageError for one that is at no site."""
    volume = await services.cinder.volume(volume_id)
    site = home_of(services, volume)
    cluster = services.clusters.get(site.name)
    if cluster is None or site.cluster is None:
        return Scene(volume, site)
    try:
        detail = await cluster.content.detail(site.cluster.volumes_pool, image_of(volume_id))
    except RbdImageNotFound as error:
        return Scene(volume, site, error=error.message, gone=True)
    except ClusterError as error:
        return Scene(volume, site, error=error.message)
    return Scene(volume, site, detail)


def home_of(services: Services, volume: Volume) -> Site:
    """Return the site of a volume; raises UsageError when its zone is no site's."""
    site = site_of(services, volume)
    if site is None:
        zone = printable(volume.availability_zone or "none", LABEL_LIMIT)
        name = printable(volume.label, LABEL_LIMIT)
        raise UsageError(
            f"Volume “{name}” is in zone {zone}, which is no site's.",
            way_out="Give its site that availability_zone in the configuration.",
        )
    return site


def steady_checks(scene: Scene, verb: str) -> list[Check]:
    """Refuse a volume with which something else is at work; ``verb`` is as in "extended"."""
    if scene.volume.status in STEADY:
        return []
    status = printable(scene.volume.status or "unknown", LABEL_LIMIT)
    text = f"“{scene.label}” is {status}; only one that is available or in use can be {verb}."
    return [refused(text, see_or_mend(scene.volume))]


def see_or_mend(volume: Volume) -> str:
    """Return the way out for a volume in a state in which nothing can be done with it."""
    if (volume.status or "").startswith("error"):
        return f"Once it is well: openstack volume set --state available {volume.id}"
    return f"See: openstack volume show {volume.id}"


def busy_checks(volume_id: str, context: PlanContext) -> list[Check]:
    """Refuse while another task works on the volume."""
    number = task_at_work(RbdSubject(pool="", image="", volume_id=volume_id), context)
    return tasks_check([number] if number is not None else [], "this volume")


def owner_checks(services: Services, scene: Scene, what: str) -> list[Check]:
    """Say that ``what``, as in "snapshot", will not belong to the volume's own project.

    Cinder gives what is made of a volume to the project of whoever asks (cinder/volume/api.py).
    """
    own, owner = services.cloud.project_id, scene.volume.project_id
    if not own or not owner or own == owner:
        return []
    text = f"“{scene.label}” is of another project; the {what} will be your project's."
    return [warned(text, "Use credentials of its project where that matters.")]


def cluster_checks(scene: Scene, what: str) -> list[Check]:
    """Say that the RBD image cannot be seen, or is a mirrored copy that nobody may change.

    ``what`` is what Cinder could not do then, as in "extend it".
    """
    if scene.gone:
        text = f"Its RBD image is not in pool {scene.pool} of {scene.site.name}: not looked at."
        return [warned(text, "Set volumes_pool in the configuration if Cinder uses another there.")]
    if scene.error:
        return [warned(f"Its RBD image cannot be looked at: {scene.error}", site=scene.site.name)]
    if scene.detail is None:
        return [fine(f"No Ceph access to {scene.site.name}: its RBD image is not looked at.")]
    mirroring = scene.detail.mirroring
    if mirroring is not None and not mirroring.primary:
        text = f"Its RBD image is not primary at {scene.site.name}, so Cinder cannot {what}."
        return [refused(text, "Bring it back first: dcn-console mirror failback, or relocate")]
    return []
