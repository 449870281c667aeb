"""The plan of an image that Nova makes of a root disk of its own, and Glance copies on."""

import shlex

from dcn_console.inventory.services import Services
from dcn_console.model.inventory import Server
from dcn_console.model.plans import Plan, PlannedStep
from dcn_console.model.server_requests import ImageOfServer
from dcn_console.model.sites import Site
from dcn_console.model.text import printable
from dcn_console.operations.base import PlanContext
from dcn_console.operations.images.naming import name_checks
from dcn_console.operations.mirror_subject import fine
from dcn_console.operations.server_image.names import ASK_STEP, NAME, WATCH_STEP, OwnDisk
from dcn_console.operations.upload_volume.places import (
    copy_commands,
    copy_steps,
    place_checks,
    places_for,
)


async def plan_own_disk(
    services: Services, server: Server, site: Site, request: ImageOfServer, context: PlanContext
) -> tuple[Plan, OwnDisk]:
    """Return the plan without what it says of the server itself, and what its steps need.

    Raises UsageError for an unknown site, ServiceError when Glance cannot be asked. How large
    the image will be only Nova knows.
    """
    places = await places_for(services, site, request.sites)
    landing = places.landing.name
    own_disk = OwnDisk(
        name=printable(request.name or server.label),
        home=site.name,
        sites=places.names,
    )
    name = printable(own_disk.name, 60)
    make = ["openstack", "server", "image", "create", "--wait", "--name", own_disk.name, server.id]
    plan = Plan(
        operation=NAME,
        title="",
        objects=(),
        targets=(landing,),
        skipped=places.skipped,
        checks=(
            *name_checks(own_disk.name),
            fine("Its root disk is Nova's own: Nova makes the image; volumes are not in it."),
            *await place_checks(services, places, None),
        ),
        steps=(
            PlannedStep(
                name=ASK_STEP,
                text=f"ask Nova for an image “{name}” of it",
                site=landing,
                undo="the image can be deleted",
            ),
            PlannedStep(name=WATCH_STEP, text="wait until Nova has brought it to Glance"),
            *copy_steps(places.names, landing),
        ),
        commands=(shlex.join(make), *copy_commands(services, places.names, landing)),
        made_at=context.now,
    )
    return plan, own_disk
