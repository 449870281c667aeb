"""The fields that dialogs of mirroring operations share."""

from dcn_console.console.dialogs.checks import interval_or_none, percent
from dcn_console.console.dialogs.forms import Answers, Field, Option, yes_no
from dcn_console.console.situation import Situation
from dcn_console.model.mirror_rows import MirrorCondition
from dcn_console.model.mirroring import MirrorMode
from dcn_console.model.requests import ContentCheck

MODE = Field(
    id="mode",
    label="mode",
    options=(
        Option(
            value=MirrorMode.SNAPSHOT.value,
            words="snapshot",
            hint="Changes are sent with each mirror snapshot: needs a schedule, costs little.",
        ),
        Option(
            value=MirrorMode.JOURNAL.value,
            words="journal",
            hint="Every write is sent at once: needs the journaling feature, writes cost double.",
        ),
    ),
)

SCHEDULE = Field(
    id="schedule",
    label="every",
    start="15m",
    hint="How often a mirror snapshot is taken: 15m, 1h, 1d; empty for no schedule of its own.",
    complaint=interval_or_none,
    shown=lambda answers: answers["mode"] == MirrorMode.SNAPSHOT,
)

FLATTEN = Field(
    id="flatten",
    label="flatten",
    options=yes_no(
        "Clones of an image are made independent first and grow to their full size.",
        "Clones of an image are refused.",
    ),
    start="no",
)

STOP_SERVER = Field(
    id="stop_server",
    label="stop server",
    options=yes_no(
        "The server is stopped first, and started again where that can work.",
        "Refused while a server has it attached and runs.",
    ),
    start="no",
)

SAFETY_COPY = Field(
    id="safety_copy",
    label="safety copy",
    options=yes_no(
        "What is given up is kept in an RBD image beside it first; it needs the room.",
        "What is given up is gone for good.",
    ),
    start="yes",
)

CHECK = Field(
    id="check",
    label="compare",
    options=(
        Option(
            value=ContentCheck.METADATA.value,
            words="metadata",
            hint="Size, mode and states of both sides, no data.",
        ),
        Option(
            value=ContentCheck.SAMPLED.value,
            words="sampled",
            hint="Also a share of the objects that hold data, by their hashes.",
        ),
        Option(
            value=ContentCheck.FULL.value,
            words="full",
            hint="Also every object that holds data: both sides read all of it.",
        ),
    ),
    start=ContentCheck.SAMPLED.value,
)

SAMPLE = Field(
    id="percent",
    label="percent",
    start="5",
    hint="The share of the objects that hold data which is compared.",
    complaint=percent,
    shown=lambda answers: answers["check"] == ContentCheck.SAMPLED,
)


def check(answers: Answers) -> ContentCheck:
    """Return the chosen comparison."""
    return ContentCheck(answers["check"])


def share(answers: Answers) -> float:
    """Return the percentage to sample; what was typed counts only where it was asked for."""
    return float(answers["percent"]) if check(answers) is ContentCheck.SAMPLED else 5.0


def destinations(situation: Situation) -> tuple[Field, ...]:
    """Return a field for the destination where an RBD image is mirrored to several sites."""
    sites = sites_of(situation)
    if len(sites) <= 2:
        return ()
    other = Option(value="", words="the other side", hint="For each, the side that receives it.")
    options = tuple(Option(value=site, words=site) for site in sorted(sites))
    return (Field(id="to", label="to", options=(other, *options)),)


def new_primary(situation: Situation) -> tuple[Field, ...]:
    """Return a field that must be answered where no side is primary: then either may be."""
    if not any(row.condition is MirrorCondition.DEMOTED for row in situation.mirrors):
        return ()
    nobody = Option(value="", words="choose…", hint="Neither side is primary. Choose with ←→.")
    options = tuple(
        Option(value=site, words=site, hint=f"{site} becomes primary.")
        for site in sorted(sites_of(situation))
    )
    return (
        Field(
            id="to",
            label="to",
            options=(nobody, *options),
            complaint=lambda value: "" if value else "Choose which side becomes primary.",
        ),
    )


def sites_of(situation: Situation) -> set[str]:
    """Return the sites of the mirrored RBD images that an action is about."""
    return {
        site
        for row in situation.mirrors
        for site in (row.source.site, row.destination.site)
        if site
    }
