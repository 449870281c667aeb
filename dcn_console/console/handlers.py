"""What each action does. Whether it may be run has been asked before."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dcn_console.console.action import Menu
from dcn_console.console.actions import ACTIONS
from dcn_console.console.backup_actions import BACKUP_MENU
from dcn_console.console.image_actions import IMAGE_MENU
from dcn_console.console.mirror_actions import MIRROR_MENU
from dcn_console.console.navigation import front_of, to_home
from dcn_console.console.prompt import Mode
from dcn_console.console.server_actions import SERVER_MENU
from dcn_console.console.situation import Place
from dcn_console.console.table_screen import TableScreen
from dcn_console.console.volume_actions import VOLUME_MENU
from dcn_console.model.tasks import TaskState

if TYPE_CHECKING:
    from dcn_console.console.host import ConsoleHost

Handler = Callable[["ConsoleHost"], None]


def _show_sites(app: ConsoleHost) -> None:
    to_home(app).show_sites()


def _show(place: Place) -> Handler:
    def show(app: ConsoleHost) -> None:
        to_home(app).go(place)

    return show


def _step(places: int) -> Handler:
    def step(app: ConsoleHost) -> None:
        front = front_of(app)
        if isinstance(front, TableScreen):
            front.step(places)

    return step


def _back(app: ConsoleHost) -> None:
    front_of(app).back()


def _filter(app: ConsoleHost) -> None:
    front = front_of(app)
    if not isinstance(front, TableScreen):
        return
    table = front.table
    table.warm()
    front.open_prompt(Mode.FILTER, table.state.filter.text)


def _sort(app: ConsoleHost) -> None:
    front = front_of(app)
    if isinstance(front, TableScreen):
        front.table.sort_next()


def _reverse(app: ConsoleHost) -> None:
    front = front_of(app)
    if isinstance(front, TableScreen):
        front.table.sort_reverse()


def _raw(app: ConsoleHost) -> None:
    from dcn_console.console.pages.raw import RawScreen

    subject = front_of(app).situation().subject
    if subject is not None:
        app.push_screen(RawScreen(subject))


def _copy_id(app: ConsoleHost) -> None:
    subject = front_of(app).situation().subject
    if subject is not None:
        app.copy_to_clipboard(subject.id)
        app.say(f"The id of {subject.kind} {subject.name} was sent to the clipboard.")


def _copy(app: ConsoleHost) -> None:
    from dcn_console.console.dialogs.copying import ask_for_sites

    ask_for_sites(app, front_of(app).situation().images)


def _copy_to_edges(app: ConsoleHost) -> None:
    from dcn_console.console.dialogs.copying import plan_copy

    plan_copy(app, front_of(app).situation().images, None)


def _show_mirrors(app: ConsoleHost) -> None:
    from dcn_console.console.mirroring.screen import show_mirrors

    show_mirrors(app)


def _show_backups(app: ConsoleHost) -> None:
    from dcn_console.console.stored.backups import BackupsScreen
    from dcn_console.console.stored.page import show_page

    show_page(app, BackupsScreen)


def _show_snapshots(app: ConsoleHost) -> None:
    from dcn_console.console.stored.page import show_page
    from dcn_console.console.stored.snapshots import SnapshotsScreen

    show_page(app, SnapshotsScreen)


def _show_servers(app: ConsoleHost) -> None:
    from dcn_console.console.stored.page import show_page
    from dcn_console.console.stored.servers import ServersScreen

    show_page(app, ServersScreen)


def _open(menu: Menu) -> Handler:
    def show(app: ConsoleHost) -> None:
        from dcn_console.console.dialogs.menu import open_menu

        open_menu(app, menu)

    return show


def _ask(name: str) -> Handler:
    def ask(app: ConsoleHost) -> None:
        from dcn_console.console.dialogs.begin import begin

        begin(app, name)

    return ask


def _pause(app: ConsoleHost) -> None:
    task = front_of(app).situation().task
    if task is None:
        return
    paused = task.state is TaskState.PAUSED or task.pause_requested_at is not None
    call = app.workspace.resume if paused else app.workspace.pause
    app.call_workspace(call(task.number), app.say)


def _cancel(app: ConsoleHost) -> None:
    task = front_of(app).situation().task
    if task is not None:
        app.call_workspace(
            app.workspace.cancel(task.number),
            lambda sentence: app.say(sentence, "warning"),
        )


def _retry(app: ConsoleHost) -> None:
    task = front_of(app).situation().task
    if task is not None:
        from dcn_console.console.dialogs.retrying import RetryDialog

        app.open_dialog(RetryDialog(task), lambda _: None)


def _command(app: ConsoleHost) -> None:
    front_of(app).open_prompt(Mode.COMMAND)


def _palette(app: ConsoleHost) -> None:
    app.action_command_palette()


def _refresh(app: ConsoleHost) -> None:
    app.workspace.refresh()
    app.say("Reading everything again.")


def _messages(app: ConsoleHost) -> None:
    from dcn_console.console.pages.messages import MessagesScreen

    app.push_screen(MessagesScreen())


def _help(app: ConsoleHost) -> None:
    from dcn_console.console.pages.help import HelpScreen

    app.push_screen(HelpScreen(front_of(app).situation()))


def _quit(app: ConsoleHost) -> None:
    app.exit()


HANDLERS: dict[str, Handler] = {
    "show_sites": _show_sites,
    "show_images": _show(Place.IMAGES),
    "show_volumes": _show(Place.VOLUMES),
    "show_tasks": _show(Place.TASKS),
    "next_pane": _step(1),
    "previous_pane": _step(-1),
    "back": _back,
    "filter": _filter,
    "sort": _sort,
    "reverse": _reverse,
    "raw": _raw,
    "copy_id": _copy_id,
    "copy": _copy,
    "copy_to_edges": _copy_to_edges,
    "show_mirrors": _show_mirrors,
    "show_backups": _show_backups,
    "show_snapshots": _show_snapshots,
    "show_servers": _show_servers,
    "mirror_menu": _open(MIRROR_MENU),
    "image_menu": _open(IMAGE_MENU),
    "server_menu": _open(SERVER_MENU),
    "volume_menu": _open(VOLUME_MENU),
    "backup_menu": _open(BACKUP_MENU),
    **{action.id: _ask(action.id) for action in ACTIONS if action.menu is not None},
    "validate_site": _ask("validate_site"),
    "pause": _pause,
    "cancel": _cancel,
    "retry": _retry,
    "command": _command,
    "palette": _palette,
    "refresh": _refresh,
    "messages": _messages,
    "help": _help,
    "quit": _quit,
}
