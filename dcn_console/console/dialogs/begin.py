"""The way from an action of a menu to a submitted task: choices, plan, confirmation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcn_console.console.dialogs import mirror_forms
from dcn_console.console.dialogs.backup_forms import BACKUP_FORMS
from dcn_console.console.dialogs.image_forms import IMAGE_FORMS
from dcn_console.console.dialogs.mirror_forms import FormMaker
from dcn_console.console.dialogs.options import OptionsDialog
from dcn_console.console.dialogs.pair_forms import PAIR_FORMS
from dcn_console.console.dialogs.plan import PlanDialog
from dcn_console.console.dialogs.server_forms import SERVER_FORMS
from dcn_console.console.dialogs.site_forms import SITE_FORMS
from dcn_console.console.dialogs.volume_forms import VOLUME_FORMS
from dcn_console.console.navigation import front_of
from dcn_console.console.table_screen import TableScreen

if TYPE_CHECKING:
    from dcn_console.console.dialogs.forms import Answers, Form
    from dcn_console.console.host import ConsoleHost

FORMS: dict[str, FormMaker] = {
    "enable_mirroring": mirror_forms.enable,
    "disable_mirroring": mirror_forms.disable,
    "mirror_snapshot": mirror_forms.snapshot,
    "relocate": mirror_forms.relocate,
    "fail_over": mirror_forms.fail_over,
    "fail_back": mirror_forms.fail_back,
    "resync": mirror_forms.resync,
    "verify_mirror": mirror_forms.verify,
    "rehearse": mirror_forms.rehearse,
    **PAIR_FORMS,
    **IMAGE_FORMS,
    **SERVER_FORMS,
    **VOLUME_FORMS,
    **BACKUP_FORMS,
    **SITE_FORMS,
}
"""What each action of a menu asks, by the action's id."""


def begin(app: ConsoleHost, name: str) -> None:
    """Ask what the action needs to know, then show its plan."""
    form = FORMS[name](front_of(app).situation(), app.rows, app.clock())
    if form.fields:
        ask(app, form, {})
    else:
        show_plan(app, form, {})


def ask(app: ConsoleHost, form: Form, answers: Answers) -> None:
    """Ask for the fields of a form, beginning with these answers, then show the plan."""

    def go_on(answers: dict[str, str] | None) -> None:
        if answers is not None:
            show_plan(app, form, answers)

    app.open_dialog(OptionsDialog(form, answers), go_on)


def show_plan(app: ConsoleHost, form: Form, answers: Answers) -> None:
    """Show the plan and submit it when agreed; marks are cleared once it was submitted.

    Leaving the plan leads back to the choices it was made of.
    """
    front = front_of(app)

    def go_on(submitted: bool | None) -> None:
        if not submitted:
            if form.fields:
                ask(app, form, answers)
        elif isinstance(front, TableScreen) and front.table.has_marks:
            front.table.clear_marks()

    app.open_dialog(PlanDialog(form.title, form.verb, form.requests(answers)), go_on)
