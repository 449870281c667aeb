"""Turning what keystoneauth and openstacksdk raise into errors of our own."""

import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from dcn_console.clouds.answers import sentence
from dcn_console.model.errors import (
    AuthenticationFailed,
    DcnError,
    ServiceError,
    ServiceUnreachable,
)
from dcn_console.model.text import printable

T = TypeVar("T")

_TEXT_LIMIT = 300
_ERRNO = re.compile(r"\[Errno -?\d+\] ([^'\")\]]+)")


def mapped(doing: str, seconds: float, function: Callable[[], T]) -> T:
    """Call ``function``; what the libraries raise becomes an error naming what was asked.

    ``seconds`` is the time limit that a timeout means.
    """
    from keystoneauth1 import exceptions as library
    from openstack.exceptions import SDKException

    try:
        return function()
    except DcnError:
        raise
    except library.HttpError as error:
        raise _http_error(doing, error) from error
    except (library.ClientException, SDKException) as error:
        raise _other_error(doing, seconds, error) from error


def _http_error(doing: str, error: Exception) -> ServiceError:
    status = getattr(error, "http_status", 0)
    response = getattr(error, "response", None)
    content = b"" if response is None else bytes(response.content)
    said = sentence(content) or printable(str(error), _TEXT_LIMIT)
    if status == 401:
        return AuthenticationFailed(
            f"{doing}: {status} {said}",
            way_out="Check user, password and project in clouds.yaml.",
        )
    return ServiceError(f"{doing}: {status} {said}")


def _other_error(doing: str, seconds: float, error: Exception) -> ServiceError:
    from keystoneauth1 import exceptions as library

    text = printable(str(error), _TEXT_LIMIT)
    for cause in _causes(error):
        if isinstance(cause, library.ConnectTimeout):
            return ServiceUnreachable(f"{doing}: no answer within {seconds:g} s.")
        if isinstance(cause, library.SSLError):
            return ServiceUnreachable(
                f"{doing}: {printable(str(cause), _TEXT_LIMIT)}",
                way_out="Name the certificate authority as “cacert” in clouds.yaml.",
            )
        if isinstance(cause, library.ConnectionError):
            return ServiceUnreachable(f"{doing}: {_connection_trouble(cause)}")
    if isinstance(error, library.AuthorizationFailure):
        return AuthenticationFailed(f"{doing}: {text}")
    return ServiceError(f"{doing}: {text}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _connection_trouble(error: BaseException) -> str:
    """Return urllib3's story in one sentence: where to, and the system's word for why not."""
    text = str(error)
    where = text.split(": HTTP", 1)[0]
    reason = _ERRNO.search(text)
    if reason is None or where == text:
        return printable(text, _TEXT_LIMIT)
    return printable(f"{where}: {reason.group(1).strip()}.", _TEXT_LIMIT)
