"""The page that says what went wrong, and what to do about it.

It shows no more than an error's own words. What was typed is not lost with it: a form can be sent again from there,
under the same key, so whatever it asks for is done once, whether or not it was done before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from shared.errors import TallystickError
from syncserver.api import failures
from syncserver.api.failures import Plain
from syncserver.api.frame import add_headers
from syncserver.console import gate
from syncserver.console.rendering import render
from syncserver.people.web_sessions import WebSession
from syncserver.services import Services

_HEADINGS = {401: "You are not signed in", 403: "You may not do this", 404: "There is nothing here"}
_ADVICE = {
    400: "The connection broke off on the way. Send it again.",
    403: "Whoever runs this server, or a superadmin, can say who may.",
    404: "Look for it by its number or name in the search box, or begin at the first page.",
    408: "The connection is too slow or broke off. Send it again.",
    409: "Things are not as they were when the page was made. Open it anew, look, and decide again.",
    413: "Send less at once.",
    422: "Go back, and put right what is named above.",
    500: "Whoever runs this server finds the cause in its log, under the number of the request below.",
}
_LATER = frozenset({429, 503})


@dataclass(frozen=True, slots=True)
class Unsent:
    """A form that was not done: where it goes, and its fields but for secrets."""

    action: str
    fields: Sequence[tuple[str, str]]


def sorry_for(
    request: Request, session: WebSession | None, error: TallystickError, unsent: Unsent | None = None
) -> Response:
    """The page for one of our own errors."""
    status = failures.status_of(error)
    said = Plain(status, error.code, error.message)
    return sorry(request, session, said, unsent=unsent, later=failures.retry_after(request, status, error))


def sorry(
    request: Request,
    session: WebSession | None,
    said: Plain,
    *,
    unsent: Unsent | None = None,
    later: int | None = None,
) -> Response:
    """A page that says what went wrong; for those who are signed in, within the console.

    Args:
        request: what was asked.
        session: of whoever asked.
        said: what went wrong.
        unsent: what was to be done, where it can be sent again.
        later: in how many seconds to ask again; by default what every answer of the server says at this moment.
    """
    status = said.status
    later = later if later is not None else failures.retry_after(request, status)
    add_headers(request.scope, gate.PERSONAL if later is None else {**gate.PERSONAL, "Retry-After": str(later)})
    services: Services = request.app.state.services
    whole = session if session is not None and session.proven else None
    text = render(
        "error.html",
        visit=None,
        session=whole,
        path=request.url.path,
        now=services.clock(),
        heading=_HEADINGS.get(status, "That did not work"),
        message=said.message,
        advice=f"Try again in {later} s." if status in _LATER and later is not None else _ADVICE.get(status),
        status=status,
        unsent=unsent,
        again=_address(request) if request.method == "GET" and status in _LATER | {500} else None,
        request_id=request.scope.get("tallystick.request_id", ""),
    )
    return HTMLResponse(text, status_code=status)


def _address(request: Request) -> str:
    query = request.query_params.multi_items()
    return request.url.path + (f"?{urlencode(query)}" if query else "")
