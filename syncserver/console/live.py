"""What the first page is told while it is open: the counts of what needs a person, when they change.

Server-sent events, one stream a page. A page that asks by itself keeps no session alive: when the session is over, so
is the stream.
"""

import asyncio
from collections.abc import AsyncIterator

import structlog
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from shared.errors import TallystickError
from syncserver.api import failures
from syncserver.console import gate
from syncserver.console.page import PREFIX, sorry
from syncserver.console.rendering import render
from syncserver.database.errors import AWAY
from syncserver.overview.needs import read_needs
from syncserver.people.errors import SessionOverError
from syncserver.services import Services

LIVE = f"{PREFIX}/live"
LOOK_SECONDS = 5.0
# After so long a page asks again by itself, so that what a proxy or a browser forgot to close ends.
LOOKS = 120
MOST_STREAMS = 32


async def live(request: Request) -> Response:
    """`GET /console/live`."""
    state = request.app.state
    try:
        session = await gate.session_of(request, present=False)
        if not session.proven:
            raise SessionOverError
    except TallystickError as error:
        return sorry(request, None, failures.status_of(error), error.message)
    if getattr(state, "streams", 0) >= MOST_STREAMS:
        return Response(status_code=204)  # a browser does not ask again (HTML, section 9.2.3)
    headers = {**gate.PERSONAL, "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(request), media_type="text/event-stream", headers=headers)


async def _events(request: Request) -> AsyncIterator[str]:
    state = request.app.state
    services: Services = state.services
    state.streams = getattr(state, "streams", 0) + 1
    last = ""
    try:
        for _ in range(LOOKS):
            session = await gate.session_of(request, present=False)
            async with services.pool.acquire() as connection:
                needs = await read_needs(connection, session.caller.user_id, services.clock())
            text = render("home_needs.html", needs=needs, now=services.clock())
            if text != last:
                last = text
                yield f"event: needs\ndata: {' '.join(text.split())}\n\n"
            else:
                yield ": still here\n\n"
            await asyncio.sleep(LOOK_SECONDS)
    except SessionOverError:
        yield "event: over\ndata: over\n\n"
    except AWAY as error:
        structlog.get_logger().warning("database_away", path=LIVE, error=type(error).__name__)
    finally:
        state.streams -= 1


ROUTE = Route(LIVE, live, methods=["GET"])
