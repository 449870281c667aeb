"""The ports of one lab, all counted from one base, so that labs run side by side.

The first hundred belongs to the control plane, each further hundred to one site's Ceph cluster.
"""

from collections.abc import Callable
from dataclasses import dataclass

PORTS_OF_A_LAB = 600
LOWEST_PORT_BASE = 1024
HIGHEST_PORT_BASE = 32767 - PORTS_OF_A_LAB
"""Linux hands out client ports from 32768 on (ip_local_port_range): a daemon's could be taken."""


@dataclass(frozen=True)
class Ports:
    """Port numbers counted from `base`."""

    base: int

    @property
    def keystone(self) -> int:
        """Port of Keystone."""
        return self.base

    @property
    def glance(self) -> int:
        """Port of the central glance-api."""
        return self.base + 1

    @property
    def cinder(self) -> int:
        """Port of cinder-api."""
        return self.base + 2

    @property
    def mariadb(self) -> int:
        """Port of MariaDB."""
        return self.base + 3

    @property
    def rabbitmq(self) -> int:
        """Port that RabbitMQ speaks AMQP on."""
        return self.base + 4

    @property
    def erlang_distribution(self) -> int:
        """Port of RabbitMQ's Erlang distribution protocol."""
        return self.base + 5

    @property
    def erlang_port_mapper(self) -> int:
        """Port of epmd, Erlang's port mapper."""
        return self.base + 6

    @property
    def download(self) -> int:
        """Port that Glance may download from: free for a test's own HTTP server."""
        return self.base + 7

    @property
    def nova(self) -> int:
        """Port of nova-api."""
        return self.base + 8

    @property
    def placement(self) -> int:
        """Port of Placement."""
        return self.base + 9

    @property
    def neutron(self) -> int:
        """Port of Neutron."""
        return self.base + 15

    def edge_glance(self, index: int) -> int:
        """Port of the glance-api of the site at `index` of the topology."""
        return self.base + 10 + index

    def monitor(self, index: int) -> int:
        """Messenger v2 port of the mon of the site at `index`; v1 has the next one."""
        return self.base + 100 * (index + 1)

    def ceph_range(self, index: int) -> tuple[int, int]:
        """First and last port that the mgr and the osd of the site at `index` bind to."""
        return self.monitor(index) + 10, self.monitor(index) + 99


def free_port_base(lowest: int, taken: Callable[[int], bool]) -> int | None:
    """Return the first base from `lowest` on none of whose first ports is taken, None if none."""
    for base in range(lowest, HIGHEST_PORT_BASE + 1, PORTS_OF_A_LAB):
        blocks = range(base, base + PORTS_OF_A_LAB, 100)
        if not any(taken(block + offset) for block in blocks for offset in range(20)):
            return base
    return None
