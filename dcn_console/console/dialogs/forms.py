"""What a dialog asks before it plans: fields with choices or text, and what becomes of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dcn_console.console.spans import Line
from dcn_console.model.plans import Plan
from dcn_console.model.requests import Request

Answers = Mapping[str, str]
"""What was chosen or typed, by the field's id."""


def _always(_answers: Answers) -> bool:
    return True


def _anything(_text: str) -> str:
    return ""


def _nothing(_plans: tuple[Plan, ...]) -> "Mapping[str, tuple[Option, ...]]":
    return {}


def _none(_plans: tuple[Plan, ...]) -> frozenset[str]:
    return frozenset()


@dataclass(frozen=True, kw_only=True)
class Option:
    """One choice: its value, the words shown, and a sentence on what it means."""

    value: str
    words: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Field:
    """Something to choose, or to type where there are no ``options``.

    ``start`` is the value at first. ``nothing`` are the words for none where the options are only
    found while the form is open. ``complaint`` returns what is wrong with a value, or "";
    ``shown`` whether the field matters, given the other answers.
    """

    id: str
    label: str
    options: tuple[Option, ...] = ()
    start: str = ""
    hint: str = ""
    nothing: str = "none"
    complaint: Callable[[str], str] = _anything
    shown: Callable[[Answers], bool] = _always

    @property
    def is_needed(self) -> bool:
        """Whether nothing will not do."""
        return bool(self.complaint(""))

    def option(self, value: str) -> Option | None:
        """Return the option with that value."""
        return next((item for item in self.options if item.value == value), None)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is looked up while a form is open: a request to plan, and what its plans tell.

    ``waiting`` stands there until they do. ``picks`` are options to choose from where there is
    something to type, by the field's id; a field without any is typed. ``absent`` are the ids of
    fields that make no sense in this cloud: they are not shown, and their values stay. ``shown``
    tells whether any of it matters, given the answers: nothing is looked up before.
    """

    request: Request
    lines: Callable[[tuple[Plan, ...]], tuple[Line, ...]]
    picks: Callable[[tuple[Plan, ...]], Mapping[str, tuple[Option, ...]]] = _nothing
    absent: Callable[[tuple[Plan, ...]], frozenset[str]] = _none
    waiting: str = "looking at both sides…"
    shown: Callable[[Answers], bool] = _always


@dataclass(frozen=True, kw_only=True)
class Form:
    """A dialog's title, the verb of its button, its fields and the requests they make."""

    title: str
    verb: str
    requests: Callable[[Answers], tuple[Request, ...]]
    fields: tuple[Field, ...] = ()
    facts: Facts | None = None


def yes_no(yes: str, no: str) -> tuple[Option, ...]:
    """Return the options yes and no with what each means."""
    return (
        Option(value="yes", words="yes", hint=yes),
        Option(value="no", words="no", hint=no),
    )
