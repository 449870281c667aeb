"""The one error of the lab."""


class LabError(Exception):
    """The lab can't do what was asked; the message names the daemon, the file or the setting."""
