"""What forbids a new server: its site's zone in Nova, and the project's quotas."""

from collections.abc import Sequence
from typing import cast

import pytest

from dcn_console.clouds.nova import Nova
from dcn_console.model.compute import ComputeHost, ComputeQuota, Flavor
from dcn_console.model.errors import DcnError, HttpError, ServiceUnreachable
from dcn_console.model.plans import Outcome
from dcn_console.model.sites import Role, Site
from dcn_console.model.storage import Allowance
from dcn_console.operations.create_server.checks import quota_checks, zone_checks

SITE = Site(name="dcn0", role=Role.EDGE, availability_zone="az-dcn0")
FLAVOR = Flavor(id="f", name="m1.small", cores=2, memory=2 << 30)


def host(zone: str = "az-dcn0", **state: bool) -> ComputeHost:
    return ComputeHost(name="h1", availability_zone=zone, **state)


class FakeNova:
    """Says what it was given, or raises it."""

    def __init__(
        self,
        hosts: Sequence[ComputeHost] | DcnError = (),
        quota: ComputeQuota | None = None,
    ) -> None:
        self._hosts = hosts
        self._quota = quota

    async def zones(self) -> dict[str, bool]:
        return {"az-dcn0": True, "nova": True}

    async def hosts(self) -> tuple[ComputeHost, ...]:
        if isinstance(self._hosts, DcnError):
            raise self._hosts
        return tuple(self._hosts)

    async def quota(self) -> ComputeQuota:
        if self._quota is None:
            raise ServiceUnreachable("Nova does not answer.")
        return self._quota


@pytest.mark.parametrize(
    ("hosts", "outcome", "said"),
    [
        ([host("x"), host()], Outcome.OK, "A compute host works in zone az-dcn0."),
        ([host(is_up=False)], Outcome.REFUSED, "works in zone az-dcn0: h1 is down."),
        ([host(is_enabled=False)], Outcome.REFUSED, "works in zone az-dcn0: h1 is disabled."),
        ([host("x")], Outcome.REFUSED, "works in zone az-dcn0: it has none."),
        (ServiceUnreachable("Nova is away."), Outcome.WARNING, "is not known: Nova is away."),
        (HttpError("Not for you.", status=403), Outcome.OK, "only administrators see"),
    ],
)
async def test_the_zone_needs_a_compute_host_that_works(
    hosts: Sequence[ComputeHost] | DcnError, outcome: Outcome, said: str
) -> None:
    (check,) = await zone_checks(cast(Nova, FakeNova(hosts)), SITE)
    assert check.outcome is outcome
    assert said in check.text


async def test_a_zone_that_nova_lacks_is_told_with_those_it_has() -> None:
    site = Site(name="dcn9", role=Role.EDGE, availability_zone="az-dcn9")
    (check,) = await zone_checks(cast(Nova, FakeNova()), site)
    assert check.outcome is Outcome.REFUSED
    assert check.text == "Nova has no availability zone az-dcn9; there are: az-dcn0, nova."


async def test_a_quota_that_is_used_up_forbids_the_server() -> None:
    quota = ComputeQuota(
        servers=Allowance(used=3, allowed=10),
        cores=Allowance(used=19, allowed=20),
        memory=Allowance(used=0, allowed=None),
    )
    servers, cores = await quota_checks(cast(Nova, FakeNova(quota=quota)), FLAVOR)
    assert (servers.outcome, cores.outcome) == (Outcome.OK, Outcome.REFUSED)
    assert cores.text == "Quota cores: 1 is free of 20, 2 needed."
    (check,) = await quota_checks(cast(Nova, FakeNova()), FLAVOR)
    assert check.outcome is Outcome.WARNING
