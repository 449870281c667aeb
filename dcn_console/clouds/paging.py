"""Following the pages of a list until its end."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import msgspec

from dcn_console.clouds.answers import Answer
from dcn_console.clouds.wire import decode_page
from dcn_console.model.errors import MalformedAnswer
from dcn_console.model.text import printable

W = TypeVar("W", bound=msgspec.Struct)


async def pages(
    doing: str,
    ask: Callable[[dict[str, str]], Awaitable[Answer]],
    query: dict[str, str],
    key: str,
    item: type[W],
) -> AsyncIterator[list[W]]:
    """Yield the items of each page that ``ask`` returns for a query, beginning with ``query``.

    Raises MalformedAnswer when a service sends the same marker twice, which would never end.
    """
    markers: set[str | None] = set()
    next_query: dict[str, str] | None = query
    while next_query is not None:
        answer = await ask(next_query)
        page = decode_page(doing, answer.content, key, item)
        yield page.items
        next_query = page.next_query
        if next_query is not None:
            marker = next_query.get("marker")
            if marker in markers:
                raise MalformedAnswer(
                    f"{doing}: the pages never end, marker {printable(str(marker))} came twice."
                )
            markers.add(marker)
