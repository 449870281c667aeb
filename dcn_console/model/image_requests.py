"""What a person asks for about images coming in and going out, before it is planned."""

from dcn_console.model.requests import Request


class ImportImage(Request, frozen=True, kw_only=True):
    """Make an image of a local file or of a URL: in the central store, then at ``sites``.

    Exactly one of ``path`` and ``url`` is given. ``disk_format`` is the source's ("" to look).
    ``convert`` turns it into raw on the way.
    """

    name: str
    path: str = ""
    url: str = ""
    disk_format: str = ""
    convert: bool = True
    visibility: str = "private"
    sites: tuple[str, ...] = ()


class DeleteCopies(Request, frozen=True, kw_only=True):
    """Delete images' copies at ``sites``; the images stay elsewhere."""

    image_ids: tuple[str, ...]
    sites: tuple[str, ...]


class DeleteImages(Request, frozen=True, kw_only=True):
    """Delete images everywhere."""

    image_ids: tuple[str, ...]
