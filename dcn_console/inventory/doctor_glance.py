"""The doctor's look at Glance: endpoint, import methods, stores, copying, conversion, clock."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from dcn_console.clouds.cloud import IMAGE
from dcn_console.clouds.glance import COPY_IMAGE, STORES_DETAIL_TIMEOUT
from dcn_console.inventory.diagnosis import Area, Diagnosis
from dcn_console.inventory.findings import image_findings
from dcn_console.inventory.reading import ADMIN
from dcn_console.inventory.services import Services
from dcn_console.model.errors import DcnError, HttpError, ServiceUnreachable
from dcn_console.model.inventory import Image, Store
from dcn_console.model.rows import NOT_RAW
from dcn_console.model.text import count, printable

GLANCE = Area("image")

NO_SUCH_STORE = "dcn-console-doctor-no-such-store"
"""A store nobody has: asking Glance to copy to it changes nothing, and policy answers first."""

_CLOCK_TOLERANCE = 60.0
_IMAGES_LOOKED_AT = 1000
_OTHER_METHODS = ("web-download", "glance-direct")


async def check_glance(services: Services) -> tuple[Diagnosis, ...]:
    """Return the diagnoses of the image service; nothing is changed."""
    if not services.cloud.has(IMAGE):
        return (
            GLANCE.problem(
                "endpoint",
                "The catalogue has no image service: there are no images to show.",
                "Add the endpoint to Keystone's catalogue.",
            ),
        )
    found = [await _endpoint(services), await _import_methods(services)]
    try:
        stores = {store.id: store for store in await services.glance.stores()}
    except DcnError as error:
        return (*found, GLANCE.failed("stores", error))
    found.extend(_stores(services, stores))
    found.extend(await _detail(services))
    try:
        images = await _some_images(services)
    except DcnError as error:
        return (*found, GLANCE.failed("images", error))
    found.append(await _may_copy(services, images))
    found.append(_conversion(services, images, stores))
    return tuple(found)


async def _endpoint(services: Services) -> Diagnosis:
    started = time.monotonic()
    try:
        versions = await services.glance.versions()
        answer = await services.cloud.request(IMAGE, "GET", "/images", params={"limit": "1"})
    except DcnError as error:
        return GLANCE.failed("endpoint", error)
    seconds = time.monotonic() - started
    newest = versions[-1].version if versions else "unknown"
    text = f"It answers in {seconds:.1f} s, API version {printable(newest)}."
    skew = _clock_skew(answer.headers)
    if skew is not None and abs(skew) > _CLOCK_TOLERANCE:
        direction = "behind" if skew > 0 else "ahead of"
        return GLANCE.warning(
            "endpoint",
            f"{text} This machine's clock is {abs(skew):.0f} s {direction} Glance's.",
            "Set the clock: the times at which import locks end are reckoned with it.",
        )
    return GLANCE.ok("endpoint", text)


def _clock_skew(headers: Mapping[str, str]) -> float | None:
    """Return the seconds by which the service's clock is ahead of ours."""
    try:
        moment = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime.now(UTC)).total_seconds()


async def _import_methods(services: Services) -> Diagnosis:
    try:
        methods = await services.glance.import_methods()
    except DcnError as error:
        return GLANCE.failed("import methods", error)
    enabled = ", ".join(map(printable, methods)) or "none"
    if COPY_IMAGE not in methods:
        return GLANCE.problem(
            "import methods",
            f"copy-image is not enabled, so that no image can be copied. Enabled: {enabled}.",
            "Add copy-image to enabled_import_methods in glance-api.conf.",
        )
    missing = [method for method in _OTHER_METHODS if method not in methods]
    if missing:
        return GLANCE.warning(
            "import methods",
            f"Enabled: {enabled}. Not enabled: {', '.join(missing)}.",
            "Copying needs neither; add them to enabled_import_methods to import new images.",
        )
    return GLANCE.ok("import methods", f"Enabled: {enabled}.")


def _stores(services: Services, stores: Mapping[str, Store]) -> list[Diagnosis]:
    topology = services.settings.topology
    known = ", ".join(map(printable, stores)) or "none"
    found = []
    for site in topology:
        subject = f"{site.name}: store"
        if site.store is None:
            found.append(GLANCE.skipped(subject, "The site has no store: no image can be there."))
        elif site.store not in stores:
            found.append(
                GLANCE.problem(
                    subject,
                    f"Glance knows no store {printable(site.store)}.",
                    f"Its stores: {known}.",
                )
            )
        elif stores[site.store].read_only:
            text = f"Store {printable(site.store)} is read-only: nothing can be copied to it."
            found.append(GLANCE.problem(subject, text, "Give the site its RBD store."))
        else:
            is_default = ", the default" if stores[site.store].default else ""
            found.append(GLANCE.ok(subject, f"Store {printable(site.store)}{is_default}."))
    for store in stores.values():
        if topology.with_store(store.id) is not None:
            continue
        name = printable(store.id)
        if store.read_only:
            found.append(GLANCE.ok("stores", f"Store {name} is read-only and left out of copies."))
        else:
            found.append(
                GLANCE.warning(
                    "stores",
                    f"Store {name} belongs to no configured site.",
                    "“dcn-console init” joins stores with sites.",
                )
            )
    default = next((store for store in stores.values() if store.default), None)
    hub = topology.hub
    if default is not None and hub is not None and hub.store and default.id != hub.store:
        found.append(
            GLANCE.warning(
                "stores",
                f"The default store is {printable(default.id)}, the hub's {printable(hub.store)}: "
                "new images go elsewhere than to the hub, and copies start from there.",
                "Set default_backend in glance-api.conf, or another site's role to “hub”.",
            )
        )
    return found


async def _detail(services: Services) -> list[Diagnosis]:
    """Look at the stores' detail, once: while a cluster is dead each look holds a thread."""
    started = time.monotonic()
    try:
        detailed = await services.glance.stores_detail()
    except ServiceUnreachable:
        return [
            GLANCE.problem(
                "stores in detail",
                f"Glance did not answer within {STORES_DETAIL_TIMEOUT:g} s: it waits for a "
                "cluster that does not answer. Enough such waits stop the whole Glance API.",
                "In glance-api.conf set rados_connect_timeout = 5 for every RBD store, and in "
                "the ceph.conf files it uses, under [client], client_mount_timeout = 5 and "
                "rados_osd_op_timeout = 30 (with Ceph 16 only the latter two have any effect).",
            )
        ]
    except HttpError as error:
        if error.status == 403:
            return [GLANCE.skipped("stores in detail", "Only administrators may list this.")]
        return [GLANCE.failed("stores in detail", error)]
    except DcnError as error:
        return [GLANCE.failed("stores in detail", error)]
    seconds = time.monotonic() - started
    found = [GLANCE.ok("stores in detail", f"Glance reached every cluster in {seconds:.1f} s.")]
    for store in detailed:
        site = services.settings.topology.with_store(store.id)
        expected = site.cluster.fsid if site is not None and site.cluster is not None else ""
        if site is not None and store.fsid and expected and store.fsid != expected:
            found.append(
                GLANCE.problem(
                    f"{site.name}: store",
                    f"Store {printable(store.id)} is on cluster {printable(store.fsid)}, the "
                    f"site's is {printable(expected)}.",
                    "Join them anew with “dcn-console init”.",
                )
            )
    return found


async def _some_images(services: Services) -> list[Image]:
    async for page in services.glance.image_pages(_IMAGES_LOOKED_AT):
        return list(page)
    return []


async def _may_copy(services: Services, images: list[Image]) -> Diagnosis:
    """Ask Glance to copy one image of each visibility to a store that nobody has.

    Measured: policy answers first (403), then the store is looked up (409), both before
    anything happens (glance/api/v2/images.py, ``import_image``).
    """
    subject = "may copy images"
    chosen = {image.visibility: image for image in images if image.status == "active"}
    if not chosen and ADMIN in services.cloud.roles:
        return GLANCE.skipped(subject, "There is no active image to try it on.")
    if not chosen:
        return GLANCE.warning(
            subject,
            "There is no active image to try it on, and by default Glance's policy “copy_image” "
            "lets only administrators copy.",
            "Use an administrator's credentials for copying.",
        )
    refused: dict[str, HttpError] = {}
    for visibility, image in chosen.items():
        try:
            await services.glance.copy_image(image.id, (NO_SUCH_STORE,), label=image.label)
        except HttpError as error:
            if error.status == 403:
                refused[printable(visibility or "unknown")] = error
            elif error.status not in (400, 409):
                return GLANCE.failed(subject, error)
        except DcnError as error:
            return GLANCE.failed(subject, error)
    if not refused:
        return GLANCE.ok(subject, "Glance's policy lets these credentials copy images.")
    way_out = next(iter(refused.values())).way_out
    if len(refused) == len(chosen):
        text = "Glance's policy does not let these credentials copy images."
        return GLANCE.problem(subject, text, way_out)
    text = f"Glance's policy does not let these credentials copy {', '.join(refused)} images."
    return GLANCE.warning(subject, text, way_out)


def _conversion(services: Services, images: list[Image], stores: Mapping[str, Store]) -> Diagnosis:
    topology, now = services.settings.topology, datetime.now(UTC)
    not_raw = [
        image
        for image in images
        if any(
            finding.kind == NOT_RAW
            for finding in image_findings(image, topology, stores, {}, None, now)
        )
    ]
    if not not_raw:
        return GLANCE.ok("conversion", "No image in an RBD store is other than raw.")
    return GLANCE.warning(
        "conversion",
        f"{count(len(not_raw), 'image')} in RBD stores "
        f"{'is' if len(not_raw) == 1 else 'are'} not raw, such as "
        f"“{printable(not_raw[0].label, 60)}”: boots from them copy all data.",
        "For new imports set image_import_plugins = [image_conversion] under "
        "[image_import_opts] and output_format = raw under [image_conversion].",
    )
