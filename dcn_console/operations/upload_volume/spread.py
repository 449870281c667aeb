"""Bringing a new image on to the sites that are to have it, and what came of it in one result."""

from collections.abc import Sequence

from msgspec.structs import replace

from dcn_console.model.plans import VerifyLevel
from dcn_console.model.tasks import Target, TargetState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.copy_image.subject import Subject
from dcn_console.operations.copy_image.target import bring
from dcn_console.operations.elsewhere import Elsewhere
from dcn_console.operations.patience import CANCELLED, DONE, REFUSED
from dcn_console.operations.results import StepResult


async def spread(
    context: TargetContext, name: str, sites: Sequence[str], uploaded: StepResult
) -> StepResult:
    """Bring the image ``name`` to every site of ``sites``, one after another, and see it whole.

    ``uploaded`` has the image's id and size in its data; unless it is DONE nothing is copied.
    """
    if uploaded.outcome != DONE:
        return uploaded
    there: list[str] = []
    missing: list[Target] = []
    for site in sites:
        target = await _bring(context, name, uploaded, site)
        if target.state is TargetState.DONE:
            there.append(site)
        else:
            missing.append(target)
    seen = f"{uploaded.text}; seen whole at {', '.join(there)}" if there else uploaded.text
    if not missing:
        return replace(uploaded, text=seen)
    why = "; ".join(f"not at {one.site}: {one.text}" for one in missing)
    cancelled = all(one.state is TargetState.CANCELLED for one in missing)
    outcome = CANCELLED if cancelled else REFUSED
    return replace(uploaded, outcome=outcome, text=f"{seen}; {why}")


async def _bring(
    context: TargetContext, image_name: str, uploaded: StepResult, name: str
) -> Target:
    site = context.services.topology.site(name)
    if site.store is None:
        return Target(site=name, state=TargetState.FAILED, text="it has no store any more")
    subject = Subject(
        image_id=str(uploaded.data["image"]),
        image_name=image_name,
        size=uploaded.data["size"],
        store=site.store,
        pool=site.cluster.images_pool if site.cluster is not None else "",
        verify=VerifyLevel.METADATA,
    )
    return await bring(Elsewhere(context, name), subject)
