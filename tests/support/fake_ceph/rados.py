"""A stand-in for librados' Python binding, driven by a JSON file in the place of a ceph.conf.

A connection without such a file takes the one that its ``mon_host`` names. It holds ``fsid``,
``keyring``, ``pools`` (name → RBD image → ``size``, ``pieces`` as [offset, text] pairs, ``snaps``
name → protected, ``watchers``, ``mirrored``, ``clone``), and ``faults``: by the name of a call
"hang", "crash", "noise" or an errno. It is read at every call, so that a test changes the cluster
under a running agent. What a call of ``record`` was asked is written beside the file, under the
suffix ".calls".
"""

import json
import os
import threading
from pathlib import Path
from typing import Any, Optional


class Error(Exception):
    """Base of the binding's errors."""

    def __init__(self, message: str, errno: Optional[int] = None) -> None:  # noqa: UP045
        super().__init__(message)
        self.errno = errno

    def __str__(self) -> str:
        return f"[errno {self.errno}] {self.args[0]}"


class ObjectNotFound(Error):
    """ENOENT."""


class PermissionDeniedError(Error):
    """EACCES."""


class TimedOut(Error):
    """ETIMEDOUT."""


ERRORS = {2: ObjectNotFound, 13: PermissionDeniedError, 110: TimedOut}


def load(path: str) -> Any:
    """Return the cluster as it is now."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def act(path: str, call: str) -> None:
    """Do what the cluster's faults say for ``call``."""
    fault = load(path).get("faults", {}).get(call)
    if fault == "hang":
        threading.Event().wait()
    elif fault == "crash":
        os.write(2, b"librbd: assertion failed, key = AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n")
        os.abort()
    elif fault == "noise":
        os.write(1, b"a library prints\n")
        print("so does Python")
    elif isinstance(fault, int):
        raise ERRORS.get(fault, Error)(f"{call} failed", fault)


def record(path: str, call: str, *arguments: Any) -> None:
    """Write down a call, then do what the cluster's faults say for it."""
    with Path(path).with_suffix(".calls").open("a", encoding="utf-8") as calls:
        calls.write(json.dumps([call, *arguments]) + "\n")
    act(path, call)


class Ioctx:
    """A pool."""

    def __init__(self, path: str, pool: str) -> None:
        self.path = path
        self.pool = pool

    def __enter__(self) -> "Ioctx":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def execute(self, key: str, cls: str, method: str, data: bytes) -> Any:
        record(self.path, method, key, data.hex())
        return 0, b""

    def stat(self, key: str) -> Any:
        act(self.path, "stat")
        raise ObjectNotFound(f"Failed to stat {key}", 2)


class Rados:
    """A cluster."""

    @property
    def path(self) -> str:
        """The file that says what the cluster does."""
        return self._path

    def __init__(
        self, rados_id: str, clustername: str = "ceph", conffile: str = "", conf: Any = None
    ) -> None:
        self._path = conffile or conf["mon_host"]
        self._user = rados_id
        self._conf = conf

    def conf_get(self, name: str) -> str:
        """Return an option; the keyring's default is beside the file."""
        if name == "keyring":
            return str(self._conf.get("keyring", load(self._path).get("keyring", "")))
        return "127.0.0.1" if name == "mon_host" else ""

    def connect(self) -> None:
        act(self._path, "connect")
        for option in ("client_mount_timeout", "rados_osd_op_timeout"):
            if int(self._conf[option]) < 1:
                raise Error(f"{option} is not set", 22)
        noticed = ("objecter_timeout", "objecter_tick_interval")
        if sum(float(self._conf[option]) for option in noticed) >= int(
            self._conf["rados_osd_op_timeout"]
        ):
            raise Error("an operation is given up before it counts as late", 22)

    def shutdown(self) -> None:
        return None

    def get_fsid(self) -> str:
        return str(load(self._path)["fsid"])

    def list_pools(self) -> list:  # type: ignore[type-arg]
        act(self._path, "list_pools")
        return list(load(self._path)["pools"])

    def open_ioctx(self, pool: str) -> Ioctx:
        if pool not in load(self._path)["pools"]:
            raise ObjectNotFound(f"error opening pool {pool}", 2)
        return Ioctx(self._path, pool)

    def mon_command(self, command: str, inbuf: bytes) -> Any:
        prefix = json.loads(command)["prefix"]
        act(self._path, prefix)
        if "denied" in load(self._path):
            return -13, b"", "access denied"
        if prefix in load(self._path).get("denied_commands", []):
            return -13, b"", "access denied"
        return 0, json.dumps(load(self._path)[prefix]).encode(), ""

    def mgr_command(self, command: str, inbuf: bytes) -> Any:
        arguments = json.loads(command)
        prefix = arguments.pop("prefix")
        record(self._path, prefix, arguments)
        return 0, json.dumps(load(self._path).get(prefix, {})).encode(), ""
