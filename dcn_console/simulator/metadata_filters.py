"""Which objects of Cinder a list holds when their metadata is asked for."""

import ast
from collections.abc import Callable

Test = Callable[[dict[str, str]], bool]


def metadata_test(text: str | None) -> Test:
    """Return what metadata has to pass; ``text`` is a Python or JSON literal of a dictionary.

    Nothing passes any other text.
    """
    if text is None:
        return lambda metadata: True
    try:
        wanted = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        wanted = None
    if not isinstance(wanted, dict):
        return lambda metadata: False
    items = [(str(key), str(value)) for key, value in wanted.items()]
    return lambda metadata: all(metadata.get(key) == value for key, value in items)
