"""The names that must be typed to agree to what cannot be undone."""

from dcn_console.console.spans import Line, Span, Tone, line
from dcn_console.model.text import count, printable


class TypedNames:
    """Which names are wanted and which were typed.

    A name is typed as it is shown: what no keyboard can type in it counts as its replacement.
    """

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
        return not left or (len(left) == 1 and text == printable(left[0]))

    def take(self, text: str) -> bool:
        """Count ``text`` if it is the name to type now; return whether it is."""
        if not self.next or text != printable(self.next):
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
        return line("the button comes alive when the name is typed exactly", Tone.DIM)
