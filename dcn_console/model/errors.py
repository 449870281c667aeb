"""The exception tree of dcn-console.

Every error names what was being done, on which object and site, why it failed,
and the way out where one is known. Messages never hold secrets.
"""


class DcnError(Exception):
    """Base of every error of our own.

    ``way_out`` says what the operator can do about it ("" when nothing is known); ``option`` is
    that on the command line, which the command line alone shows.
    """

    def __init__(self, message: str, *, way_out: str = "", option: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.way_out = way_out
        self.option = option

    def __str__(self) -> str:
        """The message, followed by the way out when there is one."""
        return f"{self.message} {self.way_out}".strip()


class ConfigError(DcnError):
    """A configuration that cannot be used: the message names file, line and key."""


class UsageError(DcnError):
    """A request that cannot be understood: unknown or ambiguous names, bad options."""


class AmbiguousName(UsageError):
    """A name that fits several objects; ``candidates`` are their labels."""

    def __init__(self, message: str, candidates: tuple[str, ...], *, way_out: str = "") -> None:
        super().__init__(message, way_out=way_out)
        self.candidates = candidates


class RefusedError(DcnError):
    """A change that policy forbids: read-only console or site, or a failed precondition."""


class ServiceError(DcnError):
    """An OpenStack service did not do what it was asked."""


class ServiceUnreachable(ServiceError):
    """The service gave no answer in time, or none at all."""


class AuthenticationFailed(ServiceError):
    """The identity service refused the credentials."""


class HttpError(ServiceError):
    """The service answered with an HTTP error status."""

    def __init__(self, message: str, status: int, *, way_out: str = "") -> None:
        super().__init__(message, way_out=way_out)
        self.status = status


class ObjectNotFound(ServiceError):
    """The object does not exist, or these credentials may not see it."""


class MalformedAnswer(ServiceError):
    """The service answered with something that is not what its API promises."""


class ClusterError(DcnError):
    """A Ceph cluster, or the agent that talks to it, failed."""


class ClusterUnreachable(ClusterError):
    """The cluster gave no answer within the deadline."""


class AgentError(ClusterError):
    """The agent process could not be started, died, or answered nonsense."""


class RbdImageNotFound(ClusterError):
    """The RBD image or its snapshot is not in the pool."""


class RbdImageBusy(ClusterError):
    """The RBD image is in use, primary at the other side, or not primary here."""


class RbdImageExists(ClusterError):
    """There is something of that name already: an RBD image, a snapshot, a peer."""


class NoSpace(ClusterError):
    """The cluster is full, or the pool's quota is."""


class TaskStoreError(DcnError):
    """The task store cannot be opened, read or written."""


class RunnerBusy(DcnError):
    """Another runner holds this task store."""
