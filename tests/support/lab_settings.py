"""The settings of a console on a lab, as an operator would have written them by hand."""

from dcn_lab.lab import Lab

from dcn_console.config.settings import Settings
from dcn_console.model.sites import ClusterAccess, Role, Site, Topology

AGENT_DEADLINE_SECONDS = 30.0
REQUEST_TIMEOUT_SECONDS = 60.0
"""Both longer than a healthy service of a lab ever takes, on the busiest machine."""


def lab_settings(
    lab: Lab, cloud: str = "", *, user: str = "openstack", **changes: object
) -> Settings:
    """Return the settings for ``lab``.

    ``cloud`` is the entry of clouds.yaml, the administrator's when empty; ``user`` the cephx
    user; ``changes`` any other settings.
    """
    sites = tuple(
        Site(
            name=site.name,
            role=Role.HUB if site.hub else Role.EDGE,
            store=site.store,
            availability_zone=site.availability_zone,
            cluster=ClusterAccess(
                conf=str(site.conf),
                user=user,
                fsid=site.fsid(),
                images_pool=site.pools.images,
                volumes_pool=site.pools.volumes,
            ),
        )
        for site in lab.sites
    )
    known: dict[str, object] = {
        "cloud": cloud or lab.cloud,
        "clouds_file": str(lab.clouds_yaml),
        "topology": Topology(sites),
        "agent_deadline_seconds": AGENT_DEADLINE_SECONDS,
        "request_timeout_seconds": REQUEST_TIMEOUT_SECONDS,
    }
    return Settings(**(known | changes))  # type: ignore[arg-type]
