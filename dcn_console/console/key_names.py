"""How keys are written for people."""

_KEY_NAMES = {
    "slash": "/",
    "colon": ":",
    "asterisk": "*",
    "backslash": "\\",
    "question_mark": "?",
    "escape": "esc",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


def key_name(key: str) -> str:
    """Return how a key is written for people."""
    return _KEY_NAMES.get(key, key)
