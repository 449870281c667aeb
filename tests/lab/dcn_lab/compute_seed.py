"""Fills a fresh Nova and Neutron through their APIs: what a server at a site is made with.

Compute API reference: os-aggregates, flavors, os-keypairs; Network API v2.0 reference: networks,
subnets. Safe to run again.
"""

import time
from collections.abc import Mapping
from typing import Any

from dcn_lab.errors import LabError
from dcn_lab.identity import MEMBER
from dcn_lab.rest import admin_token, request
from dcn_lab.web_service import keystone_url
from dcn_lab.workspace import Workspace

FLAVORS: tuple[dict[str, object], ...] = (
    {"name": "m1.tiny", "vcpus": 1, "ram": 512, "disk": 1},
    {"name": "m1.small", "vcpus": 1, "ram": 2048, "disk": 10},
)
"""Memory in MiB, disk in GiB."""
NETWORK, SUBNET, SUBNET_RANGE = "lab-net", "lab-subnet", "10.20.0.0/16"
KEY_PAIR = "lab-key"
KEY_PAIR_MICROVERSION = {"OpenStack-API-Version": "compute 2.10"}
"""The first with which an admin makes a key pair for somebody else."""
MAPPED_SECONDS = 600
POLL_SECONDS = 1.0


def seed_compute(workspace: Workspace) -> None:
    """Make zones, flavors, a shared network and key pairs; raise LabError if that fails."""
    _Seed(workspace).run()


class _Seed:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._identity = keystone_url(workspace)
        self._nova = f"http://127.0.0.1:{workspace.ports.nova}/v2.1"
        self._neutron = f"http://127.0.0.1:{workspace.ports.neutron}/v2.0"
        self._token = admin_token(self._identity, workspace.password)

    def run(self) -> None:
        self._network()
        self._flavors()
        self._key_pairs()
        self._zones()

    def _zones(self) -> None:
        """Make an aggregate with the zone of every site, holding its compute host."""
        present = {each["name"]: each for each in self._nova_get("os-aggregates")["aggregates"]}
        for site in self._workspace.topology.sites:
            zone = site.availability_zone
            aggregate = (
                present.get(zone)
                or self._nova_post(
                    "os-aggregates", {"aggregate": {"name": zone, "availability_zone": zone}}
                )["aggregate"]
            )
            if site.name not in aggregate.get("hosts", []):
                self._add_host(aggregate["id"], site.name)

    def _add_host(self, aggregate: int, host: str) -> None:
        """Put a compute host into an aggregate as soon as the scheduler has found the host."""
        deadline = time.monotonic() + MAPPED_SECONDS
        while True:
            try:
                self._nova_post(f"os-aggregates/{aggregate}/action", {"add_host": {"host": host}})
            except LabError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(POLL_SECONDS)
            else:
                return

    def _flavors(self) -> None:
        present = {each["name"] for each in self._nova_get("flavors")["flavors"]}
        for flavor in FLAVORS:
            if flavor["name"] not in present:
                self._nova_post("flavors", {"flavor": flavor})

    def _network(self) -> None:
        networks = self._get(f"{self._neutron}/networks?name={NETWORK}")["networks"]
        network = (
            networks[0]
            if networks
            else self._post(
                f"{self._neutron}/networks", {"network": {"name": NETWORK, "shared": True}}
            )["network"]
        )
        if not network["subnets"]:
            subnet = {
                "name": SUBNET,
                "network_id": network["id"],
                "ip_version": 4,
                "cidr": SUBNET_RANGE,
            }
            self._post(f"{self._neutron}/subnets", {"subnet": subnet})

    def _key_pairs(self) -> None:
        """Make a key pair for the admin and for the member; nobody keeps the private half."""
        for name in ("admin", MEMBER):
            user = self._get(f"{self._identity}/users?name={name}")["users"][0]["id"]
            path = f"{self._nova}/os-keypairs"
            present = self._get(f"{path}?user_id={user}", KEY_PAIR_MICROVERSION)["keypairs"]
            if not any(each["keypair"]["name"] == KEY_PAIR for each in present):
                pair = {"keypair": {"name": KEY_PAIR, "user_id": user}}
                self._post(path, pair, KEY_PAIR_MICROVERSION)

    def _nova_get(self, path: str) -> Any:
        return self._get(f"{self._nova}/{path}")

    def _nova_post(self, path: str, body: object) -> Any:
        return self._post(f"{self._nova}/{path}", body)

    def _get(self, url: str, headers: Mapping[str, str] | None = None) -> Any:
        return request("GET", url, self._token, None, headers)[0]

    def _post(self, url: str, body: object, headers: Mapping[str, str] | None = None) -> Any:
        return request("POST", url, self._token, body, headers)[0]
