"""From what people type to objects: by id, by the start of an id, by name."""

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from dcn_console.model.errors import AmbiguousName, UsageError
from dcn_console.model.inventory import Image
from dcn_console.model.text import printable

SHORTEST_PREFIX = 4
MOST_CANDIDATES = 10


class Named(Protocol):
    """Something with an id and perhaps a name."""

    @property
    def id(self) -> str:
        """What identifies it."""

    @property
    def name(self) -> str | None:
        """What people call it."""


N = TypeVar("N", bound=Named)


def find_one(things: Iterable[N], text: str, kind: str) -> N:
    """Return the one thing that ``text`` means: its id, else its name, else the start of its id.

    Raises AmbiguousName listing the candidates when several fit, UsageError when none does;
    ``kind`` is the word for such a thing.
    """
    every = tuple(things)
    by_id = [thing for thing in every if thing.id == text]
    found = by_id or [thing for thing in every if thing.name == text]
    if not found and len(text) >= SHORTEST_PREFIX:
        found = [thing for thing in every if thing.id.startswith(text)]
    if len(found) == 1:
        return found[0]
    shown = printable(text, 60)
    if found:
        raise AmbiguousName(
            f"{len(found)} {kind}s are called “{shown}”.",
            candidates=tuple(_label(thing) for thing in found[:MOST_CANDIDATES]),
            way_out="Name it by its id.",
        )
    close = [thing for thing in every if text and text.casefold() in (thing.name or "").casefold()]
    hint = ", ".join(printable(thing.name or thing.id, 60) for thing in close[:MOST_CANDIDATES])
    raise UsageError(
        f"There is no {kind} “{shown}”.", way_out=f"Did you mean: {hint}?" if hint else ""
    )


def _label(thing: Named) -> str:
    return f"{thing.id}  {printable(thing.name or '', 60)}".rstrip()


def find_images(images: Sequence[Image], texts: Sequence[str]) -> tuple[Image, ...]:
    """Return the images that ``texts`` mean, each once, in the order asked."""
    found = {}
    for text in texts:
        image = find_one(images, text, "image")
        found[image.id] = image
    return tuple(found.values())
