"""What a fail back is told, and what its own step is called."""

import msgspec

from dcn_console.operations.mirror_steps.renewal import Renewal
from dcn_console.operations.relocate.names import Relocation

NAME = "mirror-failback"


class Return(msgspec.Struct, frozen=True, kw_only=True):
    """A fail back as planned: first ``renewal`` at the old primary, then ``relocation`` to it.

    ``stop_servers`` run at the old primary and are stopped before anything else; ``written`` as
    for a resync, for screens.
    """

    renewal: Renewal
    relocation: Relocation
    stop_servers: tuple[str, ...] = ()
    written: dict[str, str | None] = {}
