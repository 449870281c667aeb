# ruff: noqa: UP006, UP035 - the file must load in Python 3.6: no list[str], no str | None
"""The connection to one cluster."""

import json
import pathlib
from typing import Any, Dict

from .failures import Failure, command_failure, failure_of
from .parameters import Parameters, Send, text

DEFAULT_SECONDS = 5
LATE_SECONDS = 10.0
LATE_SHARE = 0.4
"""After LATE_SECONDS, librados' default, an operation counts as late, and the OSD map is asked for
anew (osdc/Objecter.cc, ``tick``). Whoever gives operations up earlier never asks: one that
connected while an OSD was dead goes on trying that OSD's old address for ever (seen on 16.2.15).
So they count as late after this share of their time.
"""


class Connection:
    """One connection to one cluster, made once, for ``user``. Raises Failure."""

    def __init__(self) -> None:
        self._rados: Any = None
        self.user = ""

    @property
    def handle(self) -> Any:
        """The connected ``rados.Rados``."""
        if self._rados is None:
            raise Failure("invalid", "not connected")
        return self._rados

    def connect(self, parameters: Parameters) -> str:
        """Connect and return the fsid; see ``connect`` for the parameters."""
        import rados
        import rbd  # noqa: F401 - its absence is told now, not at the first image

        if self._rados is not None:
            raise Failure("invalid", "already connected")
        conf = text(parameters, "conf", "")
        user = text(parameters, "user", "admin")
        wanted = text(parameters, "fsid", "")
        timeout = parameters.get("timeout_seconds", DEFAULT_SECONDS)
        if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or timeout <= 0:
            raise Failure("invalid", "the parameter timeout_seconds must be a positive number")
        options = {
            **time_limits(timeout),
            "rbd_cache": "false",
            "admin_socket": "",
            "log_file": "",
        }
        if text(parameters, "keyring", ""):
            options["keyring"] = parameters["keyring"]
        name = pathlib.Path(conf).stem or "ceph"
        handle = rados.Rados(
            rados_id=user, clustername=name, conffile=readable_conf(conf), conf=options
        )
        try:
            handle.connect()
        except rados.Error as error:
            raise connect_failure(handle, error, user) from error
        fsid = str(handle.get_fsid())
        if wanted and fsid != wanted:
            handle.shutdown()
            raise Failure("invalid", f"this is the cluster {fsid}, not {wanted}")
        self._rados = handle
        self.user = user
        return fsid

    def pool(self, parameters: Parameters, key: str = "pool") -> Any:
        """Open the pool that the parameter ``key`` names, as a context manager."""
        import rados

        pool = text(parameters, key)
        try:
            return self.handle.open_ioctx(pool)
        except rados.ObjectNotFound:
            raise Failure("invalid", f"there is no pool {pool}") from None

    def monitor(self, prefix: str, **arguments: str) -> Any:
        """Run a monitor's command that only reads, and return what its JSON says."""
        command = json.dumps(dict(arguments, prefix=prefix, format="json"))
        code, output, message = self.handle.mon_command(command, b"")
        if code:
            raise command_failure(f"ceph {prefix}", code, message)
        return json.loads(output.decode("utf-8"))

    def manager(self, command: Dict[str, str]) -> Any:
        """Run a manager's command, and return its output as bytes."""
        code, output, message = self.handle.mgr_command(json.dumps(command), b"")
        if code:
            raise command_failure(command["prefix"], code, message)
        return output


def json_object(command: str, output: bytes) -> Dict[str, Any]:
    """Return the JSON object that a command answered."""
    answer = json.loads(output.decode("utf-8"))
    if not isinstance(answer, dict):
        raise Failure("internal", f"{command} answered no JSON object")
    return answer


def time_limits(seconds: float) -> Dict[str, str]:
    """Return librados' options by which no call takes much longer than ``seconds``."""
    patience = max(1, int(seconds))
    late = min(LATE_SECONDS, patience * LATE_SHARE)
    names = ("client_mount_timeout", "rados_osd_op_timeout", "rados_mon_op_timeout")
    return {
        **dict.fromkeys(names, str(patience)),
        "objecter_timeout": str(late),
        "objecter_tick_interval": str(late / 2),
    }


def connect(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Connect; answer the fsid. The parameters are conf, user, keyring, fsid, timeout_seconds."""
    return {"fsid": connection.connect(parameters)}


def readable_conf(conf: str) -> str:
    """Return ``conf`` when it can be read ("" is librados' own search), else raise Failure."""
    if conf:
        try:
            pathlib.Path(conf).open("rb").close()
        except OSError as error:
            kind = "permission" if isinstance(error, PermissionError) else "invalid"
            raise Failure(kind, f"{conf} cannot be read: {error.strerror}") from error
    return conf


def connect_failure(handle: Any, error: Exception, user: str) -> Failure:
    """Say why connecting failed: librados alone does not tell which keyring it missed."""
    failure = failure_of(error)
    if failure.kind == "unreachable" or handle.conf_get("key") or handle.conf_get("keyfile"):
        return failure
    complaints = []
    for path in (handle.conf_get("keyring") or "").replace(",", " ").replace(";", " ").split():
        try:
            with pathlib.Path(path).open(encoding="utf-8", errors="replace") as keyring:
                if any(line.strip() == f"[client.{user}]" for line in keyring):
                    return Failure(failure.kind, f"client.{user} with the key in {path}: {error}")
            complaints.append(f"{path} has no client.{user}")
        except OSError as problem:
            complaints.append(f"{path}: {problem.strerror}")
    if not handle.conf_get("mon_host"):
        complaints.append("mon_host is not set")
    return Failure("keyring", f"client.{user} has no keyring: {'; '.join(complaints)}")
