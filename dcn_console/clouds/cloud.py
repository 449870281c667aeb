"""One OpenStack cloud: credentials, catalogue and HTTP requests through openstacksdk's session.

The session brings authentication, the catalogue, version discovery and renewing of tokens; the
bytes of the answers are decoded by ``wire``. Each service has its own bounded pool of daemon
threads, so that a hung service delays no other and never holds up quitting.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from dcn_console.clouds.answers import Answer, answer_of
from dcn_console.clouds.credentials import load_region
from dcn_console.clouds.failures import mapped
from dcn_console.clouds.identity import Identity, identity_of
from dcn_console.clouds.pool import DaemonPool, PoolClosed
from dcn_console.clouds.streaming import FileBody, tell
from dcn_console.clouds.versions import ApiVersion, announced
from dcn_console.model.errors import (
    ConfigError,
    ServiceError,
    ServiceUnreachable,
)
from dcn_console.model.text import printable

if TYPE_CHECKING:
    from openstack.connection import Connection

T = TypeVar("T")

IMAGE = "image"
BLOCK_STORAGE = "block-storage"
COMPUTE = "compute"
NETWORK = "network"
BARE_METAL = "baremetal"
SERVICE_NAMES = {
    IMAGE: "Glance",
    BLOCK_STORAGE: "Cinder",
    COMPUTE: "Nova",
    NETWORK: "Neutron",
    BARE_METAL: "Ironic",
}
"""What people call each service, by its type in the catalogue."""

_THREADS_PER_SERVICE = 4
_SOCKET_SECONDS = 600.0
"""How long a service may take no more of a file, or think about it once it has all."""


class Cloud:
    """An authenticated connection to one cloud, usable from any thread and event loop."""

    def __init__(
        self,
        connection: "Connection",
        identity: Identity,
        region: str,
        timeout: float,
        pools: Mapping[str, DaemonPool],
    ) -> None:
        self._connection = connection
        self._identity = identity
        self._region = region
        self._timeout = timeout
        self._pools = pools
        self._adapter_locks = {service: threading.Lock() for service in pools}

    @classmethod
    async def connect(
        cls,
        name: str,
        clouds_file: str = "",
        timeout: float = 15.0,  # noqa: ASYNC109
        *,
        needs_token: bool = True,
    ) -> "Cloud":
        """Read clouds.yaml and get a token; ``timeout`` in seconds holds for every request.

        Without ``needs_token`` a cloud is taken, too, whose services stand without Keystone
        (auth_type http_basic or none, as a director's undercloud): it has no identity then.
        Raises ConfigError, AuthenticationFailed, ServiceUnreachable or ServiceError.
        """
        pools = {
            service: DaemonPool(f"dcn-{service}", _THREADS_PER_SERVICE) for service in SERVICE_NAMES
        }
        pool = DaemonPool("dcn-identity", 1)
        try:
            return await pool.run(
                lambda: cls._open(name, clouds_file, timeout, pools, needs_token=needs_token),
                timeout * 2,
            )
        except TimeoutError as error:
            raise ServiceUnreachable(
                f"Keystone: get a token: no answer within {timeout * 2:g} s."
            ) from error
        finally:
            pool.close()

    @classmethod
    def _open(
        cls,
        name: str,
        clouds_file: str,
        timeout: float,
        pools: Mapping[str, DaemonPool],
        *,
        needs_token: bool,
    ) -> "Cloud":
        region = load_region(name, clouds_file, timeout)
        doing = f"Keystone: get a token for cloud “{printable(region.name)}”"

        def open_() -> Cloud:
            from keystoneauth1.identity import BaseIdentityPlugin
            from openstack.connection import Connection

            connection = Connection(config=region)
            session = connection.session
            auth = session.auth
            if not isinstance(auth, BaseIdentityPlugin):
                if not needs_token:
                    return cls(connection, Identity(), "", timeout, pools)
                raise ConfigError(
                    f"{doing}: this auth_type gets no token from Keystone.",
                    way_out="Use a password, token or application credential in clouds.yaml.",
                )
            identity = identity_of(auth.get_access(session))
            return cls(connection, identity, region.get_region_name() or "", timeout, pools)

        return mapped(doing, timeout, open_)

    @property
    def name(self) -> str:
        """The cloud's name in clouds.yaml."""
        return str(self._connection.config.name)

    @property
    def project_name(self) -> str:
        """The project of the token, "" for a token without one."""
        return self._identity.project_name

    @property
    def project_id(self) -> str:
        """The id of the project of the token."""
        return self._identity.project_id

    @property
    def user_name(self) -> str:
        """The user of the token."""
        return self._identity.user_name

    @property
    def roles(self) -> frozenset[str]:
        """The roles of the token, in lower case."""
        return self._identity.roles

    @property
    def region(self) -> str:
        """The region, "" when clouds.yaml names none."""
        return self._region

    @property
    def timeout(self) -> float:
        """Seconds that a request may take unless it says otherwise."""
        return self._timeout

    def has(self, service: str) -> bool:
        """Whether the catalogue, or an endpoint override in clouds.yaml, has ``service``."""
        from os_service_types import ServiceTypes

        if self._connection.config.get_endpoint(service):
            return True
        known = {service, *ServiceTypes().get_all_types(service)}
        return not known.isdisjoint(self._identity.service_types)

    async def request(
        self,
        service: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | Sequence[Any] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
        doing: str = "",
        ways_out: Mapping[int, str] | None = None,
    ) -> Answer:
        """Send one request below the service's versioned endpoint and return its answer.

        ``doing`` says for error messages what is asked ("Glance: list images"), ``ways_out``
        what to do about an HTTP status. Only GET is sent again, once, and only when the
        connection broke: by themselves the libraries repeat what timed out, and a POST after 503.
        Raises AuthenticationFailed, ServiceUnreachable (a request that timed out may still be
        carried out), ObjectNotFound, HttpError or ServiceError.
        """
        seconds = self._timeout if timeout is None else timeout
        doing = doing or f"{SERVICE_NAMES.get(service, service)}: {method} {path}"
        arguments: dict[str, Any] = {
            "params": dict(params or {}),
            "headers": dict(headers or {}),
            "timeout": seconds,
        }
        if body is not None:
            arguments["json"] = body

        def send() -> Answer:
            from keystoneauth1.exceptions import ConnectFailure

            try:
                response = self._send(service, method, path, arguments)
            except ConnectFailure:
                if method != "GET":
                    raise
                response = self._send(service, method, path, arguments)
            return answer_of(response, doing, ways_out)

        return await self._run(service, doing, seconds, send)

    async def send_file(
        self,
        service: str,
        path: str,
        file: Path,
        *,
        on_progress: Callable[[int, int], None] | None = None,
        doing: str,
        ways_out: Mapping[int, str] | None = None,
    ) -> Answer:
        """PUT the bytes of a file, however long it takes, and return the answer.

        ``on_progress`` is called on the caller's event loop with bytes sent and bytes in all.
        Cancelling stops in the middle, which the service takes for a failure. Sent once. Raises as
        ``request``, and ServiceError for a file that cannot be read or changes meanwhile.
        """
        loop, said = asyncio.get_running_loop(), on_progress or (lambda _sent, _total: None)
        body = FileBody(file, lambda sent: tell(loop, said, sent, body.size))
        arguments: dict[str, Any] = {
            "data": body,
            "headers": {"Content-Type": "application/octet-stream"},
            "timeout": _SOCKET_SECONDS,
            "log": False,
        }

        def send() -> Answer:
            return answer_of(self._send(service, "PUT", path, arguments), doing, ways_out)

        pool = DaemonPool(f"dcn-{service}-file", 1)
        try:
            sending = pool.submit(lambda: mapped(doing, _SOCKET_SECONDS, send))
            return await asyncio.wrap_future(sending)
        finally:
            body.stop()
            pool.close()

    async def versions(self, service: str) -> tuple[ApiVersion, ...]:
        """The versions that ``service`` announces, newest last; for showing, not for deciding."""
        doing = f"{SERVICE_NAMES.get(service, service)}: list API versions"

        def ask() -> tuple[ApiVersion, ...]:
            return announced(self._connection.config, service)

        return await self._run(service, doing, self._timeout, ask)

    def close(self) -> None:
        """Let go of threads and connections; returns at once."""
        for pool in self._pools.values():
            pool.close()

    async def _run(self, service: str, doing: str, seconds: float, function: Callable[[], T]) -> T:
        pool = self._pools[service]
        try:
            return await pool.run(lambda: mapped(doing, seconds, function), seconds)
        except TimeoutError as error:
            raise ServiceUnreachable(f"{doing}: no answer within {seconds:g} s.") from error
        except PoolClosed as error:
            raise ServiceUnreachable(f"{doing}: the connection was closed.") from error

    def _send(self, service: str, method: str, path: str, arguments: Mapping[str, Any]) -> Any:
        """Send one request and return the library's response, whatever its status."""
        return self._adapter(service).request(
            path,
            method,
            raise_exc=False,
            skip_cache=True,
            connect_retries=0,
            status_code_retries=0,
            **arguments,
        )

    def _adapter(self, service: str) -> Any:
        if not self.has(service):
            raise ServiceError(
                f"The catalogue of cloud “{printable(self.name)}” has no {service} service.",
                way_out=f"Without it {SERVICE_NAMES[service]}'s part of the inventory stays empty.",
            )
        with self._adapter_locks[service]:
            return getattr(self._connection, service.replace("-", "_"))
