"""Why Cinder did not do something: its messages, else whether the site's cluster answers."""

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ClusterError, ServiceError
from dcn_console.model.sites import Site
from dcn_console.model.text import printable

MOST_MESSAGES = 2
_TEXT_LIMIT = 200


async def why(services: Services, resource_id: str, site: Site) -> str:
    """Return what Cinder told the user about an object, as sentences without a last full stop."""
    try:
        told = await services.cinder.messages(resource_id)
    except ServiceError as error:
        return error.message.rstrip(".")
    newest = [printable(one.text, _TEXT_LIMIT).rstrip(".") for one in told[-MOST_MESSAGES:]]
    said = ". ".join(one for one in newest if one)
    return said or await _cluster_words(services, site)


async def _cluster_words(services: Services, site: Site) -> str:
    log = f"see the log of cinder-volume at {site.name}"
    cluster = services.clusters.get(site.name)
    if cluster is None or site.cluster is None:
        return f"Cinder does not say why; {log}"
    try:
        await cluster.probe(site.cluster.volumes_pool)
    except ClusterError as error:
        return error.message.rstrip(".")
    return f"Cinder does not say why; the cluster of {site.name} answers; {log}"
