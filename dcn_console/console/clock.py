"""The console's clock, and moments in words. Tests hand in a clock of their own."""

from collections.abc import Callable
from datetime import datetime

Clock = Callable[[], datetime]
"""Returns the present moment, aware, in the time zone that screens show."""


def local_clock() -> datetime:
    """The present moment in the machine's time zone."""
    return datetime.now().astimezone()


def moment(then: datetime, now: datetime) -> str:
    """Return "12:04" for a moment of today, else "20 Nov 12:04", in the time zone of ``now``."""
    local = then.astimezone(now.tzinfo)
    if local.date() == now.date():
        return f"{local:%H:%M}"
    if local.year == now.year:
        return f"{local.day} {local:%b %H:%M}"
    return f"{local:%Y-%m-%d %H:%M}"


def full_moment(then: datetime | None, now: datetime) -> str:
    """Return "2026-11-20 12:04:31" in the time zone of ``now``; "–" for None."""
    return "–" if then is None else f"{then.astimezone(now.tzinfo):%Y-%m-%d %H:%M:%S}"
