"""The ASGI application: its routes, and what wraps every request."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import TallystickError
from shared.ids import uuid7, uuid_text
from syncserver.api import devices, failures, health, refunds, sync
from syncserver.api.connection import CROWDED, Crowded
from syncserver.api.frame import with_headers
from syncserver.api.rest import documents
from syncserver.api.rest.catalogue import ENDPOINTS
from syncserver.api.rest.limits import Limits
from syncserver.database.errors import BusyError
from syncserver.services import Services
from syncserver.sync.bounds import Bounds

_ALWAYS_ANSWERED = ("/healthz", "/readyz")
ROUTES = (
    Route("/healthz", health.alive, methods=["GET"]),
    Route("/readyz", health.ready, methods=["GET"]),
    Route("/api/devices/enrol", devices.enrol, methods=["POST"]),
    Route("/auth/token", devices.token, methods=["POST"]),
    Route("/api/sync/batches", sync.upload, methods=["POST"]),
    Route("/api/sync/book", sync.book, methods=["GET"]),
    Route(refunds.PATH, refunds.refund, methods=["POST"]),
    Route("/api/transactions/make-payment-offline", sync.make_payment_offline, methods=["POST"]),
    *documents.ROUTES,
    *(endpoint.route for endpoint in ENDPOINTS),
)


class RequestFrame:
    """Gives each request an id, and answers what no handler caught without showing what it was."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; anything but HTTP goes by untouched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        services: Services = scope["app"].state.services
        scope["tallystick.request_id"] = uuid_text(uuid7(services.clock(), services.random(10)))
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(with_headers(scope, message))

        if scope.get(CROWDED) and scope["path"] not in _ALWAYS_ANSWERED:
            response = await failures.answer_known(Request(scope), BusyError())
            if scope[CROWDED] is Crowded.CONNECTIONS:
                response.headers["Connection"] = "close"
            await response(scope, receive, send)
            return
        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            if started:
                raise
            response = await failures.answer_unknown(Request(scope), error)
            await response(scope, receive, watched)


def make_app(
    services: Services | None = None,
    lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]] | None = None,
    bounds: Bounds | None = None,
    limits: Limits | None = None,
    pages: Sequence[BaseRoute] = (),
) -> Starlette:
    """The application over services that are open already, or that the lifespan puts into `app.state.services`.

    `pages` are routes of what people look at beside the API: the console's.
    """
    app = Starlette(
        routes=(*ROUTES, *pages),
        middleware=[Middleware(RequestFrame)],
        exception_handlers={TallystickError: failures.answer_known, HTTPException: failures.answer_http},
        lifespan=lifespan,
    )
    # Nobody is sent elsewhere, to a host that the request itself has named.
    app.router.redirect_slashes = False
    app.state.bounds = bounds or Bounds.of()
    app.state.limits = limits or Limits()
    if services is not None:
        app.state.services = services
    return app
