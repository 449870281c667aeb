"""``mirror enable|disable|snapshot|relocate|failover|failback|resync|verify|rehearse``."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click

from dcn_console.cli.columns import require_sites
from dcn_console.cli.framework import Group, Session, open_session
from dcn_console.cli.mirror_subjects import mirrored_of, named_subjects, unmirrored_of
from dcn_console.cli.options import comparison_options
from dcn_console.cli.status import ExitStatus
from dcn_console.cli.submitting import Choices, carry_out, change_options
from dcn_console.model.errors import UsageError
from dcn_console.model.mirroring import MirrorMode
from dcn_console.model.plans import Plan
from dcn_console.model.requests import (
    ContentCheck,
    DisableMirroring,
    EnableMirroring,
    FailBack,
    FailOver,
    RbdSubject,
    Rehearse,
    Relocate,
    Request,
    Resync,
    TakeMirrorSnapshot,
    VerifyMirror,
)
from dcn_console.workspace.interface import Workspace

Subjects = tuple[RbdSubject, ...]
Making = Callable[[Subjects], Request]
Choosing = Callable[[Session, str], Awaitable[Subjects]]
Function = TypeVar("Function", bound=Callable[..., Any])

_names = click.argument("names", metavar="VOLUME|POOL/IMAGE...", nargs=-1, required=True)
_some_names = click.argument("names", metavar="[VOLUME|POOL/IMAGE]...", nargs=-1)
_safety_copy = click.option(
    "--safety-copy/--no-safety-copy",
    default=True,
    show_default=True,
    help="Keep what is thrown away in an RBD image beside it.",
)
_comparing = comparison_options("How thoroughly both sides are compared.", tuple(ContentCheck))
_stop_server = click.option(
    "--stop-server", is_flag=True, help="Stop the server that uses the volume, and start it again."
)


def _to(meaning: str) -> Callable[[Function], Function]:
    return click.option("--to", "destination", metavar="SITE", default=None, help=meaning)


def _all_of(meaning: str) -> Callable[[Function], Function]:
    return click.option("--all-of", "site", metavar="SITE", default=None, help=meaning)


@click.group(cls=Group)
def mirror() -> None:
    """Mirroring of volumes and RBD images between sites."""


@mirror.command("enable")
@_some_names
@click.option(
    "--mode",
    type=click.Choice(tuple(MirrorMode), case_sensitive=False),
    required=True,
    help="By journal (every write) or by mirror snapshots (at intervals).",
)
@_to("The site to mirror to; the one that receives the pool when not given.")
@_all_of("All volumes of a site that are not mirrored yet.")
@click.option("--schedule", metavar="INTERVAL", default="", help="Mirror snapshots, as in “15m”.")
@click.option("--flatten", is_flag=True, help="Make copy-on-write clones independent first.")
@change_options
def mirror_enable(
    names: tuple[str, ...],
    mode: MirrorMode,
    destination: str | None,
    site: str | None,
    schedule: str,
    flatten: bool,
    choices: Choices,
) -> ExitStatus:
    """Mirror volumes to another site, and wait until the first copy has arrived."""

    def request(subjects: Subjects) -> Request:
        return EnableMirroring(
            subjects=subjects,
            mode=mode,
            destination=destination,
            schedule=schedule,
            flatten=flatten,
        )

    return _act(names, request, choices, site, unmirrored_of, (destination,))


@mirror.command("disable")
@_some_names
@_all_of("All that is mirrored of a site: its volumes, and RBD images primary there.")
@change_options
def mirror_disable(names: tuple[str, ...], site: str | None, choices: Choices) -> ExitStatus:
    """Stop mirroring volumes: the primary stays, its copies elsewhere are removed."""
    return _act(
        names, lambda subjects: DisableMirroring(subjects=subjects), choices, site, mirrored_of
    )


@mirror.command("snapshot")
@_names
@change_options
def mirror_snapshot(names: tuple[str, ...], choices: Choices) -> ExitStatus:
    """Take mirror snapshots now, and wait until they have arrived."""
    return _act(names, lambda subjects: TakeMirrorSnapshot(subjects=subjects), choices)


@mirror.command("relocate")
@_names
@_to("The site to become primary; the other one when not given.")
@_stop_server
@_comparing
@change_options
def mirror_relocate(
    names: tuple[str, ...],
    destination: str | None,
    stop_server: bool,
    check: ContentCheck,
    percent: float,
    choices: Choices,
) -> ExitStatus:
    """Make another site primary in an orderly way: nothing is lost, mirroring is reversed."""

    def request(subjects: Subjects) -> Request:
        return Relocate(
            subjects=subjects,
            destination=destination,
            stop_server=stop_server,
            check=check,
            sample_percent=percent,
        )

    return _act(names, request, choices, sites=(destination,))


@mirror.command("failover")
@_names
@_to("The site to become primary; the one that has the data when not given.")
@click.option(
    "--deadline",
    type=click.FloatRange(1, 3600),
    default=120.0,
    show_default=True,
    metavar="SECONDS",
    help="How long the forced promotion may take.",
)
@change_options
def mirror_failover(
    names: tuple[str, ...], destination: str | None, deadline: float, choices: Choices
) -> ExitStatus:
    """Make another site primary although the primary is lost; what had not arrived is lost."""

    def request(subjects: Subjects) -> Request:
        return FailOver(subjects=subjects, destination=destination, deadline_seconds=deadline)

    return _act(names, request, choices, sites=(destination,))


@mirror.command("failback")
@_names
@_to("The old primary, to be primary again; found when not given.")
@_safety_copy
@_stop_server
@_comparing
@change_options
def mirror_failback(
    names: tuple[str, ...],
    destination: str | None,
    safety_copy: bool,
    stop_server: bool,
    check: ContentCheck,
    percent: float,
    choices: Choices,
) -> ExitStatus:
    """After a failover: resync the old primary and make it primary again."""

    def request(subjects: Subjects) -> Request:
        return FailBack(
            subjects=subjects,
            destination=destination,
            safety_copy=safety_copy,
            stop_server=stop_server,
            check=check,
            sample_percent=percent,
        )

    return _act(names, request, choices, sites=(destination,))


@mirror.command("resync")
@_names
@click.option("--victim", metavar="SITE", required=True, help="The site whose data is thrown away.")
@_safety_copy
@change_options
def mirror_resync(
    names: tuple[str, ...], victim: str, safety_copy: bool, choices: Choices
) -> ExitStatus:
    """Throw away what one site holds of volumes, and copy it from the primary again."""

    def request(subjects: Subjects) -> Request:
        return Resync(subjects=subjects, victim=victim, safety_copy=safety_copy)

    return _act(names, request, choices, sites=(victim,))


@mirror.command("verify")
@_some_names
@_all_of("All that is mirrored of a site: its volumes, and RBD images primary there.")
@_comparing
@change_options
def mirror_verify(
    names: tuple[str, ...],
    site: str | None,
    check: ContentCheck,
    percent: float,
    choices: Choices,
) -> ExitStatus:
    """Compare both sides of mirrored volumes at the same point in time."""

    def request(subjects: Subjects) -> Request:
        return VerifyMirror(subjects=subjects, check=check, sample_percent=percent)

    return _act(names, request, choices, site, mirrored_of)


@mirror.command("rehearse")
@_names
@click.option(
    "--at",
    "destination",
    metavar="SITE",
    default=None,
    help="The site to try it at; the other one when not given.",
)
@change_options
def mirror_rehearse(
    names: tuple[str, ...], destination: str | None, choices: Choices
) -> ExitStatus:
    """Prove on a scratch copy that volumes would work at the other site."""

    def request(subjects: Subjects) -> Request:
        return Rehearse(subjects=subjects, destination=destination)

    return _act(names, request, choices, sites=(destination,))


def _act(
    names: tuple[str, ...],
    making: Making,
    choices: Choices,
    site: str | None = None,
    choosing: Choosing | None = None,
    sites: tuple[str | None, ...] = (),
) -> ExitStatus:
    """Carry out what ``making`` makes of the named RBD images, or of all of ``site``.

    ``sites`` are the sites of options, None for those not given. Raises UsageError for a site
    that does not exist, and unless either names or a site are given.
    """
    session = open_session()
    require_sites(session.settings.topology, tuple(name for name in sites if name is not None))
    if bool(names) == (site is not None):
        raise UsageError(
            "Name volumes, or a site with --all-of: one of the two.",
            way_out="A volume is named by id, the beginning of its id, or name; an RBD image of "
            "no volume as POOL/IMAGE.",
        )

    async def planning(workspace: Workspace) -> tuple[Plan, ...]:
        if site is not None and choosing is not None:
            subjects = await choosing(session, site)
        else:
            subjects = await named_subjects(session, names)
        return await workspace.plan(making(subjects))

    return carry_out(session, planning, choices)
