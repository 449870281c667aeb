"""The names that must be typed to agree to what cannot be undone."""

from dcn_console.console.spans import Line, Span, Tone, cells, foreign, line
from dcn_console.model.agreeing import same
from dcn_console.model.text import count, printable

_REPLACED = "\N{REPLACEMENT CHARACTER}"
_LONGEST = 36
"""Cells of a name that fit before the input of a narrow dialog."""


class TypedNames:
    """Which names are wanted and which were typed."""

    def __init__(self, wanted: tuple[str, ...] = ()) -> None:
        """Want these names, each once."""
        self.wanted = tuple(dict.fromkeys(wanted))
        self._typed: set[str] = set()

    @property
    def _left(self) -> list[str]:
        return [name for name in self.wanted if name not in self._typed]

    @property
    def next(self) -> str:
        """The name to type now, "" when none is left."""
        return self._left[0] if self._left else ""

    def agreed_with(self, text: str) -> bool:
        """Return whether nothing is left to type once ``text`` counts."""
        left = self._left
        return not left or (len(left) == 1 and same(text, left[0]))

    def take(self, text: str) -> bool:
        """Count ``text`` if it is the name to type now; return whether it is."""
        if not self.next or not same(text, self.next):
            return False
        self._typed.add(self.next)
        return True

    def note(self, text: str) -> Line:
        """Return what is still to be done, for the line under the input."""
        if self.agreed_with(text):
            return (Span("✓ ", Tone.GOOD), Span("enter confirms", Tone.DIM))
        left = len(self._left)
        if left > 1:
            done = len(self.wanted) - left
            words = f"{done} of {count(len(self.wanted), 'name')} typed; enter takes each"
            return line(words, Tone.DIM)
        words = "the button comes alive when the name is typed exactly"
        if _REPLACED in printable(self.next):
            words += f"; type ? for {_REPLACED}"
        return line(words, Tone.DIM)

    def long(self) -> tuple[Line, ...]:
        """Return the names that have no room before the input, whole."""
        long = (name for name in self.wanted if cells(printable(name)) > _LONGEST)
        return tuple((foreign(name, Tone.STRONG, 1000),) for name in long)
