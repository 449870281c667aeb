"""What a copy is about at one site, taken from the task's plan."""

import msgspec

from dcn_console.model.errors import UsageError
from dcn_console.model.plans import VerifyLevel
from dcn_console.operations.base import TargetContext
from dcn_console.operations.parameters import parameters_of


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """The copy operation's own part of a plan. ``size`` is in bytes."""

    image_id: str
    image_name: str
    size: int | None = None
    verify: VerifyLevel = VerifyLevel.METADATA


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """One image on its way to one site's store. ``pool`` is the Ceph pool behind the store."""

    image_id: str
    image_name: str
    size: int | None
    store: str
    pool: str
    verify: VerifyLevel


def subject_of(context: TargetContext) -> Subject:
    """Return what the task copies to the context's site.

    Raises UsageError when the plan cannot be read, the topology has no such site any more,
    or the site no store.
    """
    parameters = parameters_of(context.task.plan, Parameters)
    return subject_at(
        context,
        image_id=parameters.image_id,
        image_name=parameters.image_name,
        size=parameters.size,
        verify=parameters.verify,
    )


def subject_at(
    context: TargetContext,
    *,
    image_id: str,
    image_name: str,
    size: int | None,
    verify: VerifyLevel,
) -> Subject:
    """Return an image on its way to the context's site; raises UsageError as ``subject_of``."""
    site = context.services.topology.site(context.site)
    if site.store is None:
        raise UsageError(
            f"Site {site.name} has no store any more.",
            way_out="Check the configuration with: dcn-console info",
        )
    return Subject(
        image_id=image_id,
        image_name=image_name,
        size=size,
        store=site.store,
        pool=site.cluster.images_pool if site.cluster else "",
        verify=verify,
    )
