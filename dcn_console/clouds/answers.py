"""HTTP answers of OpenStack services, and the errors they stand for.

Glance answers errors as HTML unless asked otherwise, Cinder and Nova as JSON under a key
that varies ("itemNotFound", "badRequest", "forbidden" …), Keystone under "error", Ironic as the
text of JSON within "error_message".
"""

import html
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from dcn_console.model.errors import (
    AuthenticationFailed,
    HttpError,
    ObjectNotFound,
    ServiceError,
)
from dcn_console.model.text import printable

_SENTENCE_LIMIT = 400
_HTML_HEAD = re.compile(r"<(head|style|script)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_HTML_HEADING = re.compile(r"<h1\b.*?</h1\s*>", re.IGNORECASE | re.DOTALL)
_HTML_TAG = re.compile(r"<[^<>]{0,500}>")
_SENTENCE_KEYS = ("message", "error_message", "faultstring", "detail", "title")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A successful HTTP answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


def sentence(content: bytes) -> str:
    """Return what a service said in an error body, on one line; "" when it said nothing."""
    text = content.decode("utf-8", "replace")
    try:
        found = _find_sentence(msgspec.json.decode(text))
    except (msgspec.DecodeError, RecursionError):
        found = text
    return _plain(found)


def error_for(
    doing: str, status: int, content: bytes, ways_out: Mapping[int, str] | None = None
) -> ServiceError:
    """Return the error for an HTTP error status, saying what was asked and what was answered.

    ``doing`` is what was asked ("Glance: copy image “x” to dcn0"), ``ways_out`` what to do
    about each status.
    """
    said = sentence(content)
    message = f"{doing}: {status} {said}".rstrip()
    if not message.endswith((".", "!", "?", "…")):
        message += "."
    way_out = (ways_out or {}).get(status, "")
    if status == 401:
        return AuthenticationFailed(
            message, way_out=way_out or "Check the credentials in clouds.yaml."
        )
    if status == 404:
        return ObjectNotFound(message, way_out=way_out)
    return HttpError(message, status, way_out=way_out)


def answer_of(response: Any, doing: str, ways_out: Mapping[int, str] | None = None) -> Answer:
    """Return a response of the library as an answer, or raise the error it stands for."""
    status, content = int(response.status_code), bytes(response.content)
    if status >= 400:
        raise error_for(doing, status, content, ways_out)
    lowered = {key.lower(): value for key, value in response.headers.items()}
    return Answer(status=status, headers=lowered, content=content)


def _find_sentence(body: Any, depth: int = 0) -> str:
    if isinstance(body, str):
        return body
    if not isinstance(body, dict) or depth > 3:
        return ""
    for key in _SENTENCE_KEYS:
        value = body.get(key)
        if isinstance(value, str) and value.strip():
            return _within(value, depth)
    return next(
        (
            found
            for value in body.values()
            if isinstance(value, dict) and (found := _find_sentence(value, depth + 1))
        ),
        "",
    )


def _within(text: str, depth: int) -> str:
    """Return the sentence in JSON that is the text of a sentence, as Ironic's errors are."""
    if not text.startswith("{"):
        return text
    try:
        return _find_sentence(msgspec.json.decode(text), depth + 1) or text
    except (msgspec.DecodeError, RecursionError):
        return text


def _plain(text: str) -> str:
    without_head = _HTML_HEAD.sub(" ", text)
    body = _HTML_TAG.sub(" ", _HTML_HEADING.sub(" ", without_head))
    if not body.strip():
        body = _HTML_TAG.sub(" ", without_head)
    words = " ".join(html.unescape(body).split())
    return printable(words, _SENTENCE_LIMIT)
