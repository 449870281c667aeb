"""The registry of actions, and the command line over it."""

from collections import defaultdict
from dataclasses import replace

import pytest
from fake_data import leading_images, topology
from fake_tasks import sample_tasks
from fake_workspace import EVERYTHING
from hypothesis import given
from hypothesis import strategies as st

from dcn_console.console.action import NOT_YET
from dcn_console.console.actions import ACTIONS, BY_ID, GROUPS, footer_actions, keys_table
from dcn_console.console.command_line import names, parse_command
from dcn_console.console.dialogs.begin import FORMS
from dcn_console.console.handlers import HANDLERS
from dcn_console.console.pages.help import help_lines
from dcn_console.console.situation import Place, Situation, Subject
from dcn_console.console.spans import Tone, plain
from dcn_console.model.errors import UsageError
from dcn_console.model.requests import Resync
from dcn_console.model.tasks import TaskState

SITES = topology()
IMAGES = leading_images(SITES)
TASKS = {task.state: task for task in sample_tasks()}


def situation(place: Place, **more: object) -> Situation:
    return Situation(place=place, topology=SITES, plannable=EVERYTHING, **more)  # type: ignore[arg-type]


def test_no_key_means_two_things() -> None:
    uses: dict[str, list[str]] = defaultdict(list)
    for action in ACTIONS:
        for key in action.keys:
            uses[key].append(action.id)
    assert {key: ids for key, ids in uses.items() if len(ids) > 1} == {}
    assert len(BY_ID) == len(ACTIONS)


def test_no_letter_of_a_menu_means_two_things_and_each_has_its_form() -> None:
    letters = [(action.menu, action.letter) for action in ACTIONS if action.menu is not None]
    assert len(set(letters)) == len(letters)
    in_menus = {action.id for action in ACTIONS if action.menu is not None}
    assert in_menus | {"validate_site"} == set(FORMS)


def test_what_no_operation_plans_is_not_offered_anywhere() -> None:
    action = BY_ID["resync"]
    lacking = EVERYTHING - {Resync}
    assert NOT_YET in action.reason(replace(situation(Place.MIRRORS), plannable=lacking))
    assert NOT_YET not in action.reason(situation(Place.MIRRORS))
    assert "resync" not in {title for _, _, title, _ in keys_table(lacking)}
    assert "resync" in {title for _, _, title, _ in keys_table(EVERYTHING)}


def test_every_action_can_be_run_and_nothing_else() -> None:
    assert {action.id for action in ACTIONS if not action.by_table} == set(HANDLERS)


def test_every_action_is_described_in_help_and_documents() -> None:
    table = keys_table(EVERYTHING)
    assert len(table) == len(ACTIONS)
    assert {row[0] for row in table} == set(GROUPS)
    assert all(description.endswith((".", "/rhel")) for *_, description in table)


def test_a_read_only_console_dims_every_change_with_the_reason() -> None:
    reason = "This console is read-only."
    for place in Place:
        seen = situation(
            place, read_only_reason=reason, images=IMAGES[:1], task=TASKS[TaskState.RUNNING]
        )
        for action in ACTIONS:
            if action.changes:
                assert action.reason(seen) == reason
            else:
                assert action.reason(seen) != reason


def test_copying_needs_an_image() -> None:
    assert "Press 2" in BY_ID["copy"].reason(situation(Place.VOLUMES))
    assert BY_ID["copy"].reason(situation(Place.IMAGES))
    assert BY_ID["copy"].reason(situation(Place.IMAGES, images=IMAGES[:1])) == ""
    assert BY_ID["copy"].reason(situation(Place.IMAGE, images=IMAGES[:1])) == ""


def test_copying_to_edges_needs_an_edge_that_lacks_it() -> None:
    everywhere = next(row for row in IMAGES if row.image.name == "rhel-9.4-x86_64-kvm")
    lacking = next(row for row in IMAGES if row.image.name == "fedora-40")
    action = BY_ID["copy_to_edges"]
    assert "rhel-9.4" in action.reason(situation(Place.IMAGES, images=(everywhere,)))
    assert action.reason(situation(Place.IMAGES, images=(lacking,))) == ""
    assert action.reason(situation(Place.IMAGES, images=(everywhere, lacking))) == ""


def test_tasks_can_be_cancelled_until_they_are_over_and_retried_after() -> None:
    cancel, retry = BY_ID["cancel"], BY_ID["retry"]
    running = situation(Place.TASKS, task=TASKS[TaskState.RUNNING])
    failed = situation(Place.TASKS, task=TASKS[TaskState.FAILED])
    done = situation(Place.TASKS, task=TASKS[TaskState.DONE])
    assert cancel.reason(running) == ""
    assert "nothing to cancel" in cancel.reason(failed)
    assert "still running" in retry.reason(running)
    assert retry.reason(failed) == ""
    assert "done at every site" in retry.reason(done)
    assert "Press 4" in cancel.reason(situation(Place.IMAGES))


def test_the_footer_offers_what_belongs_to_the_place() -> None:
    assert {"copy", "copy_to_edges"} <= {action.id for action in footer_actions(Place.IMAGES)}
    assert "copy" not in {action.id for action in footer_actions(Place.TASKS)}
    assert {"cancel", "retry"} <= {action.id for action in footer_actions(Place.TASKS)}
    assert "back" in {action.id for action in footer_actions(Place.IMAGE)}


def test_help_dims_what_cannot_be_done_and_says_why() -> None:
    lines = help_lines(situation(Place.VOLUMES, subject=Subject("volume", "1", "db")))
    text = [plain(item) for item in lines]
    index = next(number for number, item in enumerate(text) if "copy to every edge" in item)
    assert lines[index][0].tone is Tone.DIM
    assert "Copying works on images" in text[index + 1]


def test_a_place_with_site_and_filter() -> None:
    command = parse_command("images @dcn0 /rhel 9", SITES)
    assert (command.action, command.site, command.filter) == ("show_images", "dcn0", "rhel 9")


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("q", "quit"),
        ("quit", "quit"),
        ("TASKS", "show_tasks"),
        ("help", "help"),
        ("copy_to_edges", "copy_to_edges"),
    ],
)
def test_commands(text: str, action: str) -> None:
    assert parse_command(text, SITES).action == action


def test_widening_and_clearing() -> None:
    command = parse_command("volumes @* /", SITES)
    assert command.every_site
    assert command.site is None
    assert command.filter == ""
    assert parse_command("volumes", SITES).filter is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("imges", "Did you mean :images?"),
        ("images @dcn7", "Known sites: central, dcn0, dcn1."),
        ("images dcn0", "@SITE"),
        ("quit now", "takes nothing"),
        ("", "Nothing was typed"),
        ("down", "There is no command"),
    ],
)
def test_what_is_not_understood_is_answered_with_help(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_command(text, SITES)
    assert words in str(caught.value)


@given(st.text(max_size=30))
def test_whatever_is_typed_is_understood_or_refused(text: str) -> None:
    try:
        command = parse_command(text, SITES)
    except UsageError:
        return
    assert command.action in BY_ID


def test_every_command_offered_is_understood() -> None:
    for name in names():
        assert parse_command(name, SITES).action in BY_ID
