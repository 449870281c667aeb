"""How a service or a cluster of the simulated cloud says no."""


class Refusal(Exception):
    """An HTTP error of an OpenStack service; ``message`` is what its body says."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class ClusterRefusal(Exception):
    """An error of a cluster; ``kind`` is one of the agents' protocol."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


def invalid(what: str, why: str = "") -> ClusterRefusal:
    """EINVAL: ``why`` in the agent's words, ``what`` failed in librbd's."""
    return _refused("invalid", "[errno 22] RBD invalid argument", what, why)


def busy(what: str, why: str = "") -> ClusterRefusal:
    """EBUSY."""
    return _refused("busy", "[errno 16] RBD image is busy", what, why)


def missing(what: str, why: str = "") -> ClusterRefusal:
    """ENOENT."""
    return _refused("not-found", "[errno 2] RBD image not found", what, why)


def read_only(what: str, why: str = "") -> ClusterRefusal:
    """EROFS."""
    return _refused("busy", "[errno 30] RBD read-only image", what, why)


def exists(what: str, why: str = "") -> ClusterRefusal:
    """EEXIST."""
    return _refused("exists", "[errno 17] RBD image already exists", what, why)


def _refused(kind: str, error: str, what: str, why: str) -> ClusterRefusal:
    text = f"{error} ({what})"
    return ClusterRefusal(kind, f"{why} ({text})" if why else text)
