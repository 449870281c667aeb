"""Whom credentials stand for."""

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from keystoneauth1.access import AccessInfo


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the credentials stand for, as Keystone says, and the services of the catalogue."""

    project_name: str = ""
    project_id: str = ""
    user_name: str = ""
    roles: frozenset[str] = frozenset()
    service_types: frozenset[str] = frozenset()


def identity_of(access: "AccessInfo") -> Identity:
    """Return whom a token stands for; its roles in lower case."""
    types = access.service_catalog.catalog if access.has_service_catalog() else ()
    return Identity(
        project_name=access.project_name or "",
        project_id=access.project_id or "",
        user_name=access.username or "",
        roles=frozenset(role.lower() for role in access.role_names or ()),
        service_types=frozenset(str(entry.get("type", "")) for entry in types),
    )
