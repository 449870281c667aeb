"""Why an action on a volume's servers cannot be run here: each returns the reason, or ""."""

from dcn_console.console.availability import sentence
from dcn_console.console.situation import VOLUME_PLACES, Situation
from dcn_console.model.text import printable

_NAME = 60


def with_server_actions(situation: Situation) -> str:
    """Only among volumes: servers are reached by what they boot from."""
    return "" if situation.place in VOLUME_PLACES else "This works on volumes. Press 3 for them."


def with_servers(situation: Situation) -> str:
    """Only on volumes that servers have attached."""
    reason = _reason(situation)
    if reason or servers_of(situation):
        return reason
    return "No server has it attached."


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
    if len(situation.volumes) != 1:
        return "A server is made of one volume: put the cursor on it, and mark none."
    row = situation.volumes[0]
    if row.volume.attachments:
        name = printable(row.server or "a server", _NAME)
        return f"{name} has it attached already."
    return ""


def servers_of(situation: Situation) -> tuple[str, ...]:
    """Return the ids of the servers that have the volumes attached, each once."""
    ids = (one.server_id for row in situation.volumes for one in row.volume.attachments)
    return tuple(dict.fromkeys(ids))


def _reason(situation: Situation) -> str:
    if situation.read_only_reason:
        return sentence(situation.read_only_reason)
    reason = with_server_actions(situation)
    if reason or situation.volumes:
        return reason
    return "Put the cursor on a volume first, or mark some with space."
