"""What an action on a site asks, and the requests it makes."""

from dataclasses import replace
from datetime import datetime

from dcn_console.console.dialogs.forms import Answers, Facts, Field, Form, Option, yes_no
from dcn_console.console.dialogs.mirror_forms import FormMaker
from dcn_console.console.dialogs.server_fields import are_offered, server_facts
from dcn_console.console.situation import Situation
from dcn_console.console.spans import Line, Tone, line
from dcn_console.model.plans import Plan
from dcn_console.model.requests import Request
from dcn_console.model.rows import Rows
from dcn_console.model.server_requests import ValidateSite
from dcn_console.model.text import printable

_NAME = 40
_ANY = "any"
_WITH_SERVER = "server"
_PUT_ON = ("flavor", "network")


def validate(situation: Situation, _rows: Rows, _now: datetime) -> Form:
    """Ask where the backup is restored, what the server is put on, and what stays."""
    site = situation.site

    def requests(answers: Answers) -> tuple[Request, ...]:
        without = not _with_server(answers)
        return (
            ValidateSite(
                site=site,
                second_site="" if answers["second"] == _ANY else answers["second"],
                flavor="" if without else answers["flavor"],
                network="" if without else answers["network"],
                without_server=without,
                keep=answers["keep"] == "yes",
            ),
        )

    others = tuple(
        Option(value=one.name, words=one.name, hint="All its data is compared there.")
        for one in situation.topology
        if one.name != site and one.availability_zone
    )
    anywhere = Option(value=_ANY, words="another edge", hint="The hub where there is no other.")
    return Form(
        title=f"Validate {printable(site, _NAME)}",
        verb="Validate",
        fields=(
            Field(id="second", label="restore at", options=(anywhere, *others), start=_ANY),
            Field(
                id=_WITH_SERVER,
                label="with a server",
                options=yes_no(
                    "One boots from the volume, is stopped, imaged and deleted.",
                    "What needs a server is left out.",
                ),
                start="yes",
            ),
            Field(
                id="flavor",
                label="flavor",
                hint="The server's flavor, or the smallest there is.",
                nothing="the smallest",
                shown=_with_server,
            ),
            Field(
                id="network",
                label="network",
                hint="The network the server is put on, or none.",
                shown=_with_server,
            ),
            Field(
                id="keep",
                label="keep all",
                options=yes_no("Nothing is removed.", "All that is made is removed at the end."),
                start="no",
            ),
        ),
        requests=requests,
        facts=_offers(site),
    )


def _with_server(answers: Answers) -> bool:
    return answers[_WITH_SERVER] == "yes"


def _offers(site: str) -> Facts:
    """Return how it is looked up what the server can be put on, and whether there are servers."""
    facts = server_facts(ValidateSite(site=site, offers=True), _with_server, _PUT_ON)

    def lines(plans: tuple[Plan, ...]) -> tuple[Line, ...]:
        if are_offered(plans):
            return facts.lines(plans)
        return (line("This cloud has no Nova: what needs a server is skipped.", Tone.WARNING),)

    def absent(plans: tuple[Plan, ...]) -> frozenset[str]:
        return frozenset() if are_offered(plans) else frozenset({_WITH_SERVER, *_PUT_ON})

    return replace(facts, lines=lines, absent=absent)


SITE_FORMS: dict[str, FormMaker] = {"validate_site": validate}
"""What each action asks, by the action's id."""
