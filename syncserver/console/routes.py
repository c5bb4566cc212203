"""All pages of the console."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from syncserver.api.failures import Plain
from syncserver.console import gate, live, static
from syncserver.console.page import PREFIX, Page
from syncserver.console.pages import (
    account,
    audit,
    bank,
    customers,
    devices,
    flagged,
    home,
    payments,
    payout_accounts,
    payouts,
    policies,
    records,
    search,
    second,
    shifts,
    sign_in,
    vendors,
)
from syncserver.console.sorry import sorry
from syncserver.database.errors import AWAY
from syncserver.people.errors import SessionOverError

PAGES: tuple[Page, ...] = (
    *sign_in.PAGES,
    *account.PAGES,
    *home.PAGES,
    *flagged.PAGES,
    *devices.PAGES,
    *vendors.PAGES,
    *customers.PAGES,
    *policies.PAGES,
    *bank.PAGES,
    *second.PAGES,
    *payouts.PAGES,
    *payments.PAGES,
    *audit.PAGES,
    *search.PAGES,
    *records.PAGES,
    *payout_accounts.PAGES,
    *shifts.PAGES,
)


_NOWHERE = Plain(404, "NOT_FOUND", "This page does not exist, or not any more, or is only what a form is sent to.")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


async def _nowhere(request: Request) -> Response:
    try:
        session = await gate.session_of(request)
    except (SessionOverError, *AWAY):
        session = None
    return sorry(request, session, _NOWHERE)


async def _home(request: Request) -> Response:  # noqa: ARG001 - as Starlette calls it
    return RedirectResponse(f"{PREFIX}/", status_code=303)


ROUTES: tuple[BaseRoute, ...] = (
    Route("/", _home, methods=["GET"]),
    Route(PREFIX, _home, methods=["GET"]),
    static.ROUTE,
    live.ROUTE,
    *(page.route for page in PAGES),
    Route(PREFIX + "/{rest:path}", _nowhere, methods=_METHODS),
)
