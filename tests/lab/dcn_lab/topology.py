"""What a lab consists of: a cloud, its sites and their names, read from a TOML file.

Store, availability zone, cluster and pools default to the site's name and to the pool names of
the upstream DCN guide, so that a file states only what differs.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from dcn_lab.errors import LabError
from dcn_lab.ports import HIGHEST_PORT_BASE, LOWEST_PORT_BASE, Ports

FEWEST_SITES = 2
MOST_SITES = 5
DEFAULT_OSD_BYTES = 3 * 1024**3
"""Three sites of it stay under 10 GiB of disk even when every OSD is full."""
SMALLEST_OSD_BYTES = 2 * 1024**3
NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
"""Sites, clusters and clouds: they become file names, host names and section names."""
IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,60}")
"""Stores, availability zones, pools and regions."""


@dataclass(frozen=True)
class Pools:
    """The RBD pools of one site's cluster."""

    images: str = "images"
    volumes: str = "volumes"
    backups: str = "backups"
    vms: str = "vms"

    def names(self) -> tuple[str, ...]:
        """Return each pool name once."""
        return tuple(dict.fromkeys((self.images, self.volumes, self.backups, self.vms)))


@dataclass(frozen=True)
class SiteSpec:
    """One place: a Glance store, an availability zone and a Ceph cluster."""

    name: str
    store: str
    availability_zone: str
    cluster: str
    pools: Pools
    hub: bool
    osd_bytes: int
    """Size in bytes of the sparse file that the site's only OSD lives in."""


@dataclass(frozen=True)
class Topology:
    """A whole lab."""

    cloud: str
    region: str
    port_base: int
    mirrored_pool: str
    """Name of the pool that RBD mirrors between the sites; it exists in every cluster."""
    sites: tuple[SiteSpec, ...]
    http_store: str | None = None
    """Id of a read-only Glance store of type http, if there is one."""
    show_multiple_locations: bool = True
    """Whether Glance shows `locations` and `direct_url` of an image."""
    edge_glance: bool = False
    """Whether every edge site has a glance-api of its own, on the central database."""
    compute: bool = False
    """Whether there are Nova with a fake compute host per site, Placement and Neutron."""

    @property
    def hub(self) -> SiteSpec:
        """The site with the control plane."""
        return next(site for site in self.sites if site.hub)

    @property
    def edges(self) -> tuple[SiteSpec, ...]:
        """Every site but the hub, in the file's order."""
        return tuple(site for site in self.sites if not site.hub)

    @property
    def ports(self) -> Ports:
        """The ports of this lab."""
        return Ports(self.port_base)

    def site(self, name: str) -> SiteSpec:
        """Return the site called `name`; raise LabError when there is none."""
        for site in self.sites:
            if site.name == name:
                return site
        known = ", ".join(site.name for site in self.sites)
        raise LabError(f"no site is called {name!r}; the sites are {known}")

    def index(self, site: SiteSpec) -> int:
        """Return the place of `site` in the file, from 0; it decides the site's ports."""
        return self.sites.index(site)

    def on_ports(self, port_base: int) -> "Topology":
        """Return the same lab on other ports; raise LabError when they are out of range."""
        return _checked(replace(self, port_base=port_base), "the port base")


def load_topology(path: Path) -> Topology:
    """Read a topology file; raise LabError naming the file and the key that is wrong."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LabError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LabError(f"{path}: {error}") from error
    return topology_from_mapping(raw, str(path))


def topology_to_json(topology: Topology) -> str:
    """Return `topology` as text that `topology_from_json` reads back."""
    return json.dumps(asdict(topology), indent=1)


def topology_from_json(text: str, source: str) -> Topology:
    """Read what `topology_to_json` wrote; `source` is named in a LabError."""
    try:
        raw = json.loads(text)
    except json.JSONDecodeError as error:
        raise LabError(f"{source}: {error}") from error
    return topology_from_mapping(raw, source)


def topology_from_mapping(raw: Mapping[str, Any], source: str) -> Topology:
    """Build a checked topology from decoded TOML or JSON; raise LabError naming the key."""
    known = {field.name for field in fields(Topology)}
    _refuse_unknown(raw, known, source)
    sites = raw.get("sites")
    if not isinstance(sites, (list, tuple)):
        raise LabError(f"{source}: sites: a list of tables is needed")
    topology = Topology(
        cloud=_string(raw, "cloud", source, "lab"),
        region=_string(raw, "region", source, "RegionOne"),
        port_base=_integer(raw, "port_base", source, 21000),
        mirrored_pool=_string(raw, "mirrored_pool", source, "volumes"),
        sites=tuple(_site(site, f"{source}: sites[{index}]") for index, site in enumerate(sites)),
        http_store=_string(raw, "http_store", source, "") or None,
        show_multiple_locations=_boolean(raw, "show_multiple_locations", source, default=True),
        edge_glance=_boolean(raw, "edge_glance", source, default=False),
        compute=_boolean(raw, "compute", source, default=False),
    )
    return _checked(topology, source)


def _site(raw: object, source: str) -> SiteSpec:
    if not isinstance(raw, dict):
        raise LabError(f"{source}: a table is needed")
    _refuse_unknown(raw, {field.name for field in fields(SiteSpec)}, source)
    name = _string(raw, "name", source, "")
    pools = raw.get("pools", {})
    if not isinstance(pools, dict):
        raise LabError(f"{source}.pools: a table is needed")
    _refuse_unknown(pools, {field.name for field in fields(Pools)}, f"{source}.pools")
    usual = Pools()
    return SiteSpec(
        name=name,
        store=_string(raw, "store", source, name),
        availability_zone=_string(raw, "availability_zone", source, name),
        cluster=_string(raw, "cluster", source, name),
        pools=Pools(
            images=_string(pools, "images", source, usual.images),
            volumes=_string(pools, "volumes", source, usual.volumes),
            backups=_string(pools, "backups", source, usual.backups),
            vms=_string(pools, "vms", source, usual.vms),
        ),
        hub=_boolean(raw, "hub", source, default=False),
        osd_bytes=_integer(raw, "osd_bytes", source, DEFAULT_OSD_BYTES),
    )


def _checked(topology: Topology, source: str) -> Topology:
    """Return `topology` when its parts fit together; raise LabError otherwise."""
    sites = topology.sites
    if not FEWEST_SITES <= len(sites) <= MOST_SITES:
        raise LabError(f"{source}: {len(sites)} sites; a lab has {FEWEST_SITES} to {MOST_SITES}")
    if sum(site.hub for site in sites) != 1:
        raise LabError(f"{source}: exactly one site needs hub = true")
    if not LOWEST_PORT_BASE <= topology.port_base <= HIGHEST_PORT_BASE:
        raise LabError(
            f"{source}: port_base {topology.port_base} is not within"
            f" {LOWEST_PORT_BASE} to {HIGHEST_PORT_BASE}"
        )
    for site in sites:
        if site.osd_bytes < SMALLEST_OSD_BYTES:
            raise LabError(
                f"{source}: osd_bytes of {site.name} is under {SMALLEST_OSD_BYTES} bytes,"
                " which an OSD can't live in"
            )
    _check_names(topology, source)
    return topology


def _check_names(topology: Topology, source: str) -> None:
    """Raise LabError when a name can't be used as such, or is used twice."""
    sites = topology.sites
    names = [topology.cloud]
    identifiers = [topology.region, topology.mirrored_pool, topology.http_store or "http"]
    for site in sites:
        names += [site.name, site.cluster]
        identifiers += [site.store, site.availability_zone, *site.pools.names()]
    for pattern, texts in ((NAME, names), (IDENTIFIER, identifiers)):
        for text in texts:
            if not pattern.fullmatch(text):
                raise LabError(f"{source}: {text!r} is not a plain name ({pattern.pattern})")
    for key in ("name", "store", "availability_zone", "cluster"):
        values = [getattr(site, key) for site in sites]
        if key == "store" and topology.http_store:
            values.append(topology.http_store)
        if len(set(values)) != len(values):
            raise LabError(f"{source}: two sites share a {key}: {', '.join(values)}")


def _refuse_unknown(raw: Mapping[str, Any], known: set[str], source: str) -> None:
    unknown = sorted(set(raw) - known)
    if unknown:
        raise LabError(f"{source}: unknown key {unknown[0]}; known are {', '.join(sorted(known))}")


def _string(raw: Mapping[str, Any], key: str, source: str, default: str) -> str:
    value = raw.get(key, default)
    if value is None:
        return default
    if not isinstance(value, str):
        raise LabError(f"{source}.{key}: a string is needed, not {value!r}")
    return value


def _integer(raw: Mapping[str, Any], key: str, source: str, default: int) -> int:
    value = raw.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise LabError(f"{source}.{key}: a whole number is needed, not {value!r}")
    return value


def _boolean(raw: Mapping[str, Any], key: str, source: str, *, default: bool) -> bool:
    value = raw.get(key, default)
    if not isinstance(value, bool):
        raise LabError(f"{source}.{key}: true or false is needed, not {value!r}")
    return value
