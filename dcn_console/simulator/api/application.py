"""The whole application: one Starlette application a service, under a path of its own."""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp

from dcn_console.simulator.api import (
    bare_metal,
    block_storage,
    compute,
    control,
    identity,
    images,
    network,
)
from dcn_console.simulator.api.bare_metal import bare_metal_refusal
from dcn_console.simulator.api.disturbance import CONTROL, Disturbance
from dcn_console.simulator.api.exchange import (
    fault_refusal,
    identity_refusal,
    image_refusal,
    network_refusal,
)
from dcn_console.simulator.engine import Engine
from dcn_console.simulator.refusals import Refusal

Render = Callable[[Request, Exception], Response]


def _service(routes: list[BaseRoute], render: Render) -> Starlette:
    """Return a service's application; an unknown path is refused in HTML, as webob does it."""
    is_keystone = render is identity_refusal

    async def unknown(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        refusal = Refusal(status, "The resource could not be found.")
        return render(request, refusal) if is_keystone else image_refusal(request, refusal)

    return Starlette(routes=routes, exception_handlers={Refusal: render, HTTPException: unknown})


def make_application(engine: Engine) -> ASGIApp:
    """Return the ASGI application of an engine."""
    services = Starlette(
        routes=[
            Mount("/identity", _service([*identity.ROUTES], identity_refusal)),
            Mount("/image", _service([*images.ROUTES], image_refusal)),
            Mount("/volume", _service([*block_storage.ROUTES], fault_refusal)),
            Mount("/compute", _service([*compute.ROUTES], fault_refusal)),
            Mount("/network", _service([*network.ROUTES], network_refusal)),
            Mount("/baremetal", _service([*bare_metal.ROUTES], bare_metal_refusal)),
            Mount(f"/{CONTROL}", _service([*control.ROUTES], fault_refusal)),
        ]
    )
    guarded = TrustedHostMiddleware(services, allowed_hosts=["127.0.0.1", "localhost"])
    return Disturbance(guarded, engine)
