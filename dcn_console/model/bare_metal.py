"""What Ironic and Neutron hold of bare metal's networks, as plain data."""

import msgspec


class BareMetalPort(msgspec.Struct, frozen=True, kw_only=True):
    """A bare metal node's network card (Bare Metal API ref: Ports).

    ``physical_network`` is None where none is set.
    """

    id: str
    address: str = ""
    node: str = ""
    physical_network: str | None = None


class Subnet(msgspec.Struct, frozen=True, kw_only=True):
    """A Neutron subnet (Network API ref: Subnets).

    ``segment`` is the id of the network segment it belongs to, None outside routed networks.
    """

    id: str
    name: str
    network: str
    segment: str | None = None
