"""Who uses a volume now, as Cinder, Nova and the RBD image itself say: checks of a plan."""

from collections.abc import Sequence
from dataclasses import dataclass

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ObjectNotFound, ServiceError
from dcn_console.model.inventory import Server, Volume
from dcn_console.model.plans import Check
from dcn_console.model.requests import RbdSubject
from dcn_console.model.sites import Site
from dcn_console.model.text import count, printable
from dcn_console.operations.mirror_sides import Side
from dcn_console.operations.mirror_steps.in_use import strangers_at, writer_of
from dcn_console.operations.mirror_steps.servers import LETS_GO, RUNNING, STOPPED
from dcn_console.operations.mirror_subject import STEADY, fine, refused, warned


@dataclass(frozen=True)
class Usage:
    """A volume and the servers it is attached to; ``home`` is the site of its AZ.

    ``error`` is why nobody can tell, "" when it is known.
    """

    volume: Volume | None = None
    servers: tuple[Server, ...] = ()
    home: Site | None = None
    error: str = ""
    way_out: str = ""

    @property
    def running(self) -> tuple[Server, ...]:
        """The servers that are to be stopped first."""
        return tuple(server for server in self.servers if server.status == RUNNING)

    @property
    def stopped(self) -> tuple[Server, ...]:
        """The servers that could be started."""
        return tuple(server for server in self.servers if server.status == STOPPED)


async def usage_of(services: Services, subject: RbdSubject) -> Usage:
    """Ask Cinder and Nova; never raises for a service that does not answer."""
    if subject.volume_id is None:
        home = next((site for site in services.topology if site.name == subject.site), None)
        return Usage(home=home)
    volume: Volume | None = None
    home = None
    try:
        volume = await services.cinder.volume(subject.volume_id)
        zone = volume.availability_zone
        home = services.topology.in_availability_zone(zone) if zone else None
        servers = []
        for attachment in volume.attachments:
            if services.nova is None:
                return Usage(
                    volume, home=home, error="it is attached, and no Nova tells whether in use"
                )
            servers.append(await services.nova.server(attachment.server_id))
    except ObjectNotFound as error:
        return Usage(volume, home=home, error=error.message, way_out=error.way_out)
    except ServiceError as error:
        return Usage(volume, home=home, error=error.message, way_out=error.way_out)
    return Usage(volume, tuple(servers), home)


def usage_checks(usage: Usage, source: Side, receivers: int, *, may_stop: bool) -> list[Check]:
    """Check that nobody writes, or that the servers that do may be stopped."""
    checks = [*_cinder_checks(usage), *server_checks(usage, may_stop=may_stop)]
    if not checks and usage.volume is not None:
        checks.append(fine("Cinder has it attached to no server."))
    detail = source.detail
    if detail is None:
        return checks
    writer = writer_of(detail)
    strangers = strangers_at(detail, receivers)
    if writer and not (usage.running and may_stop):
        checks.append(
            refused(
                f"{source.name}: somebody may be writing to it: {writer}.",
                "Stop the server or detach the volume; a killed client is forgotten after 30 s.",
            )
        )
    elif strangers and not writer and not usage.running:
        checks.append(
            warned(
                f"{source.name}: {count(strangers, 'client')} besides the rbd-mirror daemons "
                "may have it open, none has its lock.",
                "See: rbd status",
                source.name,
            )
        )
    return checks


def _cinder_checks(usage: Usage) -> list[Check]:
    if usage.error:
        return [
            refused(
                f"Whether it is in use cannot be told: {usage.error}", usage.way_out or "Try later."
            )
        ]
    volume = usage.volume
    checks = []
    if volume is not None and volume.status not in STEADY:
        checks.append(
            refused(
                f"Cinder has the volume as “{printable(volume.status or 'unknown', 40)}”: "
                "something is at work on it.",
                "Wait until it is available or in-use.",
            )
        )
    return checks


def key_checks(usage: Usage, destination: Site) -> list[Check]:
    """Say what moves of an encrypted volume, and what does not: its key."""
    if usage.volume is None or not usage.volume.encrypted:
        return []
    return [
        fine(
            "It is encrypted: its data moves as it is, with its LUKS header; its key stays in the "
            f"key manager (Barbican), without which it cannot be read at {destination.name} either."
        )
    ]


def server_checks(usage: Usage, *, may_stop: bool) -> list[Check]:
    """Check that no server it is attached to runs, or that those that do may be stopped."""
    checks = []
    for server in usage.servers:
        name = printable(server.name or server.id, 60)
        if server.status == RUNNING and not may_stop:
            checks.append(
                refused(
                    f"Server {name} uses it and is running.",
                    "Stop the server or detach the volume, or have it stopped.",
                    option="--stop-server",
                )
            )
        elif server.status == RUNNING:
            checks.append(warned(f"Server {name} is running, and is stopped first."))
        elif server.status in LETS_GO:
            checks.append(fine(f"Server {name} is {server.status}."))
        else:
            checks.append(
                refused(
                    f"Server {name} is {printable(server.status or 'unknown', 40)}, so it may "
                    "still have the volume open.",
                    "Stop it, or bring it to ACTIVE first.",
                )
            )
    return checks


def zone_checks(usage: Usage, destination: Site, *, stopped: bool) -> list[Check]:
    """Say plainly what relocation cannot do: move the volume for Cinder and Nova.

    ``stopped`` tells of servers that are stopped before it.
    """
    volume = usage.volume
    if volume is None or usage.home is None or usage.home.name == destination.name:
        return []
    zone = printable(volume.availability_zone or "", 60)
    text = (
        f"Cinder goes on listing the volume in availability zone {zone}, and a server uses the RBD "
        f"image of its own site's cluster: servers in {zone} cannot use it while "
        f"{destination.name} is primary."
    )
    if usage.servers and stopped:
        text += " They stay stopped until it is relocated back."
    return [warned(text, f"At {destination.name}, use it from there, as with `cinder manage`.")]


def starting_checks(usage: Usage, starting: Sequence[str]) -> list[Check]:
    """Name the servers that are started at the end, and what else they use.

    A server can only write to volumes that are primary at its own site: each must be back.
    """
    if not starting:
        return []
    checks = [fine(f"At the end the server is started: {', '.join(starting)}.")]
    for server in usage.servers:
        others = set(server.volumes) - {usage.volume.id if usage.volume is not None else ""}
        if server.id in starting and others:
            checks.append(
                warned(
                    f"Server {printable(server.label, 60)} has "
                    f"{count(len(others), 'other volume')}: what of them is primary at another "
                    "site it cannot write to when it is started.",
                    "Relocate those back first: dcn-console mirror status",
                )
            )
    return checks
