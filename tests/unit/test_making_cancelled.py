"""Cancelling while an answer is outstanding: what may come to be all the same is named."""

from fake_mirror_services import MirrorContext
from fake_volumes import GIB, VolumeServices

from dcn_console.model.errors import ServiceUnreachable
from dcn_console.model.storage_requests import CreateVolume
from dcn_console.operations.create_volume import VolumeCreate
from dcn_console.operations.making import ask_for
from dcn_console.operations.patience import CANCELLED


async def test_what_may_be_made_all_the_same_is_named() -> None:
    services = VolumeServices()
    request = CreateVolume(site="dcn0", name="new", size=GIB)
    (plan,) = await VolumeCreate().plan(services.as_services(), request, services.plan_context())
    asked = 0

    def cancel(context: MirrorContext) -> None:
        context.cancel_now = True

    async def find() -> str | None:
        return None

    async def make() -> str:
        nonlocal asked
        asked += 1
        raise ServiceUnreachable("Cinder: create volume: no answer within 15 s.")

    context = MirrorContext(services, plan, on_wait=cancel)
    result = await ask_for(context, "Cinder", "volume", "volume “new”", find=find, make=make)
    assert result.outcome == CANCELLED
    assert asked == 1
    assert "volume “new” may be made all the same" in result.text
