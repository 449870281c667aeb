"""What an action is: something a key, a menu, the command line or the palette can run."""

from collections.abc import Callable
from dataclasses import dataclass

from dcn_console.console.availability import always
from dcn_console.console.key_names import key_name
from dcn_console.console.situation import Place, Situation
from dcn_console.model.requests import Request

EVERYWHERE: frozenset[Place] = frozenset(Place)
MOVING, FINDING, LOOKING, CHANGING, IMAGES, VOLUMES, BACKUPS, SERVERS, MIRRORING, PEERS, CONSOLE = (
    "Moving about",
    "Finding",
    "Looking closer",
    "Changing something",
    "Images",
    "Volumes",
    "Backups",
    "Servers of volumes",
    "Mirroring: volumes and RBD images",
    "Mirroring: pairs of sites",
    "The console",
)

NOT_YET = "This version of dcn-console cannot do that yet."
"""Why an action cannot be run whose requests no operation plans."""


@dataclass(frozen=True, kw_only=True)
class Menu:
    """Actions behind one key, each with a letter of its own there.

    Its dialog is called ``title`` and what it is for. Above the first action of a group stands
    the group's heading, if it has one. Its actions are in ``group`` and offered at ``places``
    unless they say otherwise.
    """

    key: str
    title: str
    group: str
    places: frozenset[Place]
    headings: tuple[tuple[str, Callable[[Situation], str]], ...] = ()

    def heading(self, group: str, situation: Situation) -> str:
        """Return what stands above a group of actions, "" when nothing does."""
        return next((make(situation) for name, make in self.headings if name == group), "")

    def action(
        self,
        name: str,
        letter: str,
        title: str,
        description: str,
        available: Callable[[Situation], str],
        *requests: type[Request],
        group: str = "",
        places: frozenset[Place] | None = None,
    ) -> "Action":
        """Return an action of this menu: one that plans ``requests`` and changes something."""
        return Action(
            id=name,
            menu=self,
            letter=letter,
            title=title,
            description=description,
            group=group or self.group,
            places=self.places if places is None else places,
            changes=True,
            available=available,
            requests=requests,
        )


@dataclass(frozen=True, kw_only=True)
class Action:
    """Something a key does.

    ``places`` are where it is offered in the footer, ``changes`` whether it changes anything
    outside the console, ``available`` returns why it cannot be run, or "". ``footer`` orders
    the footer: the smallest first, 0 not at all. Actions ``by_table`` are run by the table
    that has the focus. Those in a ``menu`` have no key of their own but a ``letter`` there;
    ``requests`` are the kinds of requests they make: without an operation that plans all of
    them an action cannot be run anywhere.
    """

    id: str
    keys: tuple[str, ...] = ()
    menu: Menu | None = None
    letter: str = ""
    title: str
    description: str
    group: str
    places: frozenset[Place] = EVERYWHERE
    changes: bool = False
    available: Callable[[Situation], str] = always
    requests: tuple[type[Request], ...] = ()
    footer: int = 0
    by_table: bool = False

    def can_be_planned(self, plannable: frozenset[type[Request]]) -> bool:
        """Return whether there are operations for everything it asks for."""
        return plannable.issuperset(self.requests)

    def reason(self, situation: Situation) -> str:
        """Return why it cannot be run in this situation, "" when it can."""
        if not self.can_be_planned(situation.plannable):
            return NOT_YET
        return self.available(situation)


def keys_text(action: Action) -> str:
    """Return all keys of an action for people: "1", "↓ j", "M r"."""
    if action.menu is not None:
        return f"{action.menu.key} {action.letter}"
    return " ".join(key_name(key) for key in action.keys)
