"""Showing how far long work inside a cluster is."""

import time

from dcn_console.model.rate import RateMeter
from dcn_console.model.tasks import Progress, ProgressSource, TargetState
from dcn_console.operations.base import TargetContext


class Showing:
    """Shows progress in bytes from figures in units of ``unit`` bytes; call it as they come."""

    def __init__(
        self, context: TargetContext, text: str, source: ProgressSource, unit: int = 1
    ) -> None:
        self._context = context
        self._text = text
        self._source = source
        self._unit = unit
        self._rate = RateMeter()

    def __call__(self, done: int, total: int) -> None:
        """Show ``done`` of ``total`` units."""
        self._rate.add(time.monotonic(), done * self._unit)
        progress = Progress(
            source=self._source,
            done=done * self._unit,
            total=total * self._unit,
            rate=self._rate.rate(),
            seconds_left=self._rate.seconds_left(total * self._unit),
            measured_at=self._context.now(),
        )
        self._context.show(TargetState.RUNNING, self._text, progress)
