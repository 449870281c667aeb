"""What the prompt is open for, apart from the prompt itself, which is imported when used."""

from enum import StrEnum


class Mode(StrEnum):
    """What is being typed; the value is the sign shown before it."""

    FILTER = "/"
    COMMAND = ":"
