"""A server that Nova forgot in the middle: it is given up and removed, its volume stays."""

from types import SimpleNamespace
from typing import cast

import msgspec
from fake_mirror_services import MirrorContext
from fake_volumes import GIB, VolumeServices

from dcn_console.inventory.services import Services
from dcn_console.model.compute import ComputeHost
from dcn_console.model.errors import ObjectNotFound
from dcn_console.model.inventory import Server
from dcn_console.model.plans import Plan
from dcn_console.model.tasks import TargetState
from dcn_console.operations.create_server.plan import NAME, Parameters
from dcn_console.operations.create_server.run import create_at
from dcn_console.operations.silence import SILENT_SECONDS


class ForgetfulNova:
    """Takes a request for a server, and no conductor ever acts on it."""

    def __init__(self) -> None:
        self.server_made: Server | None = None
        self.deleted: list[str] = []

    async def made_with(self, metadata: dict[str, str]) -> tuple[Server, ...]:
        return (self.server_made,) if self.server_made is not None else ()

    async def create(self, new: object) -> Server:
        self.server_made = Server(id="s", name="web", status="BUILD", task_state="scheduling")
        return self.server_made

    async def server(self, server_id: str) -> Server:
        if self.server_made is None:
            raise ObjectNotFound("Nova: show server s: not found.")
        return self.server_made

    async def delete(self, server_id: str) -> None:
        self.server_made = None
        self.deleted.append(server_id)

    async def hosts(self) -> tuple[ComputeHost, ...]:
        return (ComputeHost(name="dcn0", availability_zone="dcn0-zone"),)


async def test_a_server_that_nova_forgot_is_given_up_and_removed() -> None:
    services = VolumeServices()
    services.storage.add_volume()
    services.storage.set_volume("1", size=GIB, bootable=True)
    nova = ForgetfulNova()
    parameters = Parameters(volume_id="1", name="web", zone="dcn0-zone", flavor="f")
    plan = Plan(
        operation=NAME,
        title="create server web",
        objects=(),
        targets=("dcn0",),
        parameters=msgspec.to_builtins(parameters),
        made_at=services.clock.now,
    )
    context = MirrorContext(services, plan)
    context.services = cast(Services, SimpleNamespace(**{**vars(services), "nova": nova}))
    began = services.clock.now
    target = await create_at(context)
    assert target.state is TargetState.FAILED, target
    assert "it is at scheduling: nothing has changed for" in target.text
    assert nova.deleted == ["s"]
    assert SILENT_SECONDS <= (services.clock.now - began).total_seconds() < 2 * SILENT_SECONDS
