"""A copy at a site, from probe to verified end, against a Glance in memory."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest
from fake_dcn import IMAGE_ID, MIB, FakeContext, FakeServices

from dcn_console.model.errors import HttpError, ServiceUnreachable
from dcn_console.model.inventory import ImageTask, RbdImage
from dcn_console.model.plans import VerifyLevel
from dcn_console.model.tasks import ProgressSource, Target, TargetState
from dcn_console.operations.copy_image.target import MOST_ATTEMPTS, copy_to_site
from dcn_console.operations.gathering import Gathering


async def until(true: Callable[[], bool]) -> None:
    """Let other coroutines run until ``true``."""
    for _ in range(10_000):
        if true():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never became true")


async def copy_to(services: FakeServices, *sites: str) -> tuple[list[Target], list[FakeContext]]:
    gathering = Gathering(sites, patience=60)
    contexts = [FakeContext(services, site, sites=sites, gathering=gathering) for site in sites]
    return list(await asyncio.gather(*map(copy_to_site, contexts))), contexts


async def test_two_ready_sites_share_one_request_and_end_verified() -> None:
    services = FakeServices("dcn0", "dcn1")
    ended, contexts = await copy_to(services, "dcn0", "dcn1")
    assert [target.state for target in ended] == [TargetState.DONE, TargetState.DONE]
    assert services.glance.requests == [("dcn0-store", "dcn1-store")]
    assert all("protected snap and 40 MiB" in target.verified for target in ended)
    assert contexts[0].states[:2] == [TargetState.PROBING, TargetState.ASKING]
    assert TargetState.STAGING in contexts[0].states
    assert TargetState.COPYING in contexts[0].states
    assert contexts[0].states[-1] is TargetState.VERIFYING


async def test_stores_are_asked_for_in_the_order_of_the_plan() -> None:
    services = FakeServices("dcn0", "dcn1")
    gathering = Gathering(("dcn0", "dcn1"), patience=60)
    contexts = [
        FakeContext(services, site, sites=("dcn0", "dcn1"), gathering=gathering)
        for site in ("dcn1", "dcn0")
    ]
    await asyncio.gather(*map(copy_to_site, contexts))
    assert services.glance.requests == [("dcn0-store", "dcn1-store")]


async def test_bytes_come_from_the_rbd_image_of_the_target() -> None:
    services = FakeServices("dcn0")
    _, (context,) = await copy_to(services, "dcn0")
    figures = [target.progress for target in context.shown if target.progress is not None]
    assert figures
    assert all(figure.source is ProgressSource.RBD_IMAGE for figure in figures)
    assert [figure.done for figure in figures] == sorted(figure.done or 0 for figure in figures)
    assert figures[0].total == 40 * MIB


async def test_without_ceph_access_bytes_come_from_glance() -> None:
    services = FakeServices("dcn0")
    context = FakeContext(services, "dcn0")
    context.fake.clusters = {}
    ended = await copy_to_site(context)
    figures = [target.progress for target in context.shown if target.progress is not None]
    assert figures
    assert all(figure.source is ProgressSource.GLANCE_TASK for figure in figures)
    assert "no Ceph access" in ended.verified


async def test_a_dead_site_is_not_asked_for_and_holds_up_nobody() -> None:
    services = FakeServices("dcn0", "dcn1")
    services.clusters["dcn1"].reachable = False
    gathering = Gathering(("dcn0", "dcn1"), patience=0.05)

    def revive_after_the_other(context: FakeContext) -> None:
        if "dcn0-store" in services.glance.image_now.stores:
            services.clusters["dcn1"].reachable = True

    healthy = FakeContext(services, "dcn0", sites=("dcn0", "dcn1"), gathering=gathering)
    dead = FakeContext(
        services,
        "dcn1",
        sites=("dcn0", "dcn1"),
        gathering=gathering,
        on_wait=revive_after_the_other,
    )
    ended = await asyncio.gather(copy_to_site(healthy), copy_to_site(dead))
    assert services.glance.requests == [("dcn0-store",), ("dcn1-store",)]
    assert [target.state for target in ended] == [TargetState.DONE, TargetState.DONE]
    assert any("no answer" in target.text for target in dead.shown)


async def test_a_store_that_failed_is_tried_again_alone() -> None:
    services = FakeServices("dcn0", "dcn1")
    services.glance.failing_stores = {"dcn1-store"}
    gathering = Gathering(("dcn0", "dcn1"), patience=60)

    def mend(context: FakeContext) -> None:
        if any("try 1" in line for line in context.lines):
            services.glance.failing_stores = set()

    contexts = [
        FakeContext(services, site, sites=("dcn0", "dcn1"), gathering=gathering, on_wait=mend)
        for site in ("dcn0", "dcn1")
    ]
    ended = await asyncio.gather(*map(copy_to_site, contexts))
    assert [target.state for target in ended] == [TargetState.DONE, TargetState.DONE]
    assert services.glance.requests == [("dcn0-store", "dcn1-store"), ("dcn1-store",)]
    assert [target.attempts for target in ended] == [1, 2]


async def test_a_store_that_never_succeeds_is_given_up_with_the_reason() -> None:
    services = FakeServices("dcn0")
    services.glance.failing_stores = {"dcn0-store"}
    (ended,), _ = await copy_to(services, "dcn0")
    assert ended.state is TargetState.FAILED
    assert f"gave up after {MOST_ATTEMPTS} tries: Glance gave up store dcn0-store" in ended.text
    assert len(services.glance.requests) == MOST_ATTEMPTS


async def test_what_is_there_already_is_only_verified() -> None:
    services = FakeServices("dcn0")
    await copy_to(services, "dcn0")
    (ended,), (context,) = await copy_to(services, "dcn0")
    assert ended.state is TargetState.DONE
    assert len(services.glance.requests) == 1
    assert set(context.results) == {"probe", "verify"}


async def test_a_running_copy_is_joined_not_repeated() -> None:
    services = FakeServices("dcn0")
    services.glance.begin(("dcn0-store",))
    (ended,), _ = await copy_to(services, "dcn0")
    assert ended.state is TargetState.DONE
    assert len(services.glance.requests) == 1


async def test_a_killed_runner_attaches_to_what_it_had_asked_for() -> None:
    services = FakeServices("dcn0")
    first = FakeContext(services, "dcn0")
    running = asyncio.ensure_future(copy_to_site(first))
    await until(lambda: TargetState.STAGING in first.states)
    running.cancel()
    second = FakeContext(services, "dcn0")
    second.results = {"probe": first.results["probe"]}
    ended = await copy_to_site(second)
    assert ended.state is TargetState.DONE
    assert len(services.glance.requests) == 1


async def test_the_lock_of_another_import_is_waited_for() -> None:
    services = FakeServices("dcn0", "dcn1")
    services.glance.begin(("dcn1-store",))
    (ended,), (context,) = await copy_to(services, "dcn0")
    assert ended.state is TargetState.DONE
    assert any("another import holds the image" in target.text for target in context.shown)
    assert services.glance.requests == [("dcn1-store",), ("dcn0-store",)]


async def test_a_request_without_an_answer_is_looked_for_before_asking_again() -> None:
    services = FakeServices("dcn0")
    services.glance.errors = [ServiceUnreachable("Glance: no answer within 15 s.")]
    services.glance.executes_unanswered = True
    (ended,), _ = await copy_to(services, "dcn0")
    assert ended.state is TargetState.DONE
    assert len(services.glance.requests) == 1


@pytest.mark.parametrize("status", [403, 413])
async def test_what_would_fail_again_is_not_tried_again(status: int) -> None:
    services = FakeServices("dcn0")
    services.glance.errors = [HttpError("Glance: no.", status, way_out="Ask an administrator.")]
    (ended,), _ = await copy_to(services, "dcn0")
    assert ended.state is TargetState.FAILED
    assert "Ask an administrator." in ended.text
    assert services.glance.requests == []


async def test_a_deleted_image_ends_the_copy() -> None:
    services = FakeServices("dcn0")
    services.glance.image_now = msgspec.structs.replace(services.glance.image_now, status="deleted")
    (ended,), _ = await copy_to(services, "dcn0")
    assert ended.state is TargetState.FAILED
    assert "does not exist" in ended.text


async def test_a_site_without_room_is_refused() -> None:
    services = FakeServices("dcn0")
    services.clusters["dcn0"].available = MIB
    (ended,), _ = await copy_to(services, "dcn0")
    assert ended.state is TargetState.FAILED
    assert "room for 1 MiB" in ended.text
    assert services.glance.requests == []


async def test_an_unfinished_rbd_image_is_removed_before_asking() -> None:
    services = FakeServices("dcn0")
    services.clusters["dcn0"].used[IMAGE_ID] = 5 * MIB
    (ended,), (context,) = await copy_to(services, "dcn0")
    assert ended.state is TargetState.DONE
    assert services.clusters["dcn0"].removed == [IMAGE_ID]
    assert any("unfinished" in line for line in context.lines)


async def test_glance_is_not_asked_while_a_foreign_rbd_image_is_in_the_way() -> None:
    services = FakeServices("dcn0")
    cluster = services.clusters["dcn0"]
    cluster.whole[IMAGE_ID] = RbdImage(name=IMAGE_ID, size=1, snap=True, snap_protected=True)
    (ended,), _ = await copy_to(services, "dcn0")
    assert ended.state is TargetState.FAILED
    assert "it has a snapshot" in ended.text
    assert services.glance.requests == []


async def test_cancelling_before_anything_was_asked_asks_nothing() -> None:
    services = FakeServices("dcn0")
    services.clusters["dcn0"].reachable = False

    def cancel(context: FakeContext) -> None:
        context.cancel_now = True

    ended = await copy_to_site(FakeContext(services, "dcn0", on_wait=cancel))
    assert ended.state is TargetState.CANCELLED
    assert "before anything was asked" in ended.text
    assert services.glance.requests == []


async def test_cancelling_a_running_copy_says_that_glance_goes_on() -> None:
    services = FakeServices("dcn0")

    def cancel(context: FakeContext) -> None:
        context.cancel_now = TargetState.STAGING in context.states

    ended = await copy_to_site(FakeContext(services, "dcn0", on_wait=cancel))
    assert ended.state is TargetState.CANCELLED
    assert "Glance cannot be stopped" in ended.text


async def test_a_copy_without_its_snap_is_not_done() -> None:
    services = FakeServices("dcn0")
    await copy_to(services, "dcn0")
    whole = services.clusters["dcn0"].whole
    whole[IMAGE_ID] = msgspec.structs.replace(whole[IMAGE_ID], snap=False)
    (ended,), _ = await copy_to(services, "dcn0")
    assert ended.state is TargetState.FAILED
    assert "lacks its snap" in ended.text


async def test_verification_waits_for_a_site_that_does_not_answer() -> None:
    services = FakeServices("dcn0")
    await copy_to(services, "dcn0")
    cluster = services.clusters["dcn0"]
    cluster.reachable = False

    def revive(context: FakeContext) -> None:
        cluster.reachable = True

    context = FakeContext(services, "dcn0", on_wait=revive)
    ended = await copy_to_site(context)
    assert ended.state is TargetState.DONE
    assert any("not verified yet" in target.text for target in context.shown)


async def test_an_agent_that_dies_while_verifying_is_asked_again() -> None:
    services = FakeServices("dcn0")
    await copy_to(services, "dcn0")
    cluster = services.clusters["dcn0"]
    cluster.agent_deaths = 2
    (ended,), (context,) = await copy_to(services, "dcn0")
    assert ended.state is TargetState.DONE
    assert "protected snap" in ended.verified
    assert any("not verified yet: the agent died" in target.text for target in context.shown)


async def test_an_agent_that_never_works_is_said_to_have_seen_nothing() -> None:
    services = FakeServices("dcn0")
    await copy_to(services, "dcn0")
    services.clusters["dcn0"].agent_deaths = 1000
    (ended,), _ = await copy_to(services, "dcn0")
    assert "cannot see more: the agent died" in ended.verified
    assert "snap" not in ended.verified


@pytest.mark.parametrize(
    ("digest", "state"), [("right", TargetState.DONE), ("wrong", TargetState.FAILED)]
)
async def test_deep_verification_compares_the_hash(digest: str, state: TargetState) -> None:
    services = FakeServices("dcn0")
    services.clusters["dcn0"].digest_value = digest
    context = FakeContext(services, "dcn0", verify=VerifyLevel.DEEP)
    ended = await copy_to_site(context)
    assert ended.state is state
    assert any(
        target.progress is not None and target.progress.source is ProgressSource.READ_BACK
        for target in context.shown
    )


async def test_the_lock_of_a_glance_that_died_is_taken_over_when_it_may_be() -> None:
    services = FakeServices("dcn0")
    glance = services.glance
    glance.begin(("dcn0-store",))
    glance.dead = True
    silent_since = glance.tasks_now[0].updated_at

    def let_glance_take_over(context: FakeContext) -> None:
        assert silent_since is not None
        if context.now() - silent_since > timedelta(minutes=61) and glance.dead:
            glance.dead = False
            glance.image_now = msgspec.structs.replace(
                glance.image_now, import_task=None, importing_to=()
            )

    context = FakeContext(services, "dcn0", on_wait=let_glance_take_over)
    ended = await copy_to_site(context)
    assert ended.state is TargetState.DONE
    assert len(glance.requests) == 2
    assert any("can be taken over from" in target.text for target in context.shown)


async def test_the_failure_of_an_earlier_request_is_not_taken_for_ours() -> None:
    services = FakeServices("dcn0")
    services.glance.tasks_now = [
        ImageTask(
            id="old",
            status="failure",
            method="copy-image",
            stores=("dcn0-store",),
            created_at=services.clock.now,
        )
    ]
    services.glance.image_now = msgspec.structs.replace(
        services.glance.image_now, failed_stores=("dcn0-store",)
    )
    (ended,), _ = await copy_to(services, "dcn0")
    assert ended.state is TargetState.DONE
    assert ended.attempts == 1
