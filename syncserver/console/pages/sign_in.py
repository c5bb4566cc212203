"""Signing in by password and second factor, and out."""

from collections.abc import Awaitable, Callable
from typing import Any

import segno
from msgspec import Struct
from starlette.responses import Response

from syncserver.api.rest.limits import Rate
from syncserver.console import gate
from syncserver.console.page import PREFIX, SECOND_FACTOR, SIGN_IN, Form, Page, Visit
from syncserver.people import second_factor, web_sessions
from syncserver.people.errors import SessionOverError
from syncserver.people.web_sessions import WebSession
from syncserver.sync.bounds import Bounds
from syncserver.sync.turns import Turns

SET_UP = f"{SECOND_FACTOR}/set-up"


class Onward(Struct, frozen=True, forbid_unknown_fields=True):
    """Where somebody wanted to go before they had to sign in."""

    next: str = ""

    @property
    def path(self) -> str:
        """A page of this console, whatever the address says: nobody is sent elsewhere."""
        wanted = self.next
        own = wanted.startswith(f"{PREFIX}/") and not any(sign in wanted for sign in ("\\", "//", "\r", "\n"))
        return wanted if own else f"{PREFIX}/"


class SignInForm(Form, frozen=True):
    """Who asks, and the proof of it."""

    login: str
    password: str


class OneTimeForm(Form, frozen=True):
    """A one-time password, or a recovery code."""

    password: str


def turns_of(visit: Visit[Onward, SignInForm]) -> Turns:
    """Whose turn it is in this process to have a password hashed."""
    bounds: Bounds = visit.request.app.state.bounds
    return bounds.passwords


async def show_sign_in(visit: Visit[Onward, None]) -> Response:
    """`GET /console/sign-in`."""
    return visit.page("sign_in.html")


async def sign_in(visit: Visit[Onward, SignInForm]) -> Response:
    """`POST /console/sign-in`."""
    form, visitor = visit.form, gate.visitor_of(visit.request)
    token = await web_sessions.sign_in(visit.services, turns_of(visit), form.login, form.password, visitor)
    session = await web_sessions.resume(visit.services, token)
    async with visit.services.pool.acquire() as connection:
        known = await second_factor.is_on(connection, session.caller.user_id)
    return gate.let_in(visit.go((SECOND_FACTOR if known else SET_UP) + visit.query_text()), token)


def _half(visit: Visit[Onward, Any]) -> WebSession:
    if visit.session is None:
        raise SessionOverError
    return visit.session


async def show_second_factor(visit: Visit[Onward, None]) -> Response:
    """`GET /console/second-factor`."""
    return visit.page("second_factor.html")


async def pass_second_factor(visit: Visit[Onward, OneTimeForm]) -> Response:
    """`POST /console/second-factor`."""
    visitor = gate.visitor_of(visit.request)
    token = await web_sessions.pass_second(visit.services, _half(visit), visit.form.password, visitor)
    return gate.let_in(visit.go(visit.query.path), token)


async def show_set_up(visit: Visit[Onward, None]) -> Response:
    """`GET /console/second-factor/set-up`."""
    half = _half(visit)
    person = await web_sessions.person_of(visit.services, half)
    made = await second_factor.begin(visit.services, person, half.caller.session)
    picture = segno.make(made.uri, error="m").svg_data_uri(scale=4, border=3)
    grouped = " ".join(made.secret[start : start + 4] for start in range(0, len(made.secret), 4))
    return visit.page("set_up.html", picture=picture, secret=grouped)


async def set_up(visit: Visit[Onward, OneTimeForm]) -> Response:
    """`POST /console/second-factor/set-up`."""
    visitor = gate.visitor_of(visit.request)
    token, codes = await web_sessions.set_up_second(visit.services, _half(visit), visit.form.password, visitor)
    visit.session = await web_sessions.resume(visit.services, token)
    return gate.let_in(visit.page("recovery.html", codes=codes, onward=visit.query.path), token)


async def sign_out(visit: Visit[Onward, Form]) -> Response:
    """`POST /console/sign-out`."""
    if visit.who.session is not None:
        await web_sessions.end(visit.services, visit.who, visit.who.session)
    return gate.let_out(visit.go(SIGN_IN))


_SIGN_IN = Page(path="/sign-in", show=show_sign_in, query=Onward, signed_in=False)
_SECOND = Page(path="/second-factor", show=show_second_factor, query=Onward, signed_in=None)
_SET_UP = Page(path="/second-factor/set-up", show=show_set_up, query=Onward, signed_in=None)


def _proof(page: Page, show: Callable[[Visit[Any, Any]], Awaitable[Response]], form: type[Form]) -> Page:
    """Where a page's form goes that proves who somebody is."""
    return Page(
        path=page.path,
        show=show,
        query=page.query,
        form=form,
        again=page,
        signed_in=page.signed_in,
        rate=Rate.LOGIN,
    )


PAGES = (
    _SIGN_IN,
    _proof(_SIGN_IN, sign_in, SignInForm),
    _SECOND,
    _proof(_SECOND, pass_second_factor, OneTimeForm),
    _SET_UP,
    _proof(_SET_UP, set_up, OneTimeForm),
    Page(path="/sign-out", show=sign_out, form=Form),
)
