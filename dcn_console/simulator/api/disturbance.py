"""What happens around every request: time passes, faults strike, changes are saved.

Pure ASGI, so that a request whose client has gone away is still carried out, as by Glance.
"""

import asyncio
import re
from typing import Any

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dcn_console.simulator.api.image_lists import ImageLists
from dcn_console.simulator.api.volume_view import VolumeEncodings
from dcn_console.simulator.engine import Engine
from dcn_console.simulator.faults import ApiFault, Mangling, take_api_fault

CONTROL = "simulator"
_PATH = re.compile(r"/([a-z]+)(/.*)?")
_PROXY_PAGE = b"<html><body><h1>It works!</h1></body></html>"


class Disturbance:
    """Wraps the application with the engine's clock, latency, faults and saving."""

    def __init__(self, application: ASGIApp, engine: Engine) -> None:
        self._application = application
        self._engine = engine
        self._lists = ImageLists(engine.world)
        self._encodings = VolumeEncodings(engine.world.deployment)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        scope["dcn_engine"] = self._engine
        scope["dcn_image_lists"] = self._lists
        scope["dcn_volume_encodings"] = self._encodings
        match = _PATH.fullmatch(scope["path"])
        service, path = (match.group(1), match.group(2) or "/") if match else ("", "/")
        if service == CONTROL:
            await self._serve(scope, receive, send)
        elif service == "image":
            async with self._engine.image_threads:
                await self._disturbed(service, path, scope, receive, send)
        else:
            await self._disturbed(service, path, scope, receive, send)

    async def _disturbed(
        self, service: str, path: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        engine = self._engine
        fault, left = take_api_fault(engine.world.faults, service, scope["method"], path)
        if fault is not None:
            engine.world.faults = left
        delay = engine.world.conditions.latency(service) + (fault.seconds if fault else 0.0)
        if delay:
            await asyncio.sleep(delay)
        if fault is not None and fault.status is not None:
            await _answer_status(fault, send)
        elif fault is not None and fault.mangling is not Mangling.NONE:
            await self._serve(scope, receive, _Mangler(send, fault.mangling))
        else:
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; what it changed is saved before its answer is sent."""
        self._engine.tick()

        async def send_saved(message: Message) -> None:
            if message["type"] == "http.response.start" and scope["method"] != "GET":
                self._engine.save()
            await send(message)

        await self._application(scope, receive, send_saved)


async def _answer_status(fault: ApiFault, send: Send) -> None:
    page = f"<html><body><h1>{fault.status}</h1>\nThe simulator was told to.</body></html>".encode()
    headers = [(b"content-type", b"text/html"), (b"content-length", str(len(page)).encode())]
    await send({"type": "http.response.start", "status": fault.status, "headers": headers})
    await send({"type": "http.response.body", "body": page})


class _Mangler:
    """Collects an answer and sends it on spoiled."""

    def __init__(self, send: Send, mangling: Mangling) -> None:
        self._send = send
        self._mangling = mangling
        self._start: Message = {}
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body", False):
            return
        body = mangled(self._body, self._mangling)
        headers = [
            (name, value) for name, value in self._start["headers"] if name != b"content-length"
        ]
        headers.append((b"content-length", str(len(body)).encode()))
        await self._send({**self._start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def mangled(body: bytes, mangling: Mangling) -> bytes:
    """Return a spoiled body."""
    if mangling is Mangling.TRUNCATED:
        return body[: len(body) // 2]
    if mangling is Mangling.HTML:
        return _PROXY_PAGE
    if mangling is Mangling.EMPTY:
        return b""
    content = msgspec.json.decode(body) if body else {}
    change = _wrong_types if mangling is Mangling.WRONG_TYPES else _unknown_fields
    return msgspec.json.encode(change(content, 0))


def _wrong_types(content: Any, depth: int) -> Any:
    """Swap types inside of the listed objects; their ids and what holds the list stay."""
    if isinstance(content, dict):
        return {
            key: value if key == "id" else _wrong_types(value, depth + 1)
            for key, value in content.items()
        }
    if isinstance(content, list) and depth <= 1:
        return [_wrong_types(value, depth + 1) for value in content]
    if isinstance(content, list):
        return None
    if isinstance(content, bool) or content is None or depth <= 1:
        return content
    return 17 if isinstance(content, str) else f"{content} or so"


def _unknown_fields(content: Any, depth: int) -> Any:
    if isinstance(content, dict):
        known = {key: _unknown_fields(value, depth + 1) for key, value in content.items()}
        return {**known, "x-nobody-knows": {"depth": [depth, None]}}
    if isinstance(content, list):
        return [_unknown_fields(value, depth + 1) for value in content]
    return content
