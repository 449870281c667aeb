"""What forbids a new server: its site's zone in Nova, and the project's quotas."""

from typing import cast

import pytest

from dcn_console.clouds.nova import Nova
from dcn_console.model.compute import ComputeQuota, Flavor
from dcn_console.model.errors import ServiceUnreachable
from dcn_console.model.plans import Outcome
from dcn_console.model.sites import Role, Site
from dcn_console.model.storage import Allowance
from dcn_console.operations.create_server.checks import quota_checks, zone_checks

SITE = Site(name="dcn0", role=Role.EDGE, availability_zone="az-dcn0")
FLAVOR = Flavor(id="f", name="m1.small", cores=2, memory=2 << 30)


class FakeNova:
    """Says what it was given, or nothing."""

    def __init__(self, zones: dict[str, bool] | None, quota: ComputeQuota | None = None) -> None:
        self._zones = zones
        self._quota = quota

    async def zones(self) -> dict[str, bool]:
        if self._zones is None:
            raise ServiceUnreachable("Nova does not answer.")
        return self._zones

    async def quota(self) -> ComputeQuota:
        if self._quota is None:
            raise ServiceUnreachable("Nova does not answer.")
        return self._quota


@pytest.mark.parametrize(
    ("zones", "outcome", "said"),
    [
        ({"az-dcn0": True}, Outcome.OK, "A compute host works in zone az-dcn0."),
        ({"az-dcn0": False, "x": True}, Outcome.REFUSED, "No compute host works in zone az-dcn0."),
        ({"nova": True}, Outcome.REFUSED, "Nova has no availability zone az-dcn0; there are: nova"),
        (None, Outcome.WARNING, "is not known: Nova does not answer."),
    ],
)
async def test_the_zone_needs_a_compute_host_that_works(
    zones: dict[str, bool] | None, outcome: Outcome, said: str
) -> None:
    (check,) = await zone_checks(cast(Nova, FakeNova(zones)), SITE)
    assert check.outcome is outcome
    assert said in check.text


async def test_a_quota_that_is_used_up_forbids_the_server() -> None:
    quota = ComputeQuota(
        servers=Allowance(used=3, allowed=10),
        cores=Allowance(used=19, allowed=20),
        memory=Allowance(used=0, allowed=None),
    )
    servers, cores = await quota_checks(cast(Nova, FakeNova({}, quota)), FLAVOR)
    assert (servers.outcome, cores.outcome) == (Outcome.OK, Outcome.REFUSED)
    assert cores.text == "Quota cores: 1 is free of 20, 2 needed."
    (check,) = await quota_checks(cast(Nova, FakeNova({})), FLAVOR)
    assert check.outcome is Outcome.WARNING
