"""The plan of a server from a volume: whether it can boot, and what it is put on."""

import shlex
from collections.abc import Sequence

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.model.compute import Flavor, KeyPair, Network, SecurityGroup
from dcn_console.model.errors import ServiceError, UsageError
from dcn_console.model.plans import Check, Plan, PlannedStep
from dcn_console.model.server_requests import CreateServer
from dcn_console.model.sites import Site
from dcn_console.model.text import count, format_bytes, printable
from dcn_console.operations.base import PlanContext
from dcn_console.operations.create_server.checks import quota_checks, volume_checks, zone_checks
from dcn_console.operations.create_server.offers import no_flavor
from dcn_console.operations.mirror_subject import fine, warned
from dcn_console.operations.servers.where import nova_of
from dcn_console.operations.volumes.scene import (
    Scene,
    busy_checks,
    cluster_checks,
    look_at,
    owner_checks,
)

NAME = "server-create"
ASK_STEP = "ask"
WATCH_STEP = "watch"
VERIFY_STEP = "verify"
CLEAR_STEP = "clean up"
PART = "server"
_NAME_LIMIT = 255


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """What the server is made of; ids, but for the names of key and security group."""

    name: str
    volume_id: str
    zone: str
    flavor: str
    network: str = ""
    key: str = ""
    security_group: str = ""


async def plan_server(services: Services, request: CreateServer, context: PlanContext) -> Plan:
    """Plan a server that boots from a volume, at the volume's site. Reads only.

    Without a flavor the plan is refused, and its way out and the parameter "offers" say what there
    is to pick from. Raises UsageError for a flavor, network, key or group that is not there,
    ObjectNotFound without the volume.
    """
    name = request.name.strip()
    if not name or len(name) > _NAME_LIMIT:
        raise UsageError(f"The server needs a name of at most {_NAME_LIMIT} characters.")
    scene = await look_at(services, request.volume_id)
    if not request.flavor:
        return await _offering(services, scene, context)
    site = scene.site
    parameters, checks = await placed(services, request, site)
    checks += [
        *volume_checks(scene),
        *busy_checks(request.volume_id, context),
        *owner_checks(services, scene, "server"),
        *cluster_checks(scene, "boot from it"),
    ]
    label = printable(name, 60)
    return Plan(
        operation=NAME,
        title=f"create server {label} of volume {scene.label} at {site.name}",
        objects=(scene.reference,),
        targets=(site.name,),
        checks=tuple(checks),
        steps=_steps(site.name),
        commands=(command(parameters),),
        parameters=msgspec.to_builtins(parameters),
        made_at=context.now,
    )


async def placed(
    services: Services, request: CreateServer, site: Site
) -> tuple[Parameters, list[Check]]:
    """Look up what a server at ``site`` is put on, and whether Nova has the room for it.

    Raises UsageError for a flavor, network, key or group that is not there.
    """
    nova = nova_of(services)
    flavor = find_flavor(await nova.flavors(), request.flavor)
    network = await find_network(services, request.network)
    key = _key(await nova.key_pairs(), request.key) if request.key else ""
    group, checks = await _group(services, request.security_group)
    checks += [
        *await zone_checks(nova, site),
        fine(
            f"Flavor {printable(flavor.name, 60)}: {count(flavor.cores, 'core')}, "
            f"{format_bytes(flavor.memory)} memory."
        ),
        *await quota_checks(nova, flavor),
    ]
    if network is None:
        text = "Without a network the server will have no address."
        checks.append(warned(text, "Choose one.", option="--network NAME"))
    elif network.external:
        checks.append(warned(f"{printable(network.name, 60)} is an external network."))
    parameters = Parameters(
        name=request.name.strip(),
        volume_id=request.volume_id,
        zone=site.availability_zone or "",
        flavor=flavor.id,
        network=network.id if network is not None else "",
        key=key,
        security_group=group,
    )
    return parameters, checks


async def _offering(services: Services, scene: Scene, context: PlanContext) -> Plan:
    checks, parameters = await no_flavor(services)
    return Plan(
        operation=NAME,
        title=f"create server of volume {scene.label} at {scene.site.name}",
        objects=(scene.reference,),
        targets=(),
        checks=checks,
        parameters=parameters,
        made_at=context.now,
    )


def find_flavor(known: Sequence[Flavor], wanted: str) -> Flavor:
    """Return the flavor of that id or name; raises UsageError that names those there are."""
    found = [one for one in known if wanted in (one.id, one.name)]
    if len(found) != 1:
        raise _not_there("flavor", wanted, [one.name for one in known])
    return found[0]


async def find_network(services: Services, wanted: str) -> Network | None:
    """Return the network of that id or name, None for ""; raises UsageError and ServiceError."""
    if not wanted:
        return None
    if services.neutron is None:
        raise UsageError("The catalogue of the cloud has no network service.")
    known = await services.neutron.networks()
    found = [one for one in known if one.id == wanted] or [
        one for one in known if one.name == wanted
    ]
    if len(found) > 1:
        ids = ", ".join(one.id for one in found)
        raise UsageError(f"There are {len(found)} networks of that name.", way_out=f"Say: {ids}.")
    if not found:
        raise _not_there("network", wanted, [one.name for one in known])
    return found[0]


def _key(known: Sequence[KeyPair], wanted: str) -> str:
    if all(one.name != wanted for one in known):
        raise _not_there("key pair", wanted, [one.name for one in known])
    return wanted


async def _group(services: Services, wanted: str) -> tuple[str, list[Check]]:
    """Return the security group's name, which Nova goes by, or its id when names are alike."""
    if not wanted:
        return "", []
    if services.neutron is None:
        raise UsageError("The catalogue of the cloud has no network service.")
    try:
        known = await services.neutron.security_groups(services.cloud.project_id or None)
    except ServiceError as error:
        text = f"Whether the security group is there is not known: {error.message}"
        return wanted, [warned(text)]
    found: list[SecurityGroup] = [one for one in known if wanted in (one.id, one.name)]
    if not found:
        raise _not_there("security group", wanted, [one.name for one in known])
    alike = [one for one in known if one.name == found[0].name]
    return (found[0].name if len(alike) == 1 else found[0].id), []


def _not_there(what: str, wanted: str, known: Sequence[str]) -> UsageError:
    names = ", ".join(sorted({printable(name, 60) for name in known})) or "none"
    return UsageError(
        f"There is no {what} “{printable(wanted, 60)}”.", way_out=f"There are: {names}."
    )


def _steps(site: str) -> tuple[PlannedStep, ...]:
    undo = "the server can be deleted; the volume stays"
    return (
        PlannedStep(name=ASK_STEP, text="ask Nova for the server", site=site, undo=undo),
        PlannedStep(name=WATCH_STEP, text="wait until it runs", site=site),
        PlannedStep(
            name=VERIFY_STEP,
            text="see that it is in the site's zone and has the volume",
            site=site,
        ),
    )


def command(parameters: Parameters) -> str:
    """Return what one would type for the same server."""
    words = ["openstack", "server", "create", "--volume", parameters.volume_id]
    words += ["--flavor", parameters.flavor]
    if parameters.zone:
        words += ["--availability-zone", parameters.zone]
    words += ["--network", parameters.network or "none"]
    if parameters.key:
        words += ["--key-name", parameters.key]
    if parameters.security_group:
        words += ["--security-group", parameters.security_group]
    return shlex.join([*words, parameters.name])
