"""The steps that connect two sites: each looks first, and may run again after a kill.

A kill between adding a peer and giving it its key leaves one that looks whole, so connecting is
repeated until the receiving site's daemon was seen at the source: Ceph then keeps the same peer.
"""

from datetime import timedelta

import msgspec

from dcn_console.ceph.cluster import Cluster
from dcn_console.model.errors import ClusterError
from dcn_console.model.mirroring import PeerDirection, PoolMode
from dcn_console.model.tasks import TargetState
from dcn_console.model.text import printable
from dcn_console.operations.base import TargetContext
from dcn_console.operations.connect_peers.names import Parameters
from dcn_console.operations.mirror_peers import has_met
from dcn_console.operations.mirror_routes import PoolSides, pool_sides
from dcn_console.operations.mirror_sides import cluster_of
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import DONE, REFUSED, look_until_done
from dcn_console.operations.results import StepResult

MEETING_SECONDS = 180.0
"""A daemon looks for new peers, and pings them, every 30 s by default."""
_CANCELLED = "cancelled; what was connected until then stays so"


class Work(msgspec.Struct, frozen=True):
    """Two sites to connect: what every step needs."""

    context: TargetContext
    parameters: Parameters

    @property
    def pool(self) -> str:
        """The pool, the same at both sites."""
        return self.parameters.pool

    def cluster(self, site: str) -> Cluster:
        """Return the cluster of a site."""
        services = self.context.services
        return cluster_of(services, services.topology.site(site))

    async def sides(self) -> PoolSides:
        """Look at the pool everywhere; raises the ClusterError of either of the two sites."""
        found = await pool_sides(self.context.services, self.pool)
        for site in (self.parameters.source, self.parameters.destination):
            if site in found.errors:
                raise found.errors[site]
        return found


def work_of(context: TargetContext) -> Work:
    """Return what the task is about; raises UsageError when plan or topology do not fit."""
    work = Work(context, parameters_of(context.task.plan, Parameters))
    for site in (work.parameters.source, work.parameters.destination):
        work.cluster(site)
    return work


async def name_site(work: Work, site: str, name: str) -> StepResult:
    """Give a cluster without a name one, for its peers to know it by."""

    async def look() -> StepResult:
        work.context.show(TargetState.RUNNING, f"naming the cluster of {site}")
        mirroring = work.cluster(site).mirroring
        if (await mirroring.pool(work.pool)).site_name != name:
            await mirroring.set_site_name(name)
        return StepResult(outcome=DONE, text=f"its peers know it as {printable(name, 60)}")

    return await look_until_done(work.context, look, cancelled=_CANCELLED)


async def enable(work: Work, site: str) -> StepResult:
    """Switch mirroring of the pool on where it is off; a mode chosen by others stays."""

    async def look() -> StepResult:
        work.context.show(TargetState.RUNNING, f"switching mirroring on at {site}")
        mirroring = work.cluster(site).mirroring
        mode = (await mirroring.pool(work.pool)).mode
        if mode is PoolMode.DISABLED:
            mode = work.parameters.mode
            await mirroring.set_pool_mode(work.pool, mode)
        return StepResult(outcome=DONE, text=f"mirroring is on, mode {mode}")

    return await look_until_done(work.context, look, cancelled=_CANCELLED)


async def connect(work: Work, receiver: str, source: str) -> StepResult:
    """Have ``receiver`` receive from ``source``."""
    direction = PeerDirection.BOTH if work.parameters.both else PeerDirection.RECEIVE

    async def look() -> StepResult:
        work.context.show(TargetState.RUNNING, f"letting {receiver} receive from {source}")
        before = await work.sides()
        peer = before.receiving_peer(receiver, source)
        if peer is None or not has_met(before, receiver, source):
            mirroring = work.cluster(receiver).mirroring
            await mirroring.receive_from(work.pool, work.cluster(source).mirroring, direction)
            peer = (await work.sides()).receiving_peer(receiver, source)
        if peer is None:
            return StepResult(outcome=REFUSED, text=f"{receiver} does not list {source} as a peer")
        return StepResult(outcome=DONE, text=f"{receiver} lists {source}", data={"uuid": peer.uuid})

    return await look_until_done(work.context, look, cancelled=_CANCELLED)


async def verify(work: Work) -> StepResult:
    """Wait until the daemon of each receiving site was seen at its source."""
    context, routes = work.context, work.parameters.routes
    until = context.now() + timedelta(seconds=MEETING_SECONDS)

    async def look() -> StepResult | None:
        found = await work.sides()
        for receiver, source in routes:
            if found.receiving_peer(receiver, source) is None:
                text = f"verification: {receiver} does not list {source} any more"
                return StepResult(outcome=REFUSED, text=text)
        missing = [route for route in routes if not has_met(found, *route)]
        if missing:
            receiver, source = missing[0]
            text = f"waiting for the rbd-mirror daemon of {receiver} to reach {source}"
        else:
            receiver, text = await _trouble(work)
        if not text:
            words = " and ".join(f"{to} receives from {source}" for to, source in routes)
            return StepResult(outcome=DONE, text=f"{words}; the daemons have met")
        if context.now() >= until:
            return await _unmet(work, receiver, text)
        context.show(TargetState.VERIFYING, text)
        return None

    return await look_until_done(
        context, look, cancelled="connected; no longer waiting for the daemons"
    )


async def _trouble(work: Work) -> tuple[str, str]:
    """Return the first receiving site whose daemon complains, and of what; "" without.

    A manager that does not answer tells nothing, and is not waited for.
    """
    for receiver, _ in work.parameters.routes:
        try:
            daemons = await work.cluster(receiver).mirroring.daemons(work.pool)
        except ClusterError:
            continue
        problems = [problem for daemon in daemons for problem in daemon.problems]
        if problems:
            return receiver, f"{receiver}: rbd-mirror says: {printable(problems[0], 200)}"
    return "", ""


async def _unmet(work: Work, receiver: str, text: str) -> StepResult:
    """Say that the peers are there and nothing of it works yet."""
    try:
        daemons = await work.cluster(receiver).mirroring.daemons(work.pool)
    except ClusterError:
        why = ""
    else:
        why = "" if daemons else f" No rbd-mirror daemon serves the pool at {receiver}: start one."
    return StepResult(
        outcome=REFUSED,
        text=f"The peers are connected, but after {MEETING_SECONDS:.0f} s still {text}.{why}",
    )
