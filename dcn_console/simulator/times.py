"""How the services write times, from seconds since the epoch, and how they read them."""

from datetime import UTC, datetime


def zulu(seconds: float) -> str:
    """Return Glance's form for images: "2026-11-21T05:12:49Z"."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro(seconds: float) -> str:
    """Return Cinder's form, and Glance's for tasks: "2026-11-21T05:12:49.000000"."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def micro_zulu(seconds: float) -> str:
    """Return Keystone's form: "2026-11-21T05:12:49.000000Z"."""
    return micro(seconds) + "Z"


def parse(text: str) -> float:
    """Return the time of an ISO 8601 text, taken as UTC without a zone; raise ValueError."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
