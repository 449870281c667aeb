"""Targets that are ready share one request; nobody waits long for those that are not."""

import asyncio

import pytest

from dcn_console.operations.gathering import Gathering
from dcn_console.operations.results import StepResult


class Asked:
    def __init__(self) -> None:
        self.requests: list[tuple[str, ...]] = []

    async def __call__(self, sites: tuple[str, ...]) -> StepResult:
        self.requests.append(sites)
        await asyncio.sleep(0)
        return StepResult(outcome="asked", text=",".join(sites))


async def test_all_expected_sites_share_a_request_at_once() -> None:
    gathering, ask = Gathering(("a", "b", "c"), patience=60), Asked()
    results = await asyncio.gather(*(gathering.join(site, ask) for site in ("b", "a", "c")))
    assert ask.requests == [("b", "a", "c")]
    assert {result.text for result in results} == {"b,a,c"}


async def test_an_excused_site_is_not_waited_for() -> None:
    gathering, ask = Gathering(("a", "b"), patience=60), Asked()
    joining = asyncio.ensure_future(gathering.join("a", ask))
    await asyncio.sleep(0)
    gathering.excuse("b")
    await joining
    assert ask.requests == [("a",)]


async def test_patience_ends() -> None:
    gathering, ask = Gathering(("a", "b"), patience=0.02), Asked()
    await gathering.join("a", ask)
    await gathering.join("b", ask)
    assert ask.requests == [("a",), ("b",)]


async def test_everybody_gets_the_error_of_the_one_who_asked() -> None:
    async def fail(sites: tuple[str, ...]) -> StepResult:
        raise ValueError(",".join(sites))

    gathering = Gathering(("a", "b"), patience=60)
    results = await asyncio.gather(
        gathering.join("a", fail), gathering.join("b", fail), return_exceptions=True
    )
    assert [str(result) for result in results] == ["a,b", "a,b"]


async def test_a_second_request_is_made_alone() -> None:
    gathering, ask = Gathering(("a", "b"), patience=60), Asked()
    await asyncio.gather(gathering.join("a", ask), gathering.join("b", ask))
    await gathering.join("b", ask)
    assert ask.requests[1:] == [("b",)]


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
async def test_joining_while_another_asks_makes_a_request_of_its_own(
    order: tuple[str, str],
) -> None:
    gathering, ask = Gathering((order[0],), patience=60), Asked()
    first = asyncio.ensure_future(gathering.join(order[0], ask))
    await asyncio.sleep(0)
    await gathering.join(order[1], ask)
    await first
    assert ask.requests == [(order[0],), (order[1],)]
