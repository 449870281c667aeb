"""Make images of volumes, and bring them to the sites that want them."""

from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan
from dcn_console.model.storage_requests import UploadVolumes
from dcn_console.model.tasks import Target, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.upload_volume.names import NAME
from dcn_console.operations.upload_volume.plan import Parameters, plan_upload
from dcn_console.operations.upload_volume.run import upload_from

__all__ = ["VolumeUpload"]


class VolumeUpload:
    """The operation "upload volumes"."""

    name = NAME
    request = UploadVolumes
    takes_turns = True
    cancelling = (
        "an upload that Cinder has begun and a copy that Glance has begun go on, for neither can "
        "be stopped from outside; what has not been asked for is dropped"
    )

    async def plan(
        self, services: Services, request: UploadVolumes, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan each volume by itself."""
        return tuple(
            [
                await plan_upload(services, request, volume_id, context)
                for volume_id in request.volume_ids
            ]
        )

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan it again."""
        parameters = parameters_of(task.plan, Parameters)
        request = UploadVolumes(
            volume_ids=(parameters.volume_id,),
            name=parameters.name,
            disk_format=parameters.disk_format,
            sites=parameters.sites,
        )
        return await plan_upload(services, request, parameters.volume_id, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Upload it and bring it to its sites."""
        return await upload_from(context)
