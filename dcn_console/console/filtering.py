"""The filter of ``/``: words that must, or with ``!`` must not, occur; ``@SITE`` for a place."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a filter. ``site`` terms ask where something is, others what it says."""

    text: str
    inverse: bool = False
    site: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """What was typed after ``/`` and the terms it means: all of them must hold."""

    text: str = ""
    terms: tuple[Term, ...] = ()

    def __bool__(self) -> bool:
        """Whether it filters anything."""
        return bool(self.terms)

    def matches(self, haystack: str, at_site: Callable[[str], bool]) -> bool:
        """Return whether a row passes: ``haystack`` is its text in lower case."""
        return all(
            (at_site(term.text) if term.site else term.text in haystack) != term.inverse
            for term in self.terms
        )


NO_FILTER = Filter()


def parse_filter(text: str) -> Filter:
    """Read a filter: words apart by blanks, ``!word`` inverse, ``@site`` and ``!@site``.

    A lone ``!`` or ``@`` filters nothing yet, so that a filter can be typed letter by letter.
    """
    terms = []
    for word in text.split():
        inverse = word.startswith("!")
        rest = word.removeprefix("!")
        site = rest.startswith("@")
        rest = rest.removeprefix("@")
        if rest:
            terms.append(Term(rest if site else rest.lower(), inverse, site))
    return Filter(text.strip(), tuple(terms))
