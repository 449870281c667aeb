"""The task store that consoles, commands and the runner share."""
