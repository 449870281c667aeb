"""A failover with changes at both sides in a ``fake_mirroring.World``, for tests."""

from fake_mirror_services import FakeServices
from fake_mirroring import IMAGE, POOL

from dcn_console.model.mirroring import MirrorMode

OLD, NEW = "central", "dcn0"
SAFETY = "dcn-console-safety."


class TornServices(FakeServices):
    """Services that keep, in ``resynced``, the id of the RBD image at each request for a resync."""

    def __init__(self, *edges: str) -> None:
        super().__init__(*edges)
        self.resynced: list[str] = []
        mirroring = self.clusters[OLD].mirroring
        ask = mirroring.resync

        async def resync(pool: str, name: str, image_id: str) -> None:
            self.resynced.append(self.world.held(OLD, name, pool).id)
            await ask(pool, name, image_id)

        vars(mirroring)["resync"] = resync


async def both_primary(mode: MirrorMode, *edges: str) -> TornServices:
    """Return services where OLD came back as primary after NEW took over, each with own data."""
    services = TornServices(NEW, *edges)
    world = services.world
    world.make_mirrored(OLD, mode)
    services.add_volume()
    world.plants[OLD].reachable = False
    await services.clusters[NEW].mirroring.promote(POOL, IMAGE, force=True)
    world.write(NEW, 1, "written at the new primary")
    world.plants[OLD].reachable = True
    world.write(OLD, 3, "written at the old primary")
    services.clock.forward(60)
    world.writes.clear()
    return services


async def split(mode: MirrorMode, *edges: str) -> TornServices:
    """Return the same after OLD was demoted: it says split-brain."""
    services = await both_primary(mode, *edges)
    await services.clusters[OLD].mirroring.demote(POOL, IMAGE)
    services.world.settle(30)
    status = services.world.held(OLD).status
    assert status is not None
    assert "split-brain" in status.description
    services.world.writes.clear()
    return services


def safety_copies(services: FakeServices, site: str = OLD) -> list[str]:
    """Return the names of the safety copies at a site."""
    return [name for _, name in services.world.plants[site].images if name.startswith(SAFETY)]


def asked(services: FakeServices, what: str) -> int:
    """Return how often a change was asked for, as in "central resync"."""
    return sum(write.startswith(what) for write in services.world.writes)
