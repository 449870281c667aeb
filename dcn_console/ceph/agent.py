# ruff: noqa: UP006, UP035, UP045 - the file must load in Python 3.6: no list[str], no str | None
"""The agent: talks to one Ceph cluster, and speaks JSON lines on stdin and stdout.

It is one file on the standard library, ``rados`` and ``rbd``, in Python 3.6 syntax, so that its
source can be sent to any interpreter that has them. ``protocol.py`` describes the protocol.
It only reads, but for ``remove_unfinished``. It ends at once when stdin does, also while
librados hangs.

Timeouts: a dead monitor is bounded only by ``client_mount_timeout`` and a dead OSD only by
``rados_osd_op_timeout``; ``connect(timeout=)`` and ``mon_command(timeout=)`` are ignored by
librados (src/pybind/rados/rados.pyx). Whatever slips through, the client's deadline kills.
"""

import collections
import concurrent.futures
import errno
import hashlib
import json
import os
import pathlib
import queue
import sys
import threading
import time
from typing import Any, Callable, Dict, Iterator, List, Optional

PROTOCOL = 1
THREADS = 4
"""Requests served at the same time."""
OPEN_AT_ONCE = 8
"""RBD images opened at the same time while a pool is listed: each costs several round trips."""
PART_ITEMS = 50
PART_SECONDS = 0.5
"""A part of a list is sent when it has so many items, or is so old."""
READ_BYTES = 4 << 20
READ_AHEAD = 3
"""Bytes of one read while a digest is made, and reads under way at once: memory is bounded."""
REPORT_SECONDS = 0.25
LINE_BYTES = 1 << 20
PROBE_OBJECTS = ("rbd_directory", "rbd_info", *(f"dcn-console-probe.{n}" for n in range(6)))
"""Objects whose existence is asked for: their names fall into several placement groups."""
GLANCE_SNAPSHOT = "snap"
"""The name of the snapshot that Glance makes and protects (glance_store/_drivers/rbd.py)."""

Parameters = Dict[str, Any]
Send = Callable[[Dict[str, Any]], None]


class Failure(Exception):
    """A request that ends in an error of a ``kind`` from the protocol."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


KINDS = {
    errno.ETIMEDOUT: "unreachable",
    errno.ESHUTDOWN: "unreachable",
    errno.ENOTCONN: "unreachable",
    errno.ENOENT: "not-found",
    errno.EACCES: "permission",
    errno.EPERM: "permission",
    errno.EINVAL: "invalid",
}
"""What the errno of a rados or rbd error means; ESHUTDOWN is a client put on the blocklist."""


def failure_of(error: Exception) -> Failure:
    """Turn any exception into the failure that is answered."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, ImportError):
        version = ".".join(str(number) for number in sys.version_info[:3])
        return Failure(
            "internal",
            f"the Python modules of Ceph are not there ({error}): {sys.executable or 'Python'}"
            f" {version} needs python3-rados and python3-rbd",
        )
    kind = KINDS.get(getattr(error, "errno", None) or 0, "internal")
    return Failure(kind, str(error) or type(error).__name__)


def text(parameters: Parameters, name: str, default: Optional[str] = None) -> str:
    """Return the string parameter ``name``; raise Failure when it is missing or no string."""
    value = parameters.get(name, default)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or (default is None and not value):
        raise Failure("invalid", f"the parameter {name} must be a string")
    return value


class Reporter:
    """Sends progress, at most one line in REPORT_SECONDS."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._sent = 0.0

    def __call__(self, done: int, total: int) -> int:
        """Report ``done`` of ``total``; return the 0 that librbd's callbacks must return."""
        if time.monotonic() - self._sent >= REPORT_SECONDS:
            self._sent = time.monotonic()
            self._send({"progress": {"done": done, "total": total}})
        return 0


class Cluster:
    """The operations, on one connection to one cluster."""

    def __init__(self) -> None:
        self._rados = None  # type: Any

    def connect(self, parameters: Parameters, send: Send) -> Dict[str, Any]:
        """Connect; answer the fsid. The parameters are conf, user, keyring, fsid, timeout."""
        import rados
        import rbd  # noqa: F401 - its absence is told now, not at the first image

        if self._rados is not None:
            raise Failure("invalid", "already connected")
        conf = text(parameters, "conf", "")
        user = text(parameters, "user", "admin")
        wanted = text(parameters, "fsid", "")
        timeout = parameters.get("timeout_seconds", 5)
        if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or timeout <= 0:
            raise Failure("invalid", "the parameter timeout_seconds must be a positive number")
        seconds = str(max(1, int(timeout)))
        options = {
            "client_mount_timeout": seconds,
            "rados_osd_op_timeout": seconds,
            "rados_mon_op_timeout": seconds,
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
        return {"fsid": fsid}

    def status(self, parameters: Parameters, send: Send) -> Dict[str, Any]:
        """Answer health and capacity, in bytes (``ceph status`` and ``ceph df``)."""
        health = self._command("status").get("health") or {}
        usage = self._command("df")
        stats = usage.get("stats") or {}
        pools = {}
        for pool in usage.get("pools") or ():
            numbers = pool.get("stats") or {}
            used = numbers.get("stored", numbers.get("bytes_used", 0))
            pools[pool["name"]] = {"used": used, "available": numbers.get("max_avail", 0)}
        checks = health.get("checks") or {}
        return {
            "fsid": str(self._handle().get_fsid()),
            "health": health.get("status"),
            "warnings": [check["summary"]["message"] for _, check in sorted(checks.items())],
            "total": stats.get("total_bytes", 0),
            "used": stats.get("total_used_raw_bytes", stats.get("total_used_bytes", 0)),
            "available": stats.get("total_avail_bytes", 0),
            "pools": pools,
        }

    def pools(self, parameters: Parameters, send: Send) -> List[str]:
        """Answer the names of all pools."""
        return sorted(self._handle().list_pools())

    def probe(self, parameters: Parameters, send: Send) -> Dict[str, Any]:
        """Make the OSDs of a pool answer, without writing: ask for a few objects."""
        import rados

        with self._pool(parameters) as ioctx:
            for name in PROBE_OBJECTS:
                try:
                    ioctx.stat(name)
                except rados.ObjectNotFound:
                    continue
        return {}

    def rbd_image(self, parameters: Parameters, send: Send) -> Dict[str, Any]:
        """Answer size in bytes and Glance's snapshot of one RBD image."""
        name = text(parameters, "name")
        with self._pool(parameters) as ioctx:
            return describe(ioctx, name)

    def used_bytes(self, parameters: Parameters, send: Send) -> Dict[str, Any]:
        """Answer the bytes of an RBD image that are written, in whole objects, as ``rbd du``."""
        total = 0

        def add(offset: int, length: int, exists: bool) -> None:
            nonlocal total
            total += length if exists else 0

        with self._pool(parameters) as ioctx, open_image(ioctx, text(parameters, "name")) as image:
            size = image.size()
            if size:
                image.diff_iterate(0, size, None, add, include_parent=False, whole_object=True)
        return {"used": min(total, size)}

    def rbd_images(self, parameters: Parameters, send: Send) -> Dict[str, Any]:
        """Send all RBD images of a pool in parts; answer how many there were."""
        import rbd

        count = 0
        with self._pool(parameters) as ioctx:
            names = rbd.RBD().list(ioctx)
            part = []  # type: List[Dict[str, Any]]
            sent = time.monotonic()
            for item in in_order(lambda name: describe_or_skip(ioctx, name), names, OPEN_AT_ONCE):
                if item is not None:
                    part.append(item)
                    count += 1
                due = time.monotonic() - sent >= PART_SECONDS
                if due or len(part) >= PART_ITEMS:
                    send({"part": part})
                    part = []
                    sent = time.monotonic()
            if part:
                send({"part": part})
        return {"count": count}

    def digest(self, parameters: Parameters, send: Send) -> Dict[str, Any]:
        """Read an RBD image, or its snapshot, from end to end; answer the hash of its bytes."""
        name = text(parameters, "name")
        algorithm = text(parameters, "algorithm")
        if algorithm not in hashlib.algorithms_available or algorithm.startswith("shake"):
            raise Failure("invalid", f"the hash {algorithm} is not known here")
        total_hash = hashlib.new(algorithm)
        snapshot = text(parameters, "snap", "") or None
        with self._pool(parameters) as ioctx, open_image(ioctx, name, snapshot) as image:
            size = image.size()

            def read(offset: int) -> bytes:
                return bytes(image.read(offset, min(READ_BYTES, size - offset)))

            done = 0
            report = Reporter(send)
            for data in in_order(read, range(0, size, READ_BYTES), READ_AHEAD):
                total_hash.update(data)
                done += len(data)
                report(done, size)
        if done != size:
            raise Failure("internal", f"{done} bytes were read instead of {size}")
        return {"digest": total_hash.hexdigest(), "bytes": done}

    def remove_unfinished(self, parameters: Parameters, send: Send) -> Dict[str, Any]:
        """Remove an RBD image that an interrupted copy left behind, and nothing else.

        Whoever began to write it since is a watcher, and librbd itself looks for those and for
        snapshots again while it removes (src/librbd/image/RemoveRequest.cc).
        """
        import rbd

        name = text(parameters, "name")
        report = Reporter(send)
        with self._pool(parameters) as ioctx:
            try:
                with open_image(ioctx, name) as image:
                    refuse_finished(image)
                rbd.RBD().remove(ioctx, name, on_progress=report)
            except rbd.ImageNotFound:
                return {"removed": False}
            except (rbd.ImageBusy, rbd.ImageHasSnapshots) as error:
                raise Failure("invalid", str(error)) from error
        return {"removed": True}

    def _handle(self) -> Any:
        if self._rados is None:
            raise Failure("invalid", "not connected")
        return self._rados

    def _pool(self, parameters: Parameters) -> Any:
        import rados

        pool = text(parameters, "pool")
        try:
            return self._handle().open_ioctx(pool)
        except rados.ObjectNotFound:
            raise Failure("invalid", f"there is no pool {pool}") from None

    def _command(self, prefix: str) -> Dict[str, Any]:
        """Run a monitor command that only reads, and return its JSON."""
        command = json.dumps({"prefix": prefix, "format": "json"})
        code, output, message = self._handle().mon_command(command, b"")
        if code:
            kind = KINDS.get(abs(code), "internal")
            raise Failure(kind, f"ceph {prefix}: {message or os.strerror(abs(code))}")
        answer = json.loads(output.decode("utf-8"))
        if not isinstance(answer, dict):
            raise Failure("internal", f"ceph {prefix} answered no JSON object")
        return answer


OPERATIONS = {
    "connect": Cluster.connect,
    "status": Cluster.status,
    "pools": Cluster.pools,
    "probe": Cluster.probe,
    "rbd_image": Cluster.rbd_image,
    "used_bytes": Cluster.used_bytes,
    "rbd_images": Cluster.rbd_images,
    "digest": Cluster.digest,
    "remove_unfinished": Cluster.remove_unfinished,
}


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


def open_image(ioctx: Any, name: str, snapshot: Optional[str] = None) -> Any:
    """Open an RBD image for reading only, so that nobody is kept from removing it."""
    import rbd

    return rbd.Image(ioctx, name, snapshot=snapshot, read_only=True)


def describe(ioctx: Any, name: str) -> Dict[str, Any]:
    """Return name, size in bytes, and the state of Glance's snapshot."""
    with open_image(ioctx, name) as image:
        present = any(snapshot["name"] == GLANCE_SNAPSHOT for snapshot in image.list_snaps())
        return {
            "name": name,
            "size": image.size(),
            "snap": present,
            "snap_protected": bool(present and image.is_protected_snap(GLANCE_SNAPSHOT)),
        }


def describe_or_skip(ioctx: Any, name: str) -> Optional[Dict[str, Any]]:
    """Return what ``describe`` does, or None for an image removed since the pool was listed."""
    import rbd

    try:
        return describe(ioctx, name)
    except rbd.ImageNotFound:
        return None


def refuse_finished(image: Any) -> None:
    """Raise Failure unless ``image`` can only be what an interrupted copy left behind."""
    import rbd

    snapshots = [snapshot["name"] for snapshot in image.list_snaps()]
    if snapshots:
        raise Failure("invalid", f"it has the snapshot {snapshots[0]}, so it is no leftover")
    watchers = [watcher["addr"] for watcher in image.watchers_list()]
    if watchers:
        raise Failure("invalid", f"it is open at {watchers[0]}")
    if image.mirror_image_get_info()["state"] != rbd.RBD_MIRROR_IMAGE_DISABLED:
        raise Failure("invalid", "it is mirrored")
    try:
        image.parent_info()
    except rbd.ImageNotFound:
        return
    raise Failure("invalid", "it is a clone, so no copy made it")


def in_order(work: Callable[[Any], Any], items: Any, at_once: int) -> Iterator[Any]:
    """Yield ``work(item)`` of each item in order, with at most ``at_once`` under way."""
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        window = collections.deque()  # type: Any
        for item in items:
            window.append(pool.submit(work, item))
            if len(window) >= at_once:
                yield window.popleft().result()
        while window:
            yield window.popleft().result()


class Channel:
    """Stdin and stdout as lines of JSON. Only this writes to the real stdout."""

    def __init__(self) -> None:
        self._input = sys.stdin.buffer
        self._output = os.dup(1)
        os.dup2(2, 1)
        self._lock = threading.Lock()

    def send(self, message: Dict[str, Any]) -> None:
        """Write one line; end the process when nobody reads."""
        line = memoryview(json.dumps(message).encode("utf-8") + b"\n")
        with self._lock:
            try:
                while line:
                    line = line[os.write(self._output, line) :]
            except OSError:
                os._exit(1)

    def requests(self) -> Iterator[Dict[str, Any]]:
        """Yield the requests until stdin ends; answer a line that is none with an error."""
        while True:
            line = self._input.readline(LINE_BYTES)
            if not line.endswith(b"\n"):
                while line and not line.endswith(b"\n"):
                    line = self._input.readline(LINE_BYTES)
                if not line:
                    return
                self.refuse("the line is too long")
                continue
            try:
                request = json.loads(line.decode("utf-8"))
            except ValueError as error:
                self.refuse(f"the line is not JSON: {error}")
                continue
            if is_request(request):
                yield request
            else:
                self.refuse("the line is not a request")

    def refuse(self, message: str) -> None:
        """Answer a line that belongs to no request."""
        self.send({"id": None, "error": {"kind": "invalid", "message": message}})


def unknown_operation(cluster: Cluster, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Refuse what is asked for; raises Failure."""
    raise Failure("unknown-operation", f"known are {', '.join(sorted(OPERATIONS))}")


def is_request(request: Any) -> bool:
    """Whether a decoded line has the shape of a request."""
    return (
        isinstance(request, dict)
        and isinstance(request.get("id"), int)
        and isinstance(request.get("operation"), str)
        and isinstance(request.get("parameters", {}), dict)
    )


def answer(cluster: Cluster, channel: Channel, request: Dict[str, Any]) -> None:
    """Carry out one request and send exactly one result or error."""
    number = request["id"]

    def send(message: Dict[str, Any]) -> None:
        channel.send(dict(message, id=number))

    try:
        operation = OPERATIONS.get(request["operation"], unknown_operation)
        send({"result": operation(cluster, request.get("parameters", {}), send)})
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer
        failure = failure_of(error)
        send({"error": {"kind": failure.kind, "message": str(failure)}})
        if getattr(error, "errno", None) == errno.ESHUTDOWN:
            os._exit(1)


def library_version() -> str:
    """Return the version of librbd, "" where the modules are missing."""
    try:
        import rbd
    except ImportError:
        return ""
    return f"librbd {'.'.join(str(number) for number in rbd.RBD().version())}"


def serve() -> None:
    """Serve requests until stdin ends, then end the process whatever still hangs."""
    channel = Channel()
    cluster = Cluster()
    hello = {
        "protocol": PROTOCOL,
        "agent": "ceph",
        "ceph_version": library_version(),
        "pid": os.getpid(),
    }
    channel.send({"hello": hello})
    waiting = queue.Queue()  # type: Any

    def work() -> None:
        while True:
            answer(cluster, channel, waiting.get())

    for _ in range(THREADS):
        threading.Thread(target=work, daemon=True).start()
    for request in channel.requests():
        waiting.put(request)
    os._exit(0)


if __name__ == "__main__":
    serve()
