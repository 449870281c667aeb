"""Text that a cloud may hold to spoil a screen, and a look at whether it did."""

from console_pilot import picture
from fake_data import HOSTILE_NAMES
from rich.cells import cell_len

from dcn_console.console.app import ConsoleApp
from dcn_console.console.table_screen import TableScreen

NAMES = (
    *HOSTILE_NAMES[:-1],
    "\N{HEBREW LETTER ALEF}\N{HEBREW LETTER BET} \N{ARABIC LETTER SHEEN}\N{RIGHT-TO-LEFT MARK}x",
    "\x1b]0;title\x07\x1b[2J\x9b31m",
    "\r\n\t ",
)


def assert_clean(app: ConsoleApp) -> None:
    """Check that no control character reached the screen and that no line became longer."""
    lines = picture(app)
    assert len(lines) == app.size.height
    for text in lines:
        assert not set(text) & set("\x1b\x07\x9b\r\n\t\N{RIGHT-TO-LEFT OVERRIDE}"), repr(text)
        assert cell_len(text) <= app.size.width, repr(text)
    screen = app.screen
    if isinstance(screen, TableScreen):
        for table in screen.tables.values():
            for y in range(table.size.height if table.display else 0):
                assert table.render_line(y).cell_length == table.scrollable_content_region.width
