"""Validate a site: everything that an edge must be able to do, step by step, then clean up."""

from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan
from dcn_console.model.server_requests import ValidateSite
from dcn_console.model.tasks import Target, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.validate_site.names import NAME
from dcn_console.operations.validate_site.parameters import Parameters
from dcn_console.operations.validate_site.plan import plan_validation
from dcn_console.operations.validate_site.run import validate

__all__ = ["SiteValidate"]


class SiteValidate:
    """The operation "validate a site"."""

    name = NAME
    request = ValidateSite
    takes_turns = False
    cancelling = "the step that runs is broken off, no other begins, and what was made is removed"

    async def plan(
        self, services: Services, request: ValidateSite, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan the one site."""
        return (await plan_validation(services, request, context),)

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan all of it again; what the task left behind is removed with the new one's."""
        parameters = parameters_of(task.plan, Parameters)
        request = ValidateSite(
            site=parameters.site,
            second_site=parameters.second_site,
            image_path=parameters.image_path,
            image_id=parameters.image_id,
            image_bytes=parameters.image_bytes if parameters.scratch else 16 << 20,
            flavor=parameters.flavor,
            network=parameters.network,
            without_server=parameters.without_server,
            keep=parameters.keep,
            step_seconds=parameters.step_seconds,
        )
        earlier = () if parameters.keep else (*parameters.earlier, task.id)
        return await plan_validation(services, request, context, earlier)

    async def run_target(self, context: TargetContext) -> Target:
        """Validate it."""
        return await validate(context)
