"""The catalogue: which services there are and where."""

from typing import Any

from dcn_console.simulator.deployment import Deployment
from dcn_console.simulator.dice import Dice

_SERVICES = (
    ("keystone", "identity", "/identity"),
    ("glance", "image", "/image"),
    ("cinderv3", "volumev3", "/volume/v3/{project}"),
    ("nova", "compute", "/compute/v2.1"),
    ("neutron", "network", "/network"),
)
_BARE_METAL = ("ironic", "baremetal", "/baremetal")
_INTERFACES = ("public", "internal", "admin")


def _offered(deployment: Deployment) -> tuple[tuple[str, str, str], ...]:
    return (*_SERVICES, _BARE_METAL) if deployment.bare_metal else _SERVICES


def services(deployment: Deployment) -> list[dict[str, Any]]:
    """Return the services as Keystone lists them."""
    dice = Dice(deployment.seed)
    return [
        {
            "id": dice.hex_identifier(f"service/{kind}"),
            "name": name,
            "type": kind,
            "enabled": True,
            "description": "",
            "links": {},
        }
        for name, kind, _ in _offered(deployment)
    ]


def endpoints(deployment: Deployment, base: str, project_id: str = "") -> list[dict[str, Any]]:
    """Return every endpoint; their URLs are templates without ``project_id``."""
    dice = Dice(deployment.seed)
    return [
        {
            "id": dice.hex_identifier(f"endpoint/{kind}/{interface}"),
            "interface": interface,
            "region": deployment.region,
            "region_id": deployment.region,
            "service_id": dice.hex_identifier(f"service/{kind}"),
            "enabled": True,
            "url": base + path.format(project=project_id or "%(project_id)s"),
        }
        for _, kind, path in _offered(deployment)
        for interface in _INTERFACES
    ]


def catalogue(deployment: Deployment, base: str, project_id: str) -> list[dict[str, Any]]:
    """Return the catalogue as a token carries it."""
    known = endpoints(deployment, base, project_id)
    shown = ("id", "interface", "region", "region_id", "url")
    return [
        {
            "id": service["id"],
            "name": service["name"],
            "type": service["type"],
            "endpoints": [
                {key: endpoint[key] for key in shown}
                for endpoint in known
                if endpoint["service_id"] == service["id"]
            ],
        }
        for service in services(deployment)
    ]
