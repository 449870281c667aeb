"""Objects of a task are found again by their mark, also when the answer that made them was lost."""

from dataclasses import dataclass, field

import pytest
from fake_mirror_services import FakeServices, MirrorContext

from dcn_console.model.errors import HttpError, ServiceUnreachable
from dcn_console.model.plans import Plan
from dcn_console.operations.marks import ASKS, LOOKS, carries, found_or_made, mark


def a_context() -> MirrorContext:
    services = FakeServices("dcn0")
    plan = Plan(
        operation="test", title="t", objects=(), targets=("dcn0",), made_at=services.clock.now
    )
    return MirrorContext(services, plan)


@dataclass
class Service:
    """Makes one thing; ``answers`` are what becomes of each asking, ``shown_after`` looks later."""

    answers: list[Exception | None] = field(default_factory=list)
    carried_out: bool = True
    shown_after: int = 0
    asked: int = 0
    looks: int = 0

    async def find(self) -> str | None:
        self.looks += 1
        is_there = self.asked > 0 and self.carried_out
        return "thing" if is_there and self.looks > self.shown_after else None

    async def make(self) -> str:
        answer = self.answers[self.asked] if self.asked < len(self.answers) else None
        self.asked += 1
        if answer is not None:
            raise answer
        return "thing"


def test_the_mark_names_task_site_and_part() -> None:
    wanted = mark(a_context(), "backup")
    assert wanted == {"dcn_console_task": "seven", "dcn_console_part": "dcn0: backup"}
    assert carries(wanted | {"other": "x"}, wanted)
    assert not carries(mark(a_context(), "scratch"), wanted)


async def test_what_is_there_is_not_asked_for_again() -> None:
    service = Service(asked=1)
    assert await found_or_made(a_context(), service.find, service.make, "the thing") == "thing"
    assert service.asked == 1


@pytest.mark.parametrize("lost", [ServiceUnreachable("no answer."), HttpError("bad gateway.", 502)])
async def test_a_lost_answer_is_looked_for_and_not_repeated(lost: Exception) -> None:
    service = Service(answers=[lost], shown_after=3)
    assert await found_or_made(a_context(), service.find, service.make, "the thing") == "thing"
    assert (service.asked, service.looks) == (1, 4)


async def test_what_a_dead_runner_may_have_asked_for_is_looked_for_first() -> None:
    context = a_context()
    context.again = True
    service = Service(asked=1, shown_after=3)
    assert await found_or_made(context, service.find, service.make, "the thing") == "thing"
    assert (service.asked, service.looks) == (1, 4)
    never = Service()
    assert await found_or_made(context, never.find, never.make, "the thing") == "thing"
    assert (never.asked, never.looks) == (1, 1 + LOOKS)


async def test_what_a_dead_runner_may_have_asked_for_is_not_asked_for_once_cancelled() -> None:
    context = a_context()
    context.again = context.cancel_now = True
    service = Service()
    with pytest.raises(ServiceUnreachable):
        await found_or_made(context, service.find, service.make, "the thing")
    assert service.asked == 0


async def test_what_was_not_carried_out_is_asked_for_again_a_few_times() -> None:
    lost = ServiceUnreachable("no answer.")
    service = Service(answers=[lost] * ASKS, carried_out=False)
    with pytest.raises(ServiceUnreachable):
        await found_or_made(a_context(), service.find, service.make, "the thing")
    assert (service.asked, service.looks) == (ASKS, 1 + ASKS * LOOKS)


async def test_a_refusal_ends_it_at_once() -> None:
    service = Service(answers=[HttpError("over quota.", 413)], carried_out=False)
    with pytest.raises(HttpError):
        await found_or_made(a_context(), service.find, service.make, "the thing")
    assert service.asked == 1
