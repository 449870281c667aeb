"""Errors of a cluster in words for people: which site, which object, why, and the way out."""

import shlex

import msgspec

from dcn_console.ceph.process import redacted
from dcn_console.ceph.protocol import Kind, Refusal
from dcn_console.ceph.session import AgentLost
from dcn_console.model.errors import (
    AgentError,
    ClusterError,
    ClusterUnreachable,
    NoSpace,
    RbdImageBusy,
    RbdImageExists,
    RbdImageNotFound,
)
from dcn_console.model.sites import ClusterAccess
from dcn_console.model.text import printable

_REASON_CHARACTERS = 400


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What a request is about, each of pool, name and snap "" when it is about more.

    ``failed`` says what did not happen to it ("is not promoted"), for a request that changes
    something; ``way_out`` what to do when the cluster refuses; ``needs`` which capabilities the
    request takes.
    """

    pool: str = ""
    name: str = ""
    snap: str = ""
    failed: str = ""
    way_out: str = ""
    needs: str = "mon 'profile rbd', osd 'profile rbd'"

    def parameters(self) -> dict[str, str]:
        """Return pool and name as the operations take them."""
        return {key: value for key in ("pool", "name") if (value := getattr(self, key))}

    def __str__(self) -> str:
        """``POOL/NAME@SNAP``, made safe to show."""
        text = self.pool + (f"/{self.name}" if self.name else "")
        return printable(text + (f"@{self.snap}" if self.snap else ""), 200)


def explained(
    error: Refusal | ClusterError, site: str, access: ClusterAccess, subject: Subject
) -> ClusterError:
    """Return the error to raise for ``error`` while ``subject`` was asked for at ``site``."""
    where = f"Site {printable(site, 60)}"
    about = f" ({subject})" if subject.pool else ""
    match error:
        case ClusterUnreachable():
            return ClusterUnreachable(
                f"{where}: the cluster does not answer{about}. {error.message}",
                way_out=_look(access),
            )
        case AgentLost():
            return AgentLost(f"{where}: {error.message}", way_out=error.way_out)
        case ClusterError():
            return AgentError(f"{where}: {error.message}", way_out=error.way_out)
        case Refusal():
            return _refused(error, where, about, access, subject)


def _refused(
    error: Refusal, where: str, about: str, access: ClusterAccess, subject: Subject
) -> ClusterError:
    reason = printable(redacted(error.message), _REASON_CHARACTERS)
    user = printable(f"client.{access.user}", 80)
    what = f"the RBD image {subject}" if subject.name else f"the pool {subject}"
    refused = f"{where}: {what} {subject.failed}: {reason}." if subject.failed else ""
    match error.kind:
        case Kind.UNREACHABLE:
            return ClusterUnreachable(
                f"{where}: the cluster does not answer{about}: {reason}.", way_out=_look(access)
            )
        case Kind.NOT_FOUND if subject.name:
            return RbdImageNotFound(f"{where}: there is no RBD image {subject}.")
        case Kind.BUSY | Kind.EXISTS | Kind.NO_SPACE:
            return _hindered(error.kind, refused or f"{where}: {what}: {reason}.", subject)
        case Kind.KEYRING:
            return ClusterError(
                f"{where}: {reason}.",
                way_out="Put the keyring in place, or set `user` and `keyring` of the site's"
                " cluster in the config.",
            )
        case Kind.PERMISSION:
            return ClusterError(
                f"{where}: permission denied to {user}{about}: {reason}.",
                way_out=f"Compare key and capabilities with `ceph auth get {user}`;"
                f" this takes {subject.needs}.",
            )
        case Kind.INVALID | Kind.NOT_FOUND if refused:
            return ClusterError(refused, way_out=subject.way_out)
        case Kind.INVALID | Kind.NOT_FOUND:
            return ClusterError(
                f"{where}: {reason}.", way_out="Correct the site's cluster in the config."
            )
        case Kind.UNKNOWN_OPERATION:
            return AgentError(
                f"{where}: the agent cannot do that: {reason}.",
                way_out="Use the agent that came with this release.",
            )
        case _:
            return AgentError(f"{where}: the agent failed{about}: {reason}.")


def _hindered(kind: Kind, message: str, subject: Subject) -> ClusterError:
    if kind is Kind.BUSY:
        return RbdImageBusy(message, way_out=subject.way_out)
    if kind is Kind.EXISTS:
        return RbdImageExists(message, way_out=subject.way_out)
    return NoSpace(
        f"{message} No space is left.",
        way_out="See `ceph df` and `ceph osd pool get-quota`; free or add space.",
    )


def _look(access: ClusterAccess) -> str:
    """Return the command that shows whether the cluster lives."""
    words = ["ceph", "--connect-timeout", "5", "--id", access.user]
    if access.conf:
        words += ["--conf", access.conf]
    return f"Look at its monitors and OSDs: {printable(shlex.join([*words, 'status']), 300)}"
