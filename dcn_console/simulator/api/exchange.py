"""What the services' endpoints share: who asks, the body, answers and refusals."""

import html
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from dcn_console.simulator.engine import Engine
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.tokens import Identity, identity

_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    410: "Gone",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
_FAULT_NAMES = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    409: "conflictingRequest",
    413: "overLimit",
}


def engine_of(request: Request) -> Engine:
    """Return the engine behind the application."""
    engine = request.scope["dcn_engine"]
    if not isinstance(engine, Engine):
        raise TypeError("The application has no engine.")
    return engine


def base_url(request: Request) -> str:
    """Return scheme, host and port as the client knows them."""
    return f"{request.url.scheme}://{request.url.netloc}"


def caller(request: Request) -> Identity:
    """Return who asks; raise Refusal 401 without a valid token."""
    engine = engine_of(request)
    note = engine.tokens.read(request.headers.get("x-auth-token", ""), engine.clock.now())
    known = identity(engine.world.deployment, note) if note else None
    if known is None:
        raise Refusal(401, "The request you have made requires authentication.")
    return known


def administrator(
    request: Request,
    action: str,
    sentence: str = "You are not authorized to complete {} action.",
) -> Identity:
    """Return who asks; raise Refusal 403 with Glance's sentence unless it is an administrator."""
    who = caller(request)
    if not who.is_admin:
        raise Refusal(403, sentence.format(action))
    return who


async def json_body(request: Request) -> Any:
    """Return the request's JSON body; raise Refusal 400."""
    try:
        return msgspec.json.decode(await request.body())
    except msgspec.DecodeError as error:
        raise Refusal(400, "Malformed JSON in request body.") from error


def json_reply(
    content: object, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Answer with JSON."""
    return raw_json_reply(msgspec.json.encode(content), status, headers)


def raw_json_reply(
    body: bytes, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Answer with bytes that are JSON already."""
    return Response(body, status, headers, media_type="application/json")


def whole_number(text: str | None, default: int, what: str) -> int:
    """Return a query's whole number that is not negative; raise Refusal 400 naming ``what``."""
    if text is None:
        return default
    if not text.isascii() or not text.removeprefix("-").isdigit():
        raise Refusal(400, f"{what} must be an integer")
    if int(text) < 0:
        raise Refusal(400, f"{what} must be positive")
    return int(text)


def identity_refusal(_: Request, error: Exception) -> Response:
    """Render a refusal as Keystone does."""
    refusal = _refusal(error)
    content = {
        "error": {
            "code": refusal.status,
            "message": refusal.message,
            "title": _TITLES.get(refusal.status, "Error"),
        }
    }
    return json_reply(content, refusal.status)


def image_refusal(request: Request, error: Exception) -> Response:
    """Render a refusal as Glance does: as HTML, JSON or plain text, by what is accepted (webob)."""
    refusal = _refusal(error)
    if refusal.status == 401:
        return identity_refusal(request, error)
    accepted = request.headers.get("accept", "")
    title = _TITLES.get(refusal.status, "Error")
    if "application/json" in accepted and "*/*" not in accepted and "html" not in accepted:
        content = {"message": f"{refusal.message}<br /><br />\n\n\n", "code": refusal.status}
        return json_reply(
            {**content, "code": f"{refusal.status} {title}", "title": title}, refusal.status
        )
    heading = f"{refusal.status} {title}"
    if not any(kind in accepted for kind in ("*", "html", "json")):
        text = f"{heading}\n\n{refusal.message}\n\n   "
        return Response(text, refusal.status, media_type="text/plain")
    page = (
        f"<html>\n <head>\n  <title>{heading}</title>\n </head>\n <body>\n"
        f"  <h1>{heading}</h1>\n  {html.escape(refusal.message)}<br /><br />\n\n\n\n"
        " </body>\n</html>"
    )
    return Response(page, refusal.status, media_type="text/html")


def fault_refusal(request: Request, error: Exception) -> Response:
    """Render a refusal as Cinder and Nova do: JSON under a key that varies."""
    refusal = _refusal(error)
    if refusal.status == 401:
        return identity_refusal(request, error)
    key = _FAULT_NAMES.get(refusal.status, "computeFault")
    return json_reply({key: {"code": refusal.status, "message": refusal.message}}, refusal.status)


def network_refusal(request: Request, error: Exception) -> Response:
    """Render a refusal as Neutron does."""
    refusal = _refusal(error)
    if refusal.status == 401:
        return identity_refusal(request, error)
    kind = _TITLES.get(refusal.status, "Error").replace(" ", "")
    content = {"type": kind, "message": refusal.message, "detail": ""}
    return json_reply({"NeutronError": content}, refusal.status)


def _refusal(error: Exception) -> Refusal:
    if not isinstance(error, Refusal):
        raise error
    return error
