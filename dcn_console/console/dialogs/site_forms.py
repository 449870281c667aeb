"""What an action on a site asks, and the requests it makes."""

from datetime import datetime

from dcn_console.console.dialogs.forms import Answers, Field, Form, Option, yes_no
from dcn_console.console.dialogs.mirror_forms import FormMaker
from dcn_console.console.situation import Situation
from dcn_console.model.requests import Request
from dcn_console.model.rows import Rows
from dcn_console.model.server_requests import ValidateSite
from dcn_console.model.text import printable

_NAME = 40
_ANY = "any"


def validate(situation: Situation, _rows: Rows, _now: datetime) -> Form:
    """Ask where the backup is restored, what the server is put on, and what stays."""
    site = situation.site

    def requests(answers: Answers) -> tuple[Request, ...]:
        without = answers["server"] == "no"
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

    def with_server(answers: Answers) -> bool:
        return answers["server"] == "yes"

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
                id="server",
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
                hint="Name or id; empty for the smallest.",
                shown=with_server,
            ),
            Field(
                id="network",
                label="network",
                hint="Name or id; empty for none.",
                shown=with_server,
            ),
            Field(
                id="keep",
                label="keep all",
                options=yes_no("Nothing is removed.", "All that is made is removed at the end."),
                start="no",
            ),
        ),
        requests=requests,
    )


SITE_FORMS: dict[str, FormMaker] = {"validate_site": validate}
"""What each action asks, by the action's id."""
