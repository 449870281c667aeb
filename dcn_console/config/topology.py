"""The ``[site.NAME]`` tables of the config file: read into a topology, and back."""

from typing import Any

import msgspec

from dcn_console.config.document import Document
from dcn_console.model.errors import ConfigError
from dcn_console.model.sites import ClusterAccess, Role, Site, Topology
from dcn_console.model.text import printable

CLUSTER_TABLE = "cluster"
EVERY_EDGE = "edges"
"""The word for all edges where sites are named, so no site may be called so."""

_SITE_TYPES: dict[str, Any] = {
    field.name: field.type for field in msgspec.structs.fields(Site) if field.name != "name"
}
_CLUSTER_TYPES: dict[str, Any] = {
    field.name: field.type for field in msgspec.structs.fields(ClusterAccess)
}


def read_topology(document: Document, table: str) -> Topology:
    """Return the sites of ``document``'s ``table``, the hub first, else in the file's order.

    Raises ConfigError for unknown keys, wrong values, two hubs, and for a store or an
    availability zone that two sites claim.
    """
    if table not in document.root:
        return Topology()
    sites = [_site(document, table, name) for name in document.table((table,))]
    _refuse_shared(document, table, sites)
    return Topology(tuple(sorted(sites, key=lambda site: not site.is_hub)))


def site_tables(topology: Topology) -> dict[str, dict[str, Any]]:
    """Return the tables that read as ``topology``, by site name, without default values."""
    tables: dict[str, dict[str, Any]] = {}
    for site in topology:
        values = {"role": site.role.value} | _without_defaults(site, Site(name=site.name))
        if site.cluster is not None:
            values[CLUSTER_TABLE] = _without_defaults(site.cluster, ClusterAccess())
        tables[site.name] = values
    return tables


def _site(document: Document, table: str, name: str) -> Site:
    key = (table, name)
    if name == EVERY_EDGE or "," in name or name != printable(name).strip() or not name:
        raise document.error(
            key,
            "not a name for a site",
            way_out=f"Use a printable name without commas, and not “{EVERY_EDGE}”.",
        )
    found = document.table(key)
    document.refuse_unknown(key, found, _SITE_TYPES)
    values = {
        field: document.value((*key, field), _SITE_TYPES[field])
        for field in found
        if field != CLUSTER_TABLE
    }
    if CLUSTER_TABLE in found:
        values[CLUSTER_TABLE] = _cluster(document, (*key, CLUSTER_TABLE))
    return Site(name=name, **values)


def _cluster(document: Document, key: tuple[str, ...]) -> ClusterAccess:
    found = document.table(key)
    document.refuse_unknown(key, found, _CLUSTER_TYPES)
    access = ClusterAccess(
        **{field: document.value((*key, field), _CLUSTER_TYPES[field]) for field in found}
    )
    if not access.conf and not access.command:
        raise document.error(
            key,
            "a cluster needs “conf”, the path of its ceph.conf",
            way_out="Without Ceph access to the site, leave the table out.",
        )
    return access


def _refuse_shared(document: Document, table: str, sites: list[Site]) -> None:
    owners: dict[tuple[str, str], str] = {}
    for site in sites:
        claims = {
            "store": site.store,
            "availability_zone": site.availability_zone,
            "role": site.role.value if site.role is Role.HUB else None,
        }
        for field, value in claims.items():
            if value is None:
                continue
            owner = owners.setdefault((field, value), site.name)
            if owner != site.name:
                raise _claimed_twice(document, (table, site.name, field), value, owner)


def _claimed_twice(document: Document, key: tuple[str, ...], value: str, owner: str) -> ConfigError:
    return document.error(
        key,
        f"“{printable(value, 80)}” is that of site “{owner}” already",
        way_out="Each belongs to one site.",
    )


def _without_defaults(value: msgspec.Struct, default: msgspec.Struct) -> dict[str, Any]:
    return {
        field: msgspec.to_builtins(getattr(value, field))
        for field in value.__struct_fields__
        if field not in ("name", CLUSTER_TABLE) and getattr(value, field) != getattr(default, field)
    }
