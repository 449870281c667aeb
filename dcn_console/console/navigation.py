"""Finding one's way among the open screens."""

from dcn_console.console.home import HomeScreen
from dcn_console.console.host import ConsoleHost
from dcn_console.console.screen import ConsoleScreen


def home_of(host: ConsoleHost) -> HomeScreen:
    """Return the home page, under whatever else is open."""
    screen = host.screen_stack[0]
    assert isinstance(screen, HomeScreen)  # noqa: S101
    return screen


def console_screens(host: ConsoleHost) -> list[ConsoleScreen]:
    """Return the full screens, the uppermost last; dialogs are none."""
    return [screen for screen in host.screen_stack if isinstance(screen, ConsoleScreen)]


def front_of(host: ConsoleHost) -> ConsoleScreen:
    """Return the uppermost full screen, under any dialog."""
    return console_screens(host)[-1]


def to_home(host: ConsoleHost) -> HomeScreen:
    """Close every page above the home page and return that."""
    while len(host.screen_stack) > 1:
        host.pop_screen()
    return home_of(host)
