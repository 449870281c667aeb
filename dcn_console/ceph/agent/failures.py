"""How requests fail, and what the errors of rados and rbd mean in the protocol's words."""

import errno
import os
import sys


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
    errno.EOPNOTSUPP: "invalid",
    errno.ENOTEMPTY: "invalid",
    errno.EBUSY: "busy",
    errno.EROFS: "busy",
    errno.EEXIST: "exists",
    errno.ENOSPC: "no-space",
    errno.EDQUOT: "no-space",
}
"""What the errno of a rados or rbd error means; ESHUTDOWN is a client put on the blocklist."""


def kind_of(error: BaseException) -> str:
    """Return the kind of any exception."""
    return KINDS.get(getattr(error, "errno", None) or 0, "internal")


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
    return Failure(kind_of(error), str(error) or type(error).__name__)


def command_failure(name: str, code: int, message: str) -> Failure:
    """Return the failure of a command to a monitor or manager; ``code`` is its errno."""
    reason = message.strip() or os.strerror(abs(code))
    return Failure(KINDS.get(abs(code), "internal"), f"{name}: {reason}")
