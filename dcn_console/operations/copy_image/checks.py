"""The preconditions of a copy."""

from collections.abc import Mapping

from dcn_console.ceph.cluster import ClusterStatus
from dcn_console.inventory.reading import ADMIN
from dcn_console.inventory.services import Services
from dcn_console.model.inventory import Image, Store
from dcn_console.model.plans import Check, Outcome
from dcn_console.model.sites import Site
from dcn_console.model.text import format_bytes, printable
from dcn_console.operations.copy_image.observe import Observation

NEARLY_FULL_PERCENT = 85.0


def image_checks(seen: Observation, services: Services) -> list[Check]:
    """Check the image itself: active, both formats set, data somewhere, raw, no lock held."""
    image = seen.image
    name = f"image “{printable(image.label, 60)}”"
    return [
        *_refusals(image, name),
        *_lock_warning(seen, name),
        *_format_warning(image, name),
        *_source_warning(image, name, services),
    ]


def may_copy_checks(services: Services) -> list[Check]:
    """Warn where Glance's policy “copy_image”, unless changed, keeps these credentials from it.

    Administrators only by default (glance/policies/image.py). Without Keystone there are no roles.
    """
    roles = services.cloud.roles
    if not roles or ADMIN in roles:
        return []
    return [
        Check(
            outcome=Outcome.WARNING,
            text="By default Glance lets only administrators copy between stores; these "
            f"credentials have {', '.join(sorted(map(printable, roles)))} only.",
            way_out="dcn-console doctor tries whether they may.",
        )
    ]


def _refused(text: str, way_out: str = "") -> Check:
    return Check(outcome=Outcome.REFUSED, text=text, way_out=way_out)


def _refusals(image: Image, name: str) -> list[Check]:
    checks = []
    if image.status != "active":
        checks.append(
            _refused(f"{name} is {image.status}, not active.", "Wait until it is, or upload it.")
        )
    elif not image.stores:
        checks.append(_refused(f"{name} has its data in no store that Glance names."))
    if not image.disk_format or not image.container_format:
        checks.append(
            _refused(
                f"{name} has no disk format or no container format; Glance refuses its import.",
                f"Set them: openstack image set --disk-format raw --container-format bare "
                f"{image.id}",
            )
        )
    return checks


def _lock_warning(seen: Observation, name: str) -> list[Check]:
    lock = seen.lock
    if lock is None:
        return []
    until = f" until {lock.free_from:%H:%M} UTC at the latest" if lock.free_from else ""
    text = f"Another import holds {name} (task {lock.task_id}); the copy waits for it{until}."
    if lock.is_stalled(seen.at):
        text += " That import shows no sign of life."
    return [Check(outcome=Outcome.WARNING, text=text)]


def _format_warning(image: Image, name: str) -> list[Check]:
    if image.disk_format in (None, "raw"):
        return []
    return [
        Check(
            outcome=Outcome.WARNING,
            text=f"{name} is {image.disk_format}, not raw: volumes at the edge will be full "
            "copies, not copy-on-write clones.",
            way_out="Import it again as raw.",
        )
    ]


def _source_warning(image: Image, name: str, services: Services) -> list[Check]:
    hub = services.topology.hub
    if hub is None or hub.store is None or not image.stores or hub.store in image.stores:
        return []
    return [
        Check(
            outcome=Outcome.WARNING,
            text=f"{name} has no copy at {hub.name}: Glance will fetch it from "
            f"{', '.join(image.stores)} first.",
            way_out=f"Copy it to {hub.name} as well.",
        )
    ]


def site_refusal(site: Site, stores: Mapping[str, Store]) -> Check | None:
    """Return why nothing may be copied to ``site``, or None."""

    def refused(text: str, way_out: str = "") -> Check:
        return Check(outcome=Outcome.REFUSED, site=site.name, text=text, way_out=way_out)

    if site.read_only:
        return refused(f"{site.name} is read-only in the configuration.")
    if site.store is None:
        return refused(f"{site.name} has no Glance store.", "Check: dcn-console doctor")
    store = stores.get(site.store)
    if store is None:
        return refused(
            f"{site.name}: Glance has no store “{printable(site.store)}” (it has "
            f"{', '.join(sorted(stores)) or 'none'}).",
            "Run dcn-console init again.",
        )
    if store.read_only:
        return refused(f"{site.name}: store “{printable(store.id)}” is read-only.")
    return None


def room_check(site: Site, pool: str, status: ClusterStatus, image: Image) -> list[Check]:
    """Compare the pool's free space with the image's size, both in bytes."""
    found = status.pools.get(pool)
    if found is None:
        return [
            Check(
                outcome=Outcome.WARNING,
                site=site.name,
                text=f"{site.name}: its cluster has no pool “{pool}”.",
                way_out="Set images_pool in the configuration.",
            )
        ]
    size = image.size or 0
    free = format_bytes(found.available)
    if found.available < size:
        return [
            Check(
                outcome=Outcome.REFUSED,
                site=site.name,
                text=f"{site.name} has {free} free, the image needs {format_bytes(size)}.",
                way_out="Free space there, or copy to another site.",
            )
        ]
    room = found.used + found.available
    percent = 100.0 * (found.used + size) / room if room else 0.0
    if percent > NEARLY_FULL_PERCENT:
        return [
            Check(
                outcome=Outcome.WARNING,
                site=site.name,
                text=f"{site.name} will be {percent:.0f} % full afterwards ({free} free now).",
            )
        ]
    return [Check(outcome=Outcome.OK, site=site.name, text=f"{site.name} has {free} free.")]
