"""Noticing that nobody is at work any more on what Cinder says it is at.

A cinder-volume or cinder-backup that is killed leaves some statuses for ever, "extending" among
them (seen on Cinder 21.3): what it does when it is started again takes care of others only. No
service tells, so it is told by what can be seen: nothing has changed for long, every service at the
sites is up, and no client has the RBD image open.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dcn_console.model.errors import ClusterError, RbdImageNotFound
from dcn_console.model.text import format_duration
from dcn_console.operations.backups.where import image_of
from dcn_console.operations.base import TargetContext
from dcn_console.operations.not_working import not_working

SILENT_SECONDS = 600.0
"""So long nothing may change, with every service up, before work counts as broken off."""
LOOK_SECONDS = 30.0
"""Between two looks at the services while nothing changes."""


@dataclass(frozen=True)
class Opened:
    """An RBD image that is open while somebody works on it, and besides by ``others``: servers."""

    site: str
    pool: str
    name: str
    others: int = 0


class Silence:
    """Watches over one wait for Cinder. ``words`` are what does not work, to be shown."""

    def __init__(
        self,
        context: TargetContext,
        sites: Sequence[str],
        opened: Opened | None = None,
        *,
        compute: bool = False,
    ) -> None:
        """Look at the services of ``sites``, with ``compute`` at the compute hosts too.

        ``opened`` is None where nothing shows whether somebody works: work then never counts as
        broken off.
        """
        self._context = context
        self._sites = tuple(sites)
        self._opened = opened
        self._compute = compute
        self._evidence = ""
        self._seen: object = None
        self._began = self._since = self._looked = context.now()
        self.words = ""

    async def broken_off(self, seen: object) -> str:
        """Return why the work counts as broken off, "" while it does not.

        ``seen`` is all that can be told of the work; any change of it is a sign of life.
        """
        now = self._context.now()
        if seen != self._seen:
            self._seen, self._began, self._since, self._looked, self.words = seen, now, now, now, ""
            return ""
        if _seconds(self._looked, now) >= LOOK_SECONDS:
            self._looked = now
            await self._look(now)
        if _seconds(self._since, now) < SILENT_SECONDS:
            return ""
        waited = format_duration(_seconds(self._began, now))
        evidence = (
            f", every service is up and {self._evidence}"
            if self._evidence
            else (" and every service is up")
        )
        return (
            f"nothing has changed for {waited}{evidence}: most likely whoever was at it was "
            "restarted in the middle"
        )

    async def _look(self, now: datetime) -> None:
        """Begin the wait anew while a service is down or somebody has the RBD image open."""
        self.words = ". ".join(
            await not_working(self._context.services, self._sites, compute=self._compute)
        )
        if self.words or await self.may_be_at_work():
            self._since = now

    async def may_be_at_work(self) -> bool:
        """Whether somebody has the RBD image open, or nobody can tell."""
        image = self._opened
        if image is None:
            return True
        cluster = self._context.services.clusters.get(image.site)
        if cluster is None or not image.pool:
            return True
        try:
            detail = await cluster.content.detail(image.pool, image.name)
        except RbdImageNotFound:
            self._evidence = "its RBD image is not there"
            return False
        except ClusterError:
            return True
        if not detail.watchers:
            self._evidence = "nobody has its RBD image open"
        elif detail.mirroring is not None:
            self._evidence = "only what may be its servers or rbd-mirror has its RBD image open"
        else:
            self._evidence = "nobody but its servers has its RBD image open"
        return len(detail.watchers) > image.others and detail.mirroring is None


def volume_opened(context: TargetContext, volume_id: str, others: int = 0) -> Opened:
    """Return the RBD image of a volume at the context's site; ``others`` are its servers."""
    site = context.services.topology.site(context.site)
    pool = site.cluster.volumes_pool if site.cluster is not None else ""
    return Opened(site.name, pool, image_of(volume_id), others)


def at_volume(context: TargetContext, volume_id: str, others: int = 0) -> Silence:
    """Return what watches over work on a volume at the context's site; see ``volume_opened``."""
    return Silence(context, (context.site,), volume_opened(context, volume_id, others))


def _seconds(begin: datetime, end: datetime) -> float:
    return (end - begin).total_seconds()
