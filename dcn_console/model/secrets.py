"""Secrets kept out of everything we write: logs, tasks, screens, errors."""

import re

REDACTED = "[redacted]"

_PATTERNS = (
    # cephx keys: base64 of a 28-byte structure, always 40 characters that begin so
    # (ceph/src/auth/Crypto.cc, CryptoKey::encode).
    re.compile(r"\bAQ[A-Za-z0-9+/]{36}=="),
    # Fernet tokens of Keystone (keystone/token/token_formatters.py).
    re.compile(r"\bgAAAA[A-Za-z0-9_-]{40,}"),
    # Bootstrap tokens of rbd-mirror: base64 of {"fsid": …} (src/librbd/api/Mirror.cc).
    re.compile(r"\beyJ[A-Za-z0-9+/_-]{40,}={0,2}"),
)
_NAMED = re.compile(
    r"(?i)((?:\b(?:x-auth-token|x-subject-token|x-service-token|key)|password|passwd|secret)\b"
    r"[\"']?\s*[:=]\s*[\"']?)([^\s\"',;}]+)"
)


def redact(text: str) -> str:
    """Return ``text`` with cephx keys, tokens and named passwords replaced by "[redacted]"."""
    for pattern in _PATTERNS:
        text = pattern.sub(REDACTED, text)
    return _NAMED.sub(lambda found: found.group(1) + REDACTED, text)
