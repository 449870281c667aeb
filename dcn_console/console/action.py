"""What an action is: something a key, a menu, the command line or the palette can run."""

from collections.abc import Callable
from dataclasses import dataclass

from dcn_console.console.availability import always
from dcn_console.console.key_names import key_name
from dcn_console.console.situation import Place, Situation

EVERYWHERE: frozenset[Place] = frozenset(Place)
MOVING, FINDING, LOOKING, CHANGING, MIRRORING, PEERS, CONSOLE = (
    "Moving about",
    "Finding",
    "Looking closer",
    "Changing something",
    "Mirroring: volumes and RBD images",
    "Mirroring: pairs of sites",
    "The console",
)

MENU_KEY = "M"
"""Opens the menu of the mirroring actions; each of them has a letter in it."""


@dataclass(frozen=True, kw_only=True)
class Action:
    """Something a key does.

    ``places`` are where it is offered in the footer, ``changes`` whether it changes anything
    outside the console, ``available`` returns why it cannot be run, or "". ``footer`` orders
    the footer: the smallest first, 0 not at all. Actions ``by_table`` are run by the table
    that has the focus. ``letter`` is the key in the menu of actions that have none of their own.
    """

    id: str
    keys: tuple[str, ...] = ()
    letter: str = ""
    title: str
    description: str
    group: str
    places: frozenset[Place] = EVERYWHERE
    changes: bool = False
    available: Callable[[Situation], str] = always
    footer: int = 0
    by_table: bool = False

    def reason(self, situation: Situation) -> str:
        """Return why it cannot be run in this situation, "" when it can."""
        return self.available(situation)


def keys_text(action: Action) -> str:
    """Return all keys of an action for people: "1", "↓ j", "M r"."""
    if action.letter:
        return f"{MENU_KEY} {action.letter}"
    return " ".join(key_name(key) for key in action.keys)
