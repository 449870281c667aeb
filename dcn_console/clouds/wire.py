"""Decoding of JSON bodies into structs, tolerant of what services really send.

A list is decoded at once with msgspec; when that fails, item by item and field by field:
a field of the wrong type is dropped, an item without its required fields is left out and
logged, and the rest of the page survives. Nulls and unknown fields are never an error.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from functools import cache
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl, urlsplit

import msgspec

from dcn_console.model.errors import MalformedAnswer
from dcn_console.model.text import printable

W = TypeVar("W", bound=msgspec.Struct)

_LOG = logging.getLogger(__name__)


class Page(msgspec.Struct, Generic[W], frozen=True, kw_only=True):
    """The items of one body, how many were unusable, and the query of the next page."""

    items: list[W]
    unusable: int = 0
    next_query: dict[str, str] | None = None


def decode_page(doing: str, content: bytes, key: str, item: type[W]) -> Page[W]:
    """Decode the list under ``key`` of a body into structs of type ``item``.

    The next page is taken from Glance's ``next`` or from ``KEY_links`` with rel "next" (Cinder,
    Nova). Only the query of that link is used: behind a proxy its host and path may be wrong.
    Raises MalformedAnswer when the body is no JSON object with such a list.
    """
    try:
        envelope = _envelope_decoder().decode(content)
        items = _list_decoder(item).decode(envelope[key])
        links = {name: msgspec.json.decode(envelope[name]) for name in envelope if name != key}
        return Page(items=items, next_query=_next_query(links, key))
    except (msgspec.DecodeError, RecursionError, KeyError):
        return _decode_page_loosely(doing, content, key, item)


def decode_one(doing: str, content: bytes, key: str | None, item: type[W]) -> W:
    """Decode one struct, found under ``key`` or being the whole body when that is None.

    Raises MalformedAnswer when the body cannot be one.
    """
    body = _loose_object(doing, content)
    fields = body if key is None else body.get(key)
    decoded = _item_from(fields, item)
    if decoded is None:
        raise _malformed(doing, content)
    return decoded


def shared(value: str | None) -> str | None:
    """Return one object for all equal strings: for what thousands of rows repeat."""
    return None if value is None else sys.intern(value)


def utc(value: datetime | None) -> datetime | None:
    """Return ``value`` in UTC, None for one beyond the calendar; times without a zone are UTC."""
    if value is None or value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        return None


def _malformed(doing: str, content: bytes) -> MalformedAnswer:
    start = printable(content[:120].decode("utf-8", "replace"))
    return MalformedAnswer(f"{doing}: the answer is not what this API promises: “{start}”.")


def _loose_object(doing: str, content: bytes) -> dict[str, Any]:
    """Decode a JSON object with the standard library, which accepts lone surrogates and NaN."""
    try:
        body = json.loads(content.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise _malformed(doing, content) from error
    if not isinstance(body, dict):
        raise _malformed(doing, content)
    return body


def _decode_page_loosely(doing: str, content: bytes, key: str, item: type[W]) -> Page[W]:
    body = _loose_object(doing, content)
    entries = body.get(key)
    if not isinstance(entries, list):
        raise _malformed(doing, content)
    decoded = [_item_from(entry, item) for entry in entries]
    items = [one for one in decoded if one is not None]
    unusable = len(decoded) - len(items)
    if unusable:
        _LOG.warning("%s: %d of %d items are unusable", doing, unusable, len(decoded))
    return Page(items=items, unusable=unusable, next_query=_next_query(body, key))


def _item_from(entry: Any, item: type[W]) -> W | None:
    if not isinstance(entry, dict):
        return None
    try:
        entry = _scrubbed(entry)
    except RecursionError:
        return None
    try:
        return msgspec.convert(entry, item)
    except msgspec.ValidationError:
        return _mend(entry, item)


def _mend(fields: dict[str, Any], item: type[W]) -> W | None:
    kept = {}
    for field in msgspec.structs.fields(item):
        if field.encode_name not in fields:
            continue
        try:
            kept[field.encode_name] = msgspec.to_builtins(
                msgspec.convert(fields[field.encode_name], field.type)
            )
        except msgspec.ValidationError:
            if field.required:
                return None
    try:
        return msgspec.convert(kept, item)
    except msgspec.ValidationError:
        return None


def _scrubbed(value: Any) -> Any:
    """Return ``value`` without lone surrogates, which cannot be written as UTF-8 again."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_scrubbed(part) for part in value]
    if isinstance(value, dict):
        return {_scrubbed(key): _scrubbed(part) for key, part in value.items()}
    return value


def _next_query(body: dict[str, Any], key: str) -> dict[str, str] | None:
    link = body.get("next")
    if not isinstance(link, str):
        links = body.get(f"{key}_links")
        link = next(
            (
                entry.get("href")
                for entry in (links if isinstance(links, list) else ())
                if isinstance(entry, dict) and entry.get("rel") == "next"
            ),
            None,
        )
    if not isinstance(link, str):
        return None
    try:
        return dict(parse_qsl(urlsplit(link).query, keep_blank_values=True)) or None
    except ValueError:
        return None


@cache
def _envelope_decoder() -> msgspec.json.Decoder[dict[str, msgspec.Raw]]:
    return msgspec.json.Decoder(dict[str, msgspec.Raw])


@cache
def _list_decoder(item: type[W]) -> msgspec.json.Decoder[list[W]]:
    return msgspec.json.Decoder(list[item])  # type: ignore[valid-type]
