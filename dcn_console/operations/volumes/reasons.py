"""Why Cinder did not do something: its messages, else whether the site's cluster answers."""

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ServiceError
from dcn_console.model.sites import Site
from dcn_console.model.text import printable
from dcn_console.operations.not_working import not_working

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
    return said or await _guess(services, site)


async def _guess(services: Services, site: Site) -> str:
    found = await not_working(services, (site.name,))
    if found:
        return f"Cinder does not say why; {'. '.join(found)}"
    return (
        f"Cinder does not say why; see the log of cinder-volume at {site.name}: one that is "
        "restarted gives up what it was at"
    )
