"""Import an image from a local file or a URL: central first, then the edges."""

from collections.abc import Sequence

from dcn_console.inventory.services import Services
from dcn_console.model.image_requests import ImportImage
from dcn_console.model.plans import Plan, VerifyLevel
from dcn_console.model.tasks import Target, TargetState, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.copy_image.plan import plan_copy
from dcn_console.operations.import_image.names import NAME
from dcn_console.operations.import_image.own_image import images_of
from dcn_console.operations.import_image.parameters import Parameters
from dcn_console.operations.import_image.plan import plan_import
from dcn_console.operations.import_image.run import import_at
from dcn_console.operations.parameters import parameters_of

__all__ = ["ImageImport"]


class ImageImport:
    """The operation "import an image"."""

    name = NAME
    request = ImportImage
    takes_turns = False
    cancelling = (
        "conversion and upload stop, and what was made is removed; "
        "a copy to an edge that Glance has begun goes on"
    )

    async def plan(
        self, services: Services, request: ImportImage, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan one image."""
        return (await plan_import(services, request, context),)

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan a copy to the edges that are left, or all of it when the hub's part failed."""
        parameters = parameters_of(task.plan, Parameters)
        done = {target.site for target in task.targets if target.state is TargetState.DONE}
        if parameters.hub in done:
            images = await images_of(services.glance, task.id, parameters)
            if images:
                left: Sequence[str] = [site for site in parameters.sites if site not in done]
                return await plan_copy(services, images[0].id, left, VerifyLevel.METADATA, context)
        request = ImportImage(
            name=parameters.name,
            path=parameters.file.path if parameters.file is not None else "",
            url=parameters.url,
            disk_format=parameters.source_format,
            convert=parameters.convert,
            visibility=parameters.visibility,
            sites=parameters.sites,
        )
        return await plan_import(services, request, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Do one site's part."""
        return await import_at(context)
