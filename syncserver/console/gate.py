"""Who may come in: the session's cookie, and from where a change may be asked for. And what a browser may run.

The cookie is bound to this host and to https (or to loopback, which browsers take for as good). A change is made only
by a page of this very host: browsers say where a form comes from, and whoever says nothing is no browser.
"""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from syncserver.people import web_sessions
from syncserver.people.errors import ForbiddenError
from syncserver.people.web_sessions import LONGEST_MS, Visitor, WebSession
from syncserver.services import Services

# A name that browsers take only with Secure, without a domain and for all paths (RFC 6265bis, section 4.1.3).
COOKIE = "__Host-tallystick"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
SAFE = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: with it a browser does not say where a form comes from.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
}
# What is on a page is nobody's who sits down at the same browser later.
PERSONAL = {**SAFE, "Cache-Control": "no-store"}


class CrossSiteError(ForbiddenError):
    """This was not sent by a page of this server, so it was not done."""

    code = "CROSS_SITE"


def visitor_of(request: Request) -> Visitor:
    """From where somebody asks, as the session list shows it."""
    address = request.client.host if request.client is not None else "unknown"
    return Visitor(address, request.headers.get("user-agent", ""))


async def session_of(request: Request, *, present: bool = True) -> WebSession:
    """The open session of the cookie.

    Raises:
        SessionOverError: there is none.
    """
    services: Services = request.app.state.services
    return await web_sessions.resume(services, request.cookies.get(COOKIE, ""), present=present)


def require_own_site(request: Request) -> None:
    """Make sure that a change is asked for by a page of this host.

    Raises:
        CrossSiteError: it is not, or nothing says so.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None and site != "same-origin":
        raise CrossSiteError
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise CrossSiteError
    if site is None and origin is None:
        raise CrossSiteError


def let_in(response: Response, token: str) -> Response:
    """Have an answer leave the session's cookie."""
    response.set_cookie(
        COOKIE, token, max_age=LONGEST_MS // 1_000, path="/", secure=True, httponly=True, samesite="lax"
    )
    return response


def let_out(response: Response) -> Response:
    """Have an answer take the cookie away, and whatever the browser keeps of the pages."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response
