"""What the first page is told while it is open: the counts of what needs a person, when they change.

Server-sent events, one stream a page. A page that asks by itself keeps no session alive: when the session is over, so
is the stream. Nothing is made before what was made earlier has gone out, so whoever reads slowly is told less often,
and whoever does not read at all is cut off by the connection's own bounds (`api/connection.py`).
"""

import asyncio
from collections.abc import AsyncIterator

import structlog
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from shared.errors import TallystickError
from syncserver.api import failures
from syncserver.api.connection import ON_SHUTDOWN
from syncserver.api.rest import limits
from syncserver.api.rest.limits import Rate
from syncserver.console import gate
from syncserver.console.page import PREFIX
from syncserver.console.rendering import render
from syncserver.console.sorry import sorry, sorry_for
from syncserver.console.streams import Stream, Streams, Why
from syncserver.database.errors import AWAY, BusyError
from syncserver.overview.needs import read_needs
from syncserver.people.errors import SessionOverError
from syncserver.services import Services

LIVE = f"{PREFIX}/live"
LOOK_SECONDS = 5.0
# After so long a page asks again by itself, so that what a proxy or a browser forgot to close ends.
LOOKS = 120


class _Told(StreamingResponse):
    """A stream whose place is free as soon as it ends, whichever side ended it and wherever it was."""

    def __init__(self, request: Request, streams: Streams, stream: Stream) -> None:
        headers = {**gate.PERSONAL, "X-Accel-Buffering": "no"}
        super().__init__(_events(request, stream), media_type="text/event-stream", headers=headers)
        self._streams, self._stream = streams, stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[ON_SHUTDOWN] = lambda: self._stream.end(Why.STOPPING)
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._streams.close(self._stream)


async def live(request: Request) -> Response:
    """`GET /console/live`."""
    try:
        session = await gate.session_of(request, present=False)
        if not session.proven:
            raise SessionOverError
        await limits.draw_for(request, Rate.LIVE, session.caller)
        streams = _streams_of(request)
        stream = streams.open(session.caller)
        if stream is None:
            raise BusyError
    except TallystickError as error:
        return sorry_for(request, None, error)
    except AWAY as error:
        structlog.get_logger().warning("database_away", path=LIVE, error=type(error).__name__)
        return sorry(request, None, failures.UNAVAILABLE)
    return _Told(request, streams, stream)


def _streams_of(request: Request) -> Streams:
    state = request.app.state
    if not hasattr(state, "streams"):
        state.streams = Streams()
    streams: Streams = state.streams
    return streams


async def _events(request: Request, stream: Stream) -> AsyncIterator[str]:
    services: Services = request.app.state.services
    last = ""
    try:
        for _ in range(LOOKS):
            session = await gate.session_of(request, present=False)
            async with services.pool.acquire() as connection:
                needs = await read_needs(connection, session.caller.user_id, services.clock())
            text = render("home_needs.html", needs=needs, now=services.clock())
            yield _event("needs", text) if text != last else ": still here\n\n"
            last = text
            if await _ended(stream):
                break
    except SessionOverError:
        yield _event("needs", render("live_ended.html", why="over"))
        yield _event("over", "over")
    except AWAY as error:
        structlog.get_logger().warning("database_away", path=LIVE, error=type(error).__name__)
    if stream.why is Why.ANOTHER:
        yield _event("needs", last + render("live_ended.html", why="another"))
        yield _event("over", "over")


async def _ended(stream: Stream) -> bool:
    """Whether it has to end, at the latest when it is time to look again."""
    try:
        await asyncio.wait_for(stream.ended.wait(), LOOK_SECONDS)
    except TimeoutError:
        return stream.ended.is_set()
    return True


def _event(name: str, text: str) -> str:
    return f"event: {name}\ndata: {' '.join(text.split())}\n\n"


ROUTE = Route(LIVE, live, methods=["GET"])
