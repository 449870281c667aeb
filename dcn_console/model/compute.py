"""What Nova and Neutron hold, as far as storage needs it, as plain data. Sizes are bytes."""

import msgspec

from dcn_console.model.storage import Allowance


class Flavor(msgspec.Struct, frozen=True, kw_only=True):
    """A Nova flavor (Compute API ref: Flavors)."""

    id: str
    name: str
    cores: int = 0
    memory: int = 0
    disk: int = 0


class ComputeQuota(msgspec.Struct, frozen=True, kw_only=True):
    """The quotas of a project in Nova (Compute API ref: Limits); memory in bytes."""

    servers: Allowance = Allowance()
    cores: Allowance = Allowance()
    memory: Allowance = Allowance()


class ComputeHost(msgspec.Struct, frozen=True, kw_only=True):
    """A compute host (Compute API ref: os-services).

    ``is_up`` is what Nova thinks: a host counts as up until it was silent for a minute.
    """

    name: str
    availability_zone: str = ""
    is_enabled: bool = True
    is_up: bool = True


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """A Neutron network (Network API ref: Networks).

    ``availability_zones`` are the hints and zones it was made for, empty where it has none.
    """

    id: str
    name: str
    external: bool = False
    shared: bool = False
    availability_zones: tuple[str, ...] = ()


class KeyPair(msgspec.Struct, frozen=True, kw_only=True):
    """A Nova key pair's public half (Compute API ref: Keypairs)."""

    name: str
    fingerprint: str = ""


class SecurityGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A Neutron security group (Network API ref: Security groups)."""

    id: str
    name: str
    project_id: str | None = None


class NewServer(msgspec.Struct, frozen=True, kw_only=True):
    """A server to be created from a volume; ids of what it uses, "" where there is none.

    ``network`` "" asks Nova for none at all. ``metadata`` is Nova's, text by text.
    """

    name: str
    volume_id: str
    flavor: str
    availability_zone: str = ""
    network: str = ""
    key: str = ""
    security_group: str = ""
    metadata: dict[str, str] = {}
