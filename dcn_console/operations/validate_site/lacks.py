"""What of a validation cannot be tried here at all, and why: told in the plan and in the report.

Only what the cloud does not have counts. A service that is there and does not work is no reason
to leave a step out: that it fails is what a validation is to show.
"""

from collections.abc import Iterable

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ServiceError, UsageError
from dcn_console.model.plans import Check, Outcome
from dcn_console.model.sites import Site
from dcn_console.model.text import format_bytes, printable
from dcn_console.operations.backups.checks import (
    BACKUP_SERVICE,
    FROM_BACKUP,
    TO_ANOTHER_ZONE,
    VOLUME_SERVICE,
    service_check,
    version_checks,
)
from dcn_console.operations.create_server.plan import find_flavor, find_network
from dcn_console.operations.mirror_subject import fine, warned
from dcn_console.operations.validate_site.names import (
    BACKUP_STEPS,
    CLONE,
    COMPARE,
    RESTORE,
    SERVER_STEPS,
)
from dcn_console.operations.validate_site.server_stages import smallest_flavor


class Lacks:
    """Collects the reasons, by step, and the checks that go with them."""

    def __init__(self, services: Services, site: Site, second: Site | None, hub: Site) -> None:
        self._services = services
        self._site = site
        self._second = second
        self._hub = hub
        self.skipped: dict[str, str] = {}
        self.checks: list[Check] = []
        self.flavor = ""
        self.flavor_name = ""
        self.network = ""

    def _skip(self, steps: Iterable[str], reason: str) -> None:
        for step in steps:
            self.skipped.setdefault(step, reason)
        self.checks.append(warned(f"Not tried: {', '.join(steps)}: {reason}."))

    async def servers(self, flavor: str, network: str, *, without: bool) -> None:
        """See whether there can be servers. Raises UsageError for a flavor that is not there."""
        nova = self._services.nova
        if without:
            self._skip(SERVER_STEPS, "it was asked for without a server")
            return
        if nova is None:
            self._skip(SERVER_STEPS, "the catalogue of the cloud has no compute service")
            return
        try:
            if flavor:
                chosen = find_flavor(await nova.flavors(), flavor)
            else:
                chosen = await smallest_flavor(self._services)
            found = await find_network(self._services, network)
        except ServiceError as error:
            text = f"The server cannot be planned now, and will fail: {error.message}"
            self.checks.append(warned(text, error.way_out))
            return
        except UsageError as error:
            if flavor or network:
                raise
            self._skip(SERVER_STEPS, error.message.rstrip("."))
            return
        self.flavor, self.flavor_name = chosen.id, printable(chosen.name, 60)
        self.network = found.id if found is not None else ""
        memory = format_bytes(chosen.memory)
        words = f"Flavor {self.flavor_name}: {chosen.cores} cores, {memory} memory."
        self.checks.append(fine(words))

    async def storage(self) -> None:
        """See which of Cinder's services there are, and whether they work."""
        try:
            known = await self._services.cinder.services()
        except ServiceError as error:
            text = f"Cinder's services are not known: {error.message}"
            self.checks.append(warned(text, error.way_out))
            return
        zone = self._site.availability_zone or ""
        self._judge(service_check(known, VOLUME_SERVICE, zone, "the volume will fail"))
        zone = self._hub.availability_zone or ""
        backing_up = [one for one in known if one.binary == BACKUP_SERVICE]
        if all(one.availability_zone != zone for one in backing_up):
            where = f"in zone {zone} of {self._hub.name}" if backing_up else "in this cloud"
            self._skip(BACKUP_STEPS, f"there is no cinder-backup {where}")
            return
        self._judge(service_check(known, BACKUP_SERVICE, zone, "the backup will fail"))
        if self._second is not None:
            zone = self._second.availability_zone or ""
            self._judge(service_check(known, VOLUME_SERVICE, zone, "the restore will fail"))
        await self._versions()

    def _judge(self, check: Check) -> None:
        if check.outcome is Outcome.REFUSED:
            check = msgspec.structs.replace(check, outcome=Outcome.WARNING)
        self.checks.append(check)

    async def _versions(self) -> None:
        for needed, steps in ((TO_ANOTHER_ZONE, BACKUP_STEPS), (FROM_BACKUP, (RESTORE, COMPARE))):
            for check in await version_checks(self._services, needed, "a backup of another zone"):
                if check.outcome is Outcome.REFUSED:
                    self._skip(steps, check.text.rstrip("."))
                else:
                    self.checks.append(check)

    def sites(self) -> None:
        """See whether there is a second site, and Ceph access to look with our own eyes."""
        clusters, site = self._services.clusters, self._site
        if site.name not in clusters:
            self._skip((CLONE,), f"there is no Ceph access to {site.name}")
        if self._second is None:
            self._skip((RESTORE, COMPARE), "there is no second site to restore at")
            return
        if self._second.name not in clusters:
            self._skip((COMPARE,), f"there is no Ceph access to {self._second.name}")
        elif site.name not in clusters and self._hub.name not in clusters:
            text = f"there is no Ceph access to {site.name} or {self._hub.name}"
            self._skip((COMPARE,), f"{text} to compare with")
