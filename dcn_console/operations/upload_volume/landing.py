"""Where the bytes of an upload arrive: seen only by looking, for Cinder chooses the store."""

from dcn_console.model.errors import ClusterError
from dcn_console.model.tasks import Progress
from dcn_console.operations.arriving import Arriving
from dcn_console.operations.base import TargetContext


class Landing:
    """Counts the bytes of a new image, wherever its RBD image appears first.

    Cinder or Nova at an edge may be set up to use the edge's own Glance: then it lands at
    ``home``. ``total`` are its bytes, None when not known.
    """

    def __init__(self, context: TargetContext, image_id: str, home: str, total: int | None) -> None:
        self._context = context
        self._image_id = image_id
        self._total = total
        self._sites = tuple(dict.fromkeys((context.site, home)))
        self._meter: Arriving | None = None

    async def measure(self) -> Progress | None:
        """Return the newest figure, None while no byte can be seen to have arrived."""
        if self._meter is None:
            self._meter = await self._found()
        return await self._meter.measure() if self._meter is not None else None

    async def _found(self) -> Arriving | None:
        for name in self._sites:
            site = self._context.services.topology.site(name)
            cluster = self._context.services.clusters.get(name)
            if cluster is None or site.cluster is None:
                continue
            pool = site.cluster.images_pool
            try:
                await cluster.used_bytes(pool, self._image_id)
            except ClusterError:
                continue
            return Arriving(self._context, name, pool, self._image_id, self._total)
        return None

    def finish(self) -> None:
        """Remember the rate for later estimates, if the bytes arrived at the task's site."""
        if self._meter is not None:
            self._meter.finish(self._total)
