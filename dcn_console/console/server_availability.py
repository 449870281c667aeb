"""Why an action on a volume's servers cannot be run here: each returns the reason, or ""."""

from dcn_console.console.availability import sentence
from dcn_console.console.situation import SERVER_PLACES, VOLUME_PLACES, Situation
from dcn_console.model.text import printable

SERVED_PLACES = VOLUME_PLACES | SERVER_PLACES
"""Where the menu of servers works."""

_NAME = 60


def with_server_actions(situation: Situation) -> str:
    """Only on servers, and on the volumes they have."""
    if situation.place in SERVED_PLACES:
        return ""
    return "This works on servers (press n) and on volumes (press 3)."


def with_servers(situation: Situation) -> str:
    """Only on volumes that servers have attached."""
    reason = _reason(situation)
    if reason or servers_of(situation):
        return reason
    return "No server has it attached."


def with_running_servers(situation: Situation) -> str:
    """Only on servers of which one may be running."""
    return with_servers(situation) or _unless(situation, "SHUTOFF", "stopped")


def with_stopped_servers(situation: Situation) -> str:
    """Only on servers of which one may be stopped."""
    return with_servers(situation) or _unless(situation, "ACTIVE", "running")


def with_one_server(situation: Situation) -> str:
    """Only on the volumes of one server."""
    reason = with_servers(situation)
    if reason or len(servers_of(situation)) == 1:
        return reason
    return "They belong to several servers: put the cursor on a volume of one."


def with_free_volume(situation: Situation) -> str:
    """Only on one volume that no server has attached."""
    reason = _reason(situation)
    if reason:
        return reason
    if situation.place not in VOLUME_PLACES:
        return "A server is made of a volume: press 3 and put the cursor on a free one."
    if len(situation.volumes) != 1:
        return "A server is made of one volume: put the cursor on it, and mark none."
    row = situation.volumes[0]
    if row.volume.attachments:
        name = printable(row.server or "a server", _NAME)
        return f"{name} has it attached already."
    return ""


def servers_of(situation: Situation) -> tuple[str, ...]:
    """Return the ids of the servers, or of those that have the volumes attached, each once."""
    if situation.place in SERVER_PLACES:
        return tuple(row.key for row in situation.servers)
    ids = (one.server_id for row in situation.volumes for one in row.volume.attachments)
    return tuple(dict.fromkeys(ids))


def _reason(situation: Situation) -> str:
    if situation.read_only_reason:
        return sentence(situation.read_only_reason)
    reason = with_server_actions(situation)
    if reason:
        return reason
    if situation.place in SERVER_PLACES:
        return "" if situation.servers else "Put the cursor on a server first, or mark some."
    if situation.volumes:
        return ""
    return "Put the cursor on a volume first, or mark some with space."


def _unless(situation: Situation, status: str, words: str) -> str:
    """Say so when all servers are known to be in a state already."""
    states = [row.server.status for row in situation.servers]
    if not states or any(state != status for state in states):
        return ""
    if len(states) > 1:
        return f"They are all {words} already."
    return f"{printable(situation.servers[0].server.label, _NAME)} is {words} already."
