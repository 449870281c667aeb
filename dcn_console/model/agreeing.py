"""Whether what a person typed is the name that agrees to what cannot be undone."""

import unicodedata

from dcn_console.model.text import printable

_REPLACED = "\N{REPLACEMENT CHARACTER}"
_JOINERS = str.maketrans("", "", "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}")


def same(text: str, name: str) -> bool:
    """Return whether ``text`` is the name, as far as it can be seen and typed.

    What is shown replaced may be typed as "?"; blanks at the ends or in a row, joiners and the
    way accents are composed count for nothing, as nobody sees them.
    """
    wanted = _visible(name)
    return _visible(text) == wanted if wanted else text == printable(name)


def _visible(text: str) -> str:
    composed = unicodedata.normalize("NFC", printable(text))
    return " ".join(composed.replace(_REPLACED, "?").translate(_JOINERS).split())
