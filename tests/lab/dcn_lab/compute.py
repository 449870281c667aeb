"""Nova, Placement and Neutron together: their daemons and how they come up. Left out on request."""

from functools import partial

from dcn_lab.compute_seed import seed_compute
from dcn_lab.daemons import Daemon
from dcn_lab.database import Database
from dcn_lab.glance import Glance
from dcn_lab.message_queue import MessageQueue
from dcn_lab.neutron import Neutron
from dcn_lab.nova import CONDUCTOR, Nova
from dcn_lab.placement import Placement
from dcn_lab.stages import Stage
from dcn_lab.workspace import Workspace


class Compute:
    """What a lab needs for servers; nothing at all when its topology has no compute."""

    def __init__(
        self, workspace: Workspace, database: Database, queue: MessageQueue, glance: Glance
    ) -> None:
        self._workspace = workspace
        self._wanted = workspace.topology.compute
        self._placement = Placement(workspace, database)
        self._neutron = Neutron(workspace, database, queue)
        self._nova = Nova(workspace, database, queue, glance)

    def daemons(self) -> tuple[Daemon, ...]:
        """Return all daemons, each after those it needs."""
        if not self._wanted:
            return ()
        return (
            self._placement.daemon(),
            self._neutron.daemon(),
            *self._nova.controllers(),
            *self._nova.computes(),
        )

    def doors(self) -> tuple[tuple[str, int], ...]:
        """Return name and port of each API."""
        return tuple(
            (daemon.name, daemon.port) for daemon in self.daemons() if daemon.port is not None
        )

    def stages(self) -> tuple[Stage, ...]:
        """Return the pieces of a bring-up with what each one needs."""
        if not self._wanted:
            return ()
        placement, neutron = self._placement.daemon(), self._neutron.daemon()
        controllers, computes = self._nova.controllers(), self._nova.computes()
        start = self._workspace.supervisor.start

        def starting(daemon: Daemon, *needs: str) -> Stage:
            return Stage(daemon.name, partial(start, daemon), needs)

        return (
            Stage("placement database", self._placement.install, ("mariadb",)),
            Stage("neutron database", self._neutron.install, ("mariadb",)),
            Stage("nova database", self._nova.install, ("mariadb",)),
            starting(placement, "placement database", "keystone"),
            starting(neutron, "neutron database", "keystone", "rabbitmq"),
            *(
                starting(daemon, "nova database", "keystone", "rabbitmq", placement.name)
                for daemon in controllers
            ),
            *(starting(daemon, CONDUCTOR) for daemon in computes),
            Stage(
                "zones, flavors and network",
                lambda: self._workspace.once("compute-seed", lambda: seed_compute(self._workspace)),
                (neutron.name, *(daemon.name for daemon in (*controllers, *computes))),
            ),
        )
