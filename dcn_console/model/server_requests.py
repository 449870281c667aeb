"""What a person asks for about servers and whole sites, before it is planned."""

from dcn_console.model.requests import Request


class StopServers(Request, frozen=True, kw_only=True):
    """Shut servers down."""

    server_ids: tuple[str, ...]


class StartServers(Request, frozen=True, kw_only=True):
    """Start stopped servers."""

    server_ids: tuple[str, ...]


class CreateServer(Request, frozen=True, kw_only=True):
    """Create a server from a volume, at the volume's site; ids or names of what it uses."""

    name: str
    volume_id: str
    flavor: str
    network: str = ""
    key: str = ""
    security_group: str = ""


class DeleteServers(Request, frozen=True, kw_only=True):
    """Delete servers; their volumes stay unless they were made to go with them."""

    server_ids: tuple[str, ...]


class ImageOfServer(Request, frozen=True, kw_only=True):
    """Make an image of a server's root disk, central first, then at ``sites``.

    ``stop_server`` agrees to the server being stopped for it and started again.
    """

    server_id: str
    name: str = ""
    sites: tuple[str, ...] = ()
    stop_server: bool = False


class ValidateSite(Request, frozen=True, kw_only=True):
    """Run the whole of what an edge must be able to do, and clean up.

    ``second_site`` is where the backup is restored, "" for another edge or the hub. The image is
    one made for it of ``image_bytes``, the local file ``image_path``, or the Glance image
    ``image_id``. ``flavor`` and ``network`` are ids or names, "" for the smallest flavor and no
    network; ``without_server`` leaves servers out. ``keep`` leaves everything there.
    ``step_seconds`` is how long a step may take until it is given up. ``offers`` only asks what
    the server can be put on: the plan tells, and has nothing to do.
    """

    site: str
    second_site: str = ""
    image_path: str = ""
    image_id: str = ""
    image_bytes: int = 16 << 20
    flavor: str = ""
    network: str = ""
    without_server: bool = False
    keep: bool = False
    step_seconds: float = 900.0
    offers: bool = False
