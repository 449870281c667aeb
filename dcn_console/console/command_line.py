"""The command line of ``:``: a place, an ``@site`` and a ``/filter``, or an action by name."""

from dataclasses import dataclass
from difflib import get_close_matches

from dcn_console.console.actions import BY_ID
from dcn_console.model.errors import UsageError
from dcn_console.model.sites import Topology

PLACES = {
    "sites": "show_sites",
    "images": "show_images",
    "volumes": "show_volumes",
    "tasks": "show_tasks",
    "mirrors": "show_mirrors",
    "backups": "show_backups",
    "snapshots": "show_snapshots",
    "servers": "show_servers",
}
"""Commands that go to a table, and the action that does."""

_ALIASES = {
    "q": "quit",
    "q!": "quit",
    "exit": "quit",
    "h": "help",
    "log": "messages",
    "mirroring": "mirrors",
}


@dataclass(frozen=True)
class Command:
    """A command understood: an action, and for places a site and a filter (None: leave as is)."""

    action: str
    site: str | None = None
    every_site: bool = False
    filter: str | None = None


def names() -> tuple[str, ...]:
    """Return all commands, for completion."""
    by_table = {action.id for action in BY_ID.values() if action.by_table}
    plain = [name for name in BY_ID if name not in by_table and not name.startswith("show_")]
    return (*PLACES, *sorted(plain))


def parse_command(text: str, topology: Topology) -> Command:
    """Read what was typed after ``:``; raise UsageError that names the nearest command.

    ``@SITE`` narrows a place to a site and ``@*`` widens it; all after ``/`` is its filter.
    """
    head, slash, wanted = text.partition("/")
    words = head.split()
    if not words:
        raise UsageError("Nothing was typed.", way_out="Try :images, :tasks or :help.")
    name = words[0].lower()
    name = _ALIASES.get(name, name)
    if name not in names():
        close = get_close_matches(name, names(), n=1)
        hint = f"Did you mean :{close[0]}?" if close else f"Known: {', '.join(names())}."
        raise UsageError(f"There is no command “{name}”.", way_out=hint)
    if name not in PLACES:
        if len(words) > 1 or slash:
            raise UsageError(f":{name} takes nothing after it.")
        return Command(name)
    site: str | None = None
    for word in words[1:]:
        if not word.startswith("@"):
            raise UsageError(
                f"“{word}” is not understood.", way_out=f"Try :{name} @SITE /words of a filter"
            )
        site = word[1:]
        if site != "*":
            topology.site(site)
    return Command(
        PLACES[name],
        site=None if site in (None, "*") else site,
        every_site=site == "*",
        filter=wanted.strip() if slash else None,
    )
