"""The words that an image of a server is decided by, and what its steps need to know."""

import msgspec

from dcn_console.operations.upload_volume.plan import Parameters as Upload

NAME = "server-image"

STOP_STEP = "stop server"
START_STEP = "start server"
ASK_STEP = "ask"
WATCH_STEP = "watch"
CLEAR_STEP = "clean up"

PART = "image"
"""What the mark of an image that Nova makes says it is."""


class OwnDisk(msgspec.Struct, frozen=True, kw_only=True):
    """An image that Nova makes of its own disk at the site ``home``, and the sites it goes to."""

    name: str
    home: str
    sites: tuple[str, ...] = ()


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """The server, whether it is stopped meanwhile, and how its image is made.

    ``upload`` is that of its root volume, ``own_disk`` that of a root disk of Nova's own; one of
    them is None.
    """

    server_id: str
    label: str
    stop: bool
    wanted_stop: bool
    wanted_name: str = ""
    wanted_sites: tuple[str, ...] = ()
    upload: Upload | None = None
    own_disk: OwnDisk | None = None
