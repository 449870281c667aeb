"""Bringing a new image on to the sites that are to have it, and what came of it in one result."""

import asyncio
from collections.abc import Sequence
from functools import partial

from msgspec.structs import replace

from dcn_console.model.errors import ClusterUnreachable, ServiceError, UsageError
from dcn_console.model.plans import VerifyLevel
from dcn_console.model.tasks import Target, TargetState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.copy_image.ask import ask
from dcn_console.operations.copy_image.names import PRESENT, READY
from dcn_console.operations.copy_image.probe import probe_once
from dcn_console.operations.copy_image.subject import Subject, subject_at
from dcn_console.operations.copy_image.target import bring
from dcn_console.operations.elsewhere import Elsewhere
from dcn_console.operations.gathering import Gathering
from dcn_console.operations.patience import CANCELLED, DONE, REFUSED
from dcn_console.operations.results import StepResult

TOGETHER_STEP = "copy on"
GATHER_SECONDS = 5.0
"""So long sites that are ready wait for each other before Glance is asked."""


async def spread(
    context: TargetContext, name: str, sites: Sequence[str], uploaded: StepResult
) -> StepResult:
    """Bring the image ``name`` to every site of ``sites`` and see it whole there.

    Glance is asked once for all sites that answer, as it stages an image once a request; then
    one after another is watched, those that did not answer at last. ``uploaded`` has the image's
    id and size in its data; unless it is DONE nothing is copied.
    """
    if uploaded.outcome != DONE:
        return uploaded
    spreading = _Spreading(context, name, uploaded)
    ended = {site: await spreading.bring(site) for site in await spreading.begin(sites)}
    there = [site for site in sites if ended[site].state is TargetState.DONE]
    missing = [ended[site] for site in sites if ended[site].state is not TargetState.DONE]
    seen = f"{uploaded.text}; seen whole at {', '.join(there)}" if there else uploaded.text
    if not missing:
        return replace(uploaded, text=seen)
    why = "; ".join(f"not at {one.site}: {one.text}" for one in missing)
    cancelled = all(one.state is TargetState.CANCELLED for one in missing)
    outcome = CANCELLED if cancelled else REFUSED
    return replace(uploaded, outcome=outcome, text=f"{seen}; {why}")


class _Spreading:
    """The way of one image to its sites."""

    def __init__(self, context: TargetContext, name: str, uploaded: StepResult) -> None:
        self._context = context
        self._name = name
        self._uploaded = uploaded

    async def begin(self, sites: Sequence[str]) -> Sequence[str]:
        """See that the copies to all sites that answer run; return the sites, these first."""
        if len(sites) < 2:
            return sites
        begun = await self._context.step(TOGETHER_STEP, partial(self._ask_together, sites))
        answered = begun.data["sites"]
        return sorted(sites, key=lambda site: site not in answered)

    async def bring(self, site: str) -> Target:
        """Copy the image to ``site`` if need be, and see it whole there."""
        elsewhere = Elsewhere(self._context, site)
        try:
            return await bring(elsewhere, self._subject(elsewhere))
        except UsageError as error:
            return Target(site=site, state=TargetState.FAILED, text=str(error))

    def _subject(self, context: TargetContext) -> Subject:
        return subject_at(
            context,
            image_id=str(self._uploaded.data["image"]),
            image_name=self._name,
            size=self._uploaded.data["size"],
            verify=VerifyLevel.METADATA,
        )

    async def _ask_together(self, sites: Sequence[str]) -> StepResult:
        """Ask Glance once for every site that answers; DONE with these, whatever came of it.

        Whoever watches a site sees what became of the request there, and asks again if need be.
        """
        found = dict(zip(sites, await asyncio.gather(*map(self._probe, sites)), strict=True))
        ready = [site for site in sites if found[site].outcome == READY]
        gathering = Gathering(ready, GATHER_SECONDS)
        contexts = [Elsewhere(self._context, site, gathering, ready) for site in ready]
        await asyncio.gather(
            *(
                ask(one, self._subject(one), frozenset(found[one.site].data["known_tasks"]))
                for one in contexts
            )
        )
        answered = [site for site in sites if found[site].outcome in (READY, PRESENT)]
        silent = [site for site in sites if site not in answered]
        text = f"asked for {', '.join(ready)}" if ready else "nothing to ask for"
        if silent:
            text = f"{text}; after the others: {', '.join(silent)}"
        return StepResult(outcome=DONE, text=text, data={"sites": answered})

    async def _probe(self, site: str) -> StepResult:
        """See whether ``site`` can take the copy by now."""
        context = Elsewhere(self._context, site)
        try:
            return await probe_once(context, self._subject(context))
        except (ServiceError, ClusterUnreachable, UsageError) as error:
            return StepResult(outcome=REFUSED, text=str(error))
