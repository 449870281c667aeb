"""Nova: servers, as far as storage needs them (Compute API ref: Servers)."""

from collections.abc import AsyncIterator
from urllib.parse import quote

from dcn_console.clouds.answers import Answer
from dcn_console.clouds.cinder_wire import WireServer, server_from
from dcn_console.clouds.cloud import COMPUTE, Cloud
from dcn_console.clouds.paging import pages
from dcn_console.clouds.wire import decode_one
from dcn_console.model.errors import HttpError
from dcn_console.model.inventory import Server
from dcn_console.model.text import printable


class Nova:
    """The compute service of one cloud."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def server_pages(
        self, page_size: int = 1000, *, all_projects: bool = True
    ) -> AsyncIterator[tuple[Server, ...]]:
        """Servers page by page, of every project the credentials may see.

        Nova refuses ``all_tenants`` to tenants (403); then the own project's are listed.
        """
        query = {"limit": str(page_size)}
        if all_projects:
            query["all_tenants"] = "1"
        doing = "Nova: list servers"

        async def ask(page_query: dict[str, str]) -> Answer:
            try:
                return await self._get(doing, page_query)
            except HttpError as error:
                if error.status != 403 or "all_tenants" not in page_query:
                    raise
                own = {key: value for key, value in page_query.items() if key != "all_tenants"}
                return await self._get(doing, own)

        async for items in pages(doing, ask, query, "servers", WireServer):
            yield tuple(map(server_from, items))

    async def server(self, server_id: str) -> Server:
        """One server; raises ObjectNotFound."""
        doing = f"Nova: show server {printable(server_id, 60)}"
        answer = await self._cloud.request(COMPUTE, "GET", _path(server_id), doing=doing)
        return server_from(decode_one(doing, answer.content, "server", WireServer))

    async def stop(self, server_id: str) -> None:
        """Ask for a server's shutdown; it is over when its status is SHUTOFF.

        Raises HttpError 409 while Nova does something else with it (Compute API ref: os-stop).
        """
        await self._act(server_id, "stop")

    async def start(self, server_id: str) -> None:
        """Ask for a stopped server's start; it is over when its status is ACTIVE.

        Raises HttpError 409 for one that is not stopped (Compute API ref: os-start).
        """
        await self._act(server_id, "start")

    async def _act(self, server_id: str, what: str) -> None:
        await self._cloud.request(
            COMPUTE,
            "POST",
            f"{_path(server_id)}/action",
            body={f"os-{what}": None},
            doing=f"Nova: {what} server {printable(server_id, 60)}",
            ways_out={403: "The credentials may not do this to that project's server."},
        )

    async def _get(self, doing: str, params: dict[str, str]) -> Answer:
        return await self._cloud.request(
            COMPUTE, "GET", "/servers/detail", params=params, doing=doing
        )


def _path(server_id: str) -> str:
    return f"/servers/{quote(server_id, safe='') or '-'}"
