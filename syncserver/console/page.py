"""A page of the console: who may see it, what it takes, what it does when something is wrong."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode

import msgspec
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from shared.errors import DecodingError, TallystickError
from shared.ids import uuid7, uuid_bytes, uuid_text
from syncserver.api import failures
from syncserver.api.body import MAX_JSON_BYTES, read_body, require_type
from syncserver.api.frame import add_headers
from syncserver.api.rest import limits
from syncserver.api.rest.endpoint import NOBODY, Nothing
from syncserver.api.rest.limits import Rate
from syncserver.audit.acting import acting
from syncserver.console import gate
from syncserver.console.rendering import render
from syncserver.console.sorry import Unsent, sorry, sorry_for
from syncserver.database.connection import Connection
from syncserver.database.errors import AWAY
from syncserver.people import web_sessions
from syncserver.people.access import ADMINS, Caller, Role
from syncserver.people.errors import ForbiddenError, SessionOverError
from syncserver.people.once import OnceKey, once
from syncserver.people.web_sessions import WebSession
from syncserver.services import Services

PREFIX = "/console"
SIGN_IN = f"{PREFIX}/sign-in"
SECOND_FACTOR = f"{PREFIX}/second-factor"
FORM_TYPE = "application/x-www-form-urlencoded"
_SEE_OTHER = 303
# Asking again later is all that there is to do.
_LATER = frozenset({429, 503})
_Query = TypeVar("_Query")
_Form = TypeVar("_Form")
log = structlog.get_logger()


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a form sends; `once` is the key under which it is done once, however often it is sent."""

    once: str = ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class ReasonForm(Form, frozen=True):
    """Why something is done."""

    reason: str


@dataclass(slots=True)
class Visit(Generic[_Query, _Form]):
    """One request, checked: who asks may see the page, and what they sent has its shape.

    Attributes:
        session: whose it is; None on pages for those who have not signed in.
        path: the ids that the path names.
        texts: the other names in it.
        form: what was sent; None on a page that only shows.
        error: what was wrong with what was sent last, in words.
        typed: that, to be shown again; never a secret.
        status: what the answer says about it.
    """

    request: Request
    services: Services
    session: WebSession | None
    path: Mapping[str, bytes]
    texts: Mapping[str, str]
    query: _Query
    form: _Form
    raw: bytes = b""
    error: str | None = None
    typed: Mapping[str, str] = field(default_factory=dict)
    status: int = 200

    @property
    def who(self) -> Caller:
        """Who asks, as everything below the pages knows them."""
        if self.session is None:
            raise SessionOverError
        return self.session.caller

    def page(self, template: str, **facts: Any) -> Response:
        """A page made of a template and facts."""
        once_key = uuid_text(uuid7(self.services.clock(), self.services.random(10)))
        text = render(
            template,
            visit=self,
            session=self.session,
            path=self.request.url.path,
            now=self.services.clock(),
            once_key=once_key,
            **facts,
        )
        return HTMLResponse(text, status_code=self.status)

    def here(self, **changes: Any) -> str:
        """The address of this page with some of its query changed; what is empty is left out."""
        return f"{self.request.url.path}{self.query_text(**changes)}"

    def query_text(self, **changes: Any) -> str:
        """This page's query with some of it changed, to stand behind any address."""
        there = dict(self.request.query_params.multi_items()) | {name: str(value) for name, value in changes.items()}
        kept = {name: value for name, value in there.items() if value and value != "None"}
        return f"?{urlencode(kept)}" if kept else ""

    def go(self, path: str) -> Response:
        """Send the browser to another page of the console, by GET."""
        return RedirectResponse(path, status_code=_SEE_OTHER)

    async def done(self, path: str, notice: str) -> Response:
        """Send the browser on after a change, and have the next page say what was done."""
        await web_sessions.leave_notice(self.services, self.who, notice)
        return self.go(path)

    async def once(self, work: Callable[[Connection], Awaitable[str]]) -> str:
        """Do something once for each form, in one transaction with the note that it was done; what it says.

        Raises:
            KeyRequiredError, KeyReusedError: nothing was done.
        """
        key = OnceKey.of(
            self.who.user_id, getattr(self.form, "once", "") or None, f"POST {self.request.url.path}", self.raw
        )

        async def answered(connection: Connection) -> tuple[str, int]:
            return await work(connection), 200

        stored = await once(self.services, key, answered)
        return msgspec.json.decode(bytes(stored.data), type=str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page, or what a form of it is sent to.

    Attributes:
        path: Starlette's form, below the console; each `{name}` is a UUID, unless it stands in `texts`.
        show: answers it.
        roles: who may see it.
        signed_in: whether it is for those who are in: True, False (for those who are not), or None for those who have
            shown their password and not their second factor.
        query: the type of the query.
        form: the type of what is sent; a page that has one answers POST alone.
        upload: whether the form brings a file, so that `show` reads the body itself (`uploads.py`).
        texts: names in the path that are no UUIDs.
        again: the page that has the form, shown when what was sent is wrong.
        rate: which bucket it is drawn from.
    """

    path: str
    show: Callable[[Visit[Any, Any]], Awaitable[Response]]
    roles: frozenset[Role] = ADMINS
    signed_in: bool | None = True
    query: Any = Nothing
    form: Any = None
    upload: bool = False
    texts: frozenset[str] = frozenset()
    again: "Page | None" = None
    rate: Rate = Rate.CONSOLE

    @property
    def changes(self) -> bool:
        """Whether it is sent a form."""
        return self.form is not None or self.upload

    @property
    def route(self) -> Route:
        """The route that Starlette is given."""
        method = "POST" if self.changes else "GET"
        return Route(PREFIX + self.path, self.answer, methods=[method], name=f"{method} {PREFIX}{self.path}")

    async def answer(self, request: Request) -> Response:
        """Answer a request, whatever is wrong with it, by a page."""
        add_headers(request.scope, gate.PERSONAL)
        session: WebSession | None = None
        try:
            if self.changes:
                gate.require_own_site(request)
            session = await self._session(request)
            return await self._answer(request, session)
        except SessionOverError as error:
            if self.changes or self.signed_in is False:
                return sorry_for(request, session, error, await self._unsent(request))
            return RedirectResponse(f"{SIGN_IN}?{urlencode({'next': _address(request)})}", status_code=_SEE_OTHER)
        except gate.CrossSiteError as error:
            return sorry_for(request, session, error)
        except TallystickError as error:
            later = failures.status_of(error) in _LATER
            return sorry_for(request, session, error, await self._unsent(request) if later else None)
        except ClientDisconnect:
            return sorry(request, session, failures.INCOMPLETE)
        except AWAY as error:
            log.warning("database_away", path=request.url.path, error=type(error).__name__)
            return sorry(request, session, failures.UNAVAILABLE, unsent=await self._unsent(request))
        except Exception as error:
            log.error("request_failed", path=request.url.path, exc_info=error)  # noqa: TRY400 - as the API logs it
            return sorry(request, session, failures.INTERNAL, unsent=await self._unsent(request))

    async def _session(self, request: Request) -> WebSession | None:
        if self.signed_in is False:
            return None
        session = await gate.session_of(request)
        if session.proven is not bool(self.signed_in):
            raise SessionOverError
        if session.caller.role not in self.roles:
            raise ForbiddenError
        return session

    async def _answer(self, request: Request, session: WebSession | None) -> Response:
        services: Services = request.app.state.services
        await limits.draw_for(request, self.rate, session.caller if session is not None else None)
        named, visitor = request.path_params.items(), gate.visitor_of(request)
        visit = Visit[Any, Any](
            request,
            services,
            session,
            {name: _id_of(value) for name, value in named if name not in self.texts},
            {name: str(value) for name, value in named if name in self.texts},
            _struct_of(request.query_params.multi_items(), self.query, "address"),
            None,
        )
        try:
            if self.form is not None and not self.upload:
                await self._read_form(request, visit)
            with acting(session.caller.actor if session is not None else NOBODY, visitor.address):
                return await self.show(visit)
        except SessionOverError:
            raise
        except TallystickError as error:
            if self.again is None:
                raise
            visit.error, visit.status = error.message, failures.status_of(error)
            later = failures.retry_after(request, visit.status, error)
            if later is not None:
                add_headers(request.scope, {"Retry-After": str(later)})
            if self.again.query is not self.query:
                visit.query = msgspec.convert({}, self.again.query)
            return await self.again.show(visit)

    async def _read_form(self, request: Request, visit: Visit[Any, Any]) -> None:
        visit.raw = await _body_of(request)
        fields = _fields_of(visit.raw)
        visit.typed = {name: value for name, value in fields if "password" not in name and name != "once"}
        visit.form = _struct_of(fields, self.form, "form")
        await limits.draw_for_name(request, self.rate, visit.session.caller if visit.session else None, visit.form)

    async def _unsent(self, request: Request) -> Unsent | None:
        """The form that was sent, where it can be sent again from the page that says what went wrong."""
        if self.form is None or self.upload:
            return None
        try:
            fields = _fields_of(await _body_of(request))
        except (TallystickError, ClientDisconnect):
            return None
        # A password is shown on no page.
        known = {field.encode_name for field in msgspec.structs.fields(self.form)}
        if any("password" in name for name in known) or not known.issuperset(name for name, _ in fields):
            return None
        return Unsent(_address(request), fields)


async def _body_of(request: Request) -> bytes:
    """What a form sent, read once."""
    if not hasattr(request.state, "form"):
        require_type(request, FORM_TYPE)
        request.state.form = await read_body(request, MAX_JSON_BYTES)
    body: bytes = request.state.form
    return body


def _fields_of(raw: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(raw.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError as error:  # an empty form among them, which no page has
        raise DecodingError("the form can't be read") from error


def _address(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _id_of(value: str) -> bytes:
    try:
        return uuid_bytes(value)
    except DecodingError as error:
        raise DecodingError("this address names something that is no id") from error


def _struct_of(pairs: list[tuple[str, str]], shape: Any, what: str) -> Any:
    if len({name for name, _ in pairs}) != len(pairs):
        raise DecodingError(f"the {what} names something twice")
    try:
        return msgspec.convert(dict(pairs), shape, strict=False)
    except msgspec.ValidationError as error:
        raise DecodingError(f"the {what}: {str(error)[:200]}") from error
