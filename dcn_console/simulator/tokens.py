"""Tokens and who stands behind them.

A token is a signed note of user, project and expiry, so that tokens outlive a restart of the
simulator; Keystone's fernet tokens work alike.
"""

import base64
import binascii
import hashlib
import hmac

import msgspec

from dcn_console.simulator.deployment import Deployment
from dcn_console.simulator.records import ImageRecord, ProjectRecord, UserRecord

LIFETIME_SECONDS = 24 * 3600.0
ADMIN_ROLE = "admin"


class TokenNote(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says. ``project_id`` is "" for one without scope."""

    user_id: str
    project_id: str
    issued_at: float
    expires_at: float
    audit_id: str


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A user acting in a project (None without scope)."""

    user: UserRecord
    project: ProjectRecord | None

    @property
    def roles(self) -> tuple[str, ...]:
        """The names of the roles in the project."""
        return self.user.roles.get(self.project.id, ()) if self.project else ()

    @property
    def is_admin(self) -> bool:
        """Whether the policies' admin rule holds."""
        return ADMIN_ROLE in self.roles

    @property
    def project_id(self) -> str:
        """The project's id, "" without scope."""
        return self.project.id if self.project else ""

    def may_see_image(self, image: ImageRecord) -> bool:
        """Whether get_image allows it: admins everything, others their own and public ones."""
        return (
            self.is_admin
            or image.owner == self.project_id
            or image.visibility in ("public", "community")
        )

    def may_change_image(self, image: ImageRecord) -> bool:
        """Whether modify_image allows it: admins and the owning project."""
        return self.is_admin or image.owner == self.project_id


class Tokens:
    """Issues and reads tokens; ``key`` signs them."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._revoked: set[str] = set()

    def issue(self, note: TokenNote) -> str:
        """Return the token for a note."""
        body = base64.urlsafe_b64encode(msgspec.msgpack.encode(note)).rstrip(b"=")
        return f"{body.decode()}.{self._signature(body)}"

    def read(self, token: str, now: float) -> TokenNote | None:
        """Return what a token says, or None when it is forged, expired or revoked."""
        body, _, signature = token.partition(".")
        if not hmac.compare_digest(self._signature(body.encode()).encode(), signature.encode()):
            return None
        try:
            padded = body + "=" * (-len(body) % 4)
            note = msgspec.msgpack.decode(base64.urlsafe_b64decode(padded), type=TokenNote)
        except (binascii.Error, msgspec.DecodeError):
            return None
        return None if note.audit_id in self._revoked or note.expires_at < now else note

    def revoke(self, note: TokenNote) -> None:
        """Make a token worthless."""
        self._revoked.add(note.audit_id)

    def _signature(self, body: bytes) -> str:
        return hmac.new(self._key, body, hashlib.sha256).hexdigest()


def identity(deployment: Deployment, note: TokenNote) -> Identity | None:
    """Return the user and project of a note, or None when either is unknown."""
    user = deployment.user(note.user_id)
    project = deployment.project(note.project_id) if note.project_id else None
    if user is None or (note.project_id and project is None):
        return None
    return Identity(user=user, project=project)
