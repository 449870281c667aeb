"""What each mirroring action on RBD images asks, and the requests it makes."""

from collections.abc import Callable
from datetime import datetime

from dcn_console.console.clock import full_moment
from dcn_console.console.details.document import text_field
from dcn_console.console.dialogs.forms import Answers, Facts, Field, Form, Option
from dcn_console.console.dialogs.mirror_fields import (
    CHECK,
    FLATTEN,
    MODE,
    SAFETY_COPY,
    SAMPLE,
    SCHEDULE,
    STOP_SERVER,
    check,
    destinations,
    new_primary,
    share,
    sites_of,
)
from dcn_console.console.dialogs.subjects import mirrored, named, unmirrored
from dcn_console.console.situation import Situation
from dcn_console.console.spans import Line, Tone, line
from dcn_console.model.mirroring import MirrorMode
from dcn_console.model.plans import Plan
from dcn_console.model.requests import (
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
from dcn_console.model.rows import Rows
from dcn_console.model.text import format_age

FormMaker = Callable[[Situation, Rows, datetime], Form]

_AUTOMATIC = Option(
    value="", words="automatic", hint="The one site that receives this pool; refused if several."
)

_OLD_PRIMARY = Option(
    value="", words="automatic", hint="The site of the volume's AZ, else the torn side."
)


def enable(situation: Situation, _rows: Rows, _now: datetime) -> Form:
    """Ask for mode, destination, schedule and whether clones may be flattened."""
    subjects = unmirrored(situation)
    homes = {subject.site for subject in subjects}
    sites = tuple(
        Option(value=site.name, words=site.name, hint=f"Mirror to {site.name}.")
        for site in situation.topology
        if site.cluster is not None and homes != {site.name}
    )

    def requests(answers: Answers) -> tuple[Request, ...]:
        mode = MirrorMode(answers["mode"])
        return (
            EnableMirroring(
                subjects=subjects,
                mode=mode,
                destination=answers["to"] or None,
                schedule=answers["schedule"] if mode is MirrorMode.SNAPSHOT else "",
                flatten=answers["flatten"] == "yes",
            ),
        )

    return Form(
        title=f"Mirror {named(subjects)}",
        verb="Enable",
        fields=(
            MODE,
            Field(id="to", label="to", options=(_AUTOMATIC, *sites)),
            SCHEDULE,
            FLATTEN,
        ),
        requests=requests,
    )


def disable(situation: Situation, rows: Rows, _now: datetime) -> Form:
    """Ask nothing further."""
    subjects = mirrored(situation, rows.volumes)
    return Form(
        title=f"Stop mirroring {named(subjects)}",
        verb="Disable",
        requests=lambda _: (DisableMirroring(subjects=subjects),),
    )


def snapshot(situation: Situation, rows: Rows, _now: datetime) -> Form:
    """Ask nothing further."""
    subjects = mirrored(situation, rows.volumes)
    return Form(
        title=f"Mirror snapshot of {named(subjects)}",
        verb="Snapshot",
        requests=lambda _: (TakeMirrorSnapshot(subjects=subjects),),
    )


def relocate(situation: Situation, rows: Rows, _now: datetime) -> Form:
    """Ask whether the server may be stopped, where to, and how to compare the outcome."""
    subjects = mirrored(situation, rows.volumes)
    to = new_primary(situation) or destinations(situation)

    def requests(answers: Answers) -> tuple[Request, ...]:
        return (
            Relocate(
                subjects=subjects,
                destination=answers.get("to") or None,
                stop_server=answers["stop_server"] == "yes",
                check=check(answers),
                sample_percent=share(answers),
            ),
        )

    return Form(
        title=f"Relocate {named(subjects)}",
        verb="Relocate",
        fields=(*to, STOP_SERVER, CHECK, SAMPLE),
        requests=requests,
    )


def fail_over(situation: Situation, rows: Rows, _now: datetime) -> Form:
    """Ask only where to, when there is a choice."""
    subjects = mirrored(situation, rows.volumes)
    return Form(
        title=f"Fail over {named(subjects)}",
        verb="Fail over",
        fields=destinations(situation),
        requests=lambda answers: (
            FailOver(subjects=subjects, destination=answers.get("to") or None),
        ),
    )


def fail_back(situation: Situation, rows: Rows, now: datetime) -> Form:
    """Ask who was primary before, for the safety copy, the server and the comparison."""
    subjects = mirrored(situation, rows.volumes)
    sites = tuple(
        Option(value=site, words=site, hint=f"{site} gives up its own changes, and is primary.")
        for site in sorted(sites_of(situation))
    )
    to = Field(id="to", label="back to", options=(_OLD_PRIMARY, *sites))

    def requests(answers: Answers) -> tuple[Request, ...]:
        return (
            FailBack(
                subjects=subjects,
                destination=answers["to"] or None,
                safety_copy=answers["safety_copy"] == "yes",
                stop_server=answers["stop_server"] == "yes",
                check=check(answers),
                sample_percent=share(answers),
            ),
        )

    return Form(
        title=f"Fail back {named(subjects)}",
        verb="Fail back",
        fields=(to, SAFETY_COPY, STOP_SERVER, CHECK, SAMPLE),
        requests=requests,
        facts=Facts(
            request=FailBack(subjects=subjects), lines=lambda plans: _written_lines(plans, now)
        ),
    )


def resync(situation: Situation, rows: Rows, now: datetime) -> Form:
    """Ask whose data is given up, telling when each side was last written."""
    subjects = mirrored(situation, rows.volumes)
    sites = sorted(sites_of(situation))
    nobody = Option(value="", words="choose…", hint="Whose data is given up? Choose with ←→.")
    victims = tuple(
        Option(value=site, words=site, hint=f"What {site} holds is thrown away and copied anew.")
        for site in sites
    )
    return Form(
        title=f"Resync {named(subjects)}",
        verb="Resync",
        fields=(
            Field(
                id="victim",
                label="give up",
                options=(nobody, *victims),
                complaint=lambda value: "" if value else "Choose whose data is given up.",
            ),
            SAFETY_COPY,
        ),
        requests=lambda answers: (
            Resync(
                subjects=subjects,
                victim=answers["victim"],
                safety_copy=answers["safety_copy"] == "yes",
            ),
        ),
        facts=_last_written(subjects, situation, now),
    )


def verify(situation: Situation, rows: Rows, _now: datetime) -> Form:
    """Ask how thoroughly to compare."""
    subjects = mirrored(situation, rows.volumes)
    return Form(
        title=f"Verify {named(subjects)}",
        verb="Verify",
        fields=(CHECK, SAMPLE),
        requests=lambda answers: (
            VerifyMirror(subjects=subjects, check=check(answers), sample_percent=share(answers)),
        ),
    )


def rehearse(situation: Situation, rows: Rows, _now: datetime) -> Form:
    """Ask only where, when there is a choice."""
    subjects = mirrored(situation, rows.volumes)
    return Form(
        title=f"Rehearse {named(subjects)}",
        verb="Rehearse",
        fields=destinations(situation),
        requests=lambda answers: (
            Rehearse(subjects=subjects, destination=answers.get("to") or None),
        ),
    )


def _last_written(
    subjects: tuple[RbdSubject, ...], situation: Situation, now: datetime
) -> Facts | None:
    """Look up when each side was last written: a plan, which only reads, tells."""
    row = next((row for row in situation.mirrors if row.destination.site), None)
    if row is None:
        return None
    return Facts(
        request=Resync(subjects=subjects, victim=row.destination.site),
        lines=lambda plans: _written_lines(plans, now),
    )


def _written_lines(plans: tuple[Plan, ...], now: datetime) -> tuple[Line, ...]:
    lines: list[Line] = []
    for plan in plans:
        written = plan.parameters.get("written")
        if not isinstance(written, dict):
            continue
        if len(plans) > 1 and plan.objects:
            lines.append(text_field("", plan.objects[0].name, Tone.STRONG))
        lines += [
            text_field(str(site)[:13], f"last written {_ago(at, now)}")
            for site, at in written.items()
        ]
    return tuple(lines) or (line("When each side was last written is not told.", Tone.DIM),)


def _ago(at: object, now: datetime) -> str:
    try:
        moment = datetime.fromisoformat(str(at))
    except ValueError:
        return "at a time that is not known"
    return f"{full_moment(moment, now)}, {format_age(moment, now)} ago"
