"""An endpoint of the REST API: what it takes, what it answers, who may call it.

Routes, the OpenAPI document and the tests of who may do what are made from the same declarations.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.errors import DecodingError, TallystickError, TokenError
from shared.ids import uuid_bytes
from shared.lifecycles import PersonState
from shared.words import Word
from syncserver.api.body import MAX_JSON_BYTES, read_body, require_type
from syncserver.api.envelope import success
from syncserver.api.frame import add_headers
from syncserver.api.rest import limits
from syncserver.audit.acting import acting
from syncserver.database.connection import Connection
from syncserver.people import access, sessions
from syncserver.people.access import ADMINS, Caller, Role
from syncserver.people.errors import ForbiddenError, NotApprovedError
from syncserver.people.once import OnceKey, find_answer, once
from syncserver.services import Services

IDEMPOTENCY_KEY = "Idempotency-Key"
ACCEPTED = 202
ANOTHER_ADMIN = "Another admin must ask for the same."
# What nobody between here and the caller may keep; unless a handler says otherwise.
PERSONAL = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
EVERYBODY = frozenset(Role)
# Who acts where no token is asked for, unless what they ask for shows it.
NOBODY = "anonymous"
APPROVED = frozenset({PersonState.APPROVED})
_Body = TypeVar("_Body")
_Query = TypeVar("_Query")
_Found = TypeVar("_Found")
Rate = limits.Rate


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No fields."""


@dataclass(frozen=True, slots=True)
class Answer(Generic[_Found]):
    """Data to answer with, and its status."""

    data: _Found
    status: int = 200
    message: str = "OK"


@dataclass(frozen=True, slots=True)
class Call(Generic[_Body, _Query]):
    """One request, checked: its caller may make it, its path, query and body have their shapes.

    Attributes:
        caller: who asks; None at endpoints that ask for no token.
        path: the ids that the path names.
        words: the words that the path names.
    """

    request: Request
    services: Services
    caller: Caller | None
    path: Mapping[str, bytes]
    query: _Query
    body: _Body
    raw: bytes
    route: str
    words: Mapping[str, str]

    @property
    def who(self) -> Caller:
        """The caller of an endpoint that asks for a token."""
        if self.caller is None:
            raise TokenError("a bearer token is needed")
        return self.caller

    async def once(self, work: Callable[[Connection], Awaitable[_Found]], *, status: int = 200) -> Answer[Any]:
        """Do what moves money once for each Idempotency-Key, in the transaction that stores the answer.

        Raises:
            KeyRequiredError, KeyReusedError: nothing was done.
        """
        key = self._key()

        async def answered(connection: Connection) -> tuple[_Found, int]:
            return await work(connection), status

        stored = await once(self.services, key, answered)
        return Answer(stored.data, stored.status)

    async def once_or_wait(self, work: Callable[[Connection], Awaitable[tuple[Any, int]]]) -> Answer[Any]:
        """As `once`, for work that may have to wait for another admin: it gives its data and its status.

        Raises:
            KeyRequiredError, KeyReusedError: nothing was done.
        """
        stored = await once(self.services, self._key(), work)
        return Answer(stored.data, stored.status, ANOTHER_ADMIN if stored.status == ACCEPTED else "OK")

    async def done_before(self) -> Answer[Any] | None:
        """What this key was answered, where it was used before: asked by what costs much before its transaction.

        Raises:
            KeyRequiredError, KeyReusedError: there is no key, or it was used for another request.
        """
        stored = await find_answer(self.services, self._key())
        return Answer(stored.data, stored.status) if stored is not None else None

    def _key(self) -> OnceKey:
        return OnceKey.of(self.who.user_id, only_header(self.request, IDEMPOTENCY_KEY), self.route, self.raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One way to call the server.

    Attributes:
        method: GET or POST.
        path: Starlette's form; each `{name}` is a UUID, unless it stands in `words`.
        words: which words a name in the path may be.
        handle: what it does.
        summary: one line for the document.
        answers: the type of `data` in the envelope; None where the answer is no JSON.
        media: what else it answers with, where it is no JSON.
        roles: who may call it; None for everybody, without a token.
        states: what a caller's registration may be; who is in another is told NOT_APPROVED.
        owner: the name in the path that must be the caller's own id, or for a vendor's person the shop's, unless an
            admin asks.
        body: the type of the JSON body; None where there is none.
        takes: what else it takes, where the body is no JSON; the handler reads it.
        query: the type of the query; its fields are texts, numbers and booleans.
        errors: what can go wrong beside what can at every endpoint.
        once: whether it needs an Idempotency-Key.
        statuses: what it answers with where all went well.
        rate: which bucket a call is drawn from.
        tag: under which heading the document has it.
    """

    method: str
    path: str
    handle: Callable[[Call[Any, Any]], Awaitable[Answer[Any] | Response]]
    summary: str
    answers: Any = None
    media: tuple[str, ...] = ()
    roles: frozenset[Role] | None = EVERYBODY
    states: frozenset[PersonState] = APPROVED
    owner: str | None = None
    words: Mapping[str, type[Word]] = field(default_factory=dict)
    body: Any = None
    takes: tuple[str, ...] = ()
    query: Any = Nothing
    errors: tuple[type[TallystickError], ...] = ()
    once: bool = False
    statuses: tuple[int, ...] = (200,)
    rate: Rate = Rate.USER
    tag: str

    @property
    def route(self) -> Route:
        """The route that Starlette is given."""
        return Route(self.path, self._answer, methods=[self.method], name=f"{self.method} {self.path}")

    async def _answer(self, request: Request) -> Response:
        services: Services = request.app.state.services
        add_headers(request.scope, PERSONAL)
        caller = caller_of(request) if self.roles is not None else None
        if caller is not None:
            sessions.require_unknown_to_have_ended(services, caller)
        await limits.draw_for(request, self.rate, caller)
        if caller is not None:
            await sessions.require_open(services, caller)
            self._require(caller)
        named = request.path_params.items()
        path = {name: _id_of(name, value) for name, value in named if name not in self.words}
        words = {name: _word_of(name, value, self.words[name]) for name, value in named if name in self.words}
        if caller is not None and self.owner is not None:
            _require_own(caller, path[self.owner])
        query = _query_of(request, self.query)
        raw = b""
        body: Any = None
        if self.body is not None:
            require_type(request, "application/json")
            raw = await read_body(request, MAX_JSON_BYTES)
            body = _body_of(raw, self.body)
            await limits.draw_for_name(request, self.rate, caller, body)
        route = f"{self.method} {request.url.path}?{request.url.query}"
        call = Call(request, services, caller, path, query, body, raw, route, words)
        with acting(caller.actor if caller is not None else NOBODY, origin_of(request)):
            answer = await self.handle(call)
        if isinstance(answer, Response):
            return answer
        return success(request, answer.data, status=answer.status, message=answer.message)

    def _require(self, caller: Caller) -> None:
        if caller.state not in self.states:
            raise NotApprovedError
        if self.roles is not None and caller.role not in self.roles:
            raise ForbiddenError


def origin_of(request: Request) -> str | None:
    """Where a request comes from, for the audit trail: the address of whoever is connected."""
    return request.client.host if request.client is not None else None


def caller_of(request: Request) -> Caller:
    """The person whose access token the request bears.

    Raises:
        TokenError: there is none, or it is not valid.
    """
    scheme, _, bearer = (only_header(request, "Authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not bearer:
        raise TokenError("a bearer token is needed")
    return access.authenticate(request.app.state.services, bearer.strip())


def only_header(request: Request, name: str) -> str | None:
    """A header that may be there once: of two, whoever stands between might mean the other one.

    Raises:
        DecodingError: it is there several times.
    """
    found = request.headers.getlist(name)
    if len(found) > 1:
        raise DecodingError(f"{name}: more than one")
    return found[0] if found else None


def _require_own(caller: Caller, owner: bytes) -> None:
    if caller.role in ADMINS:
        return
    own = caller.vendor if caller.role is Role.VENDOR else caller.user_id
    if owner != own:
        raise ForbiddenError


def _id_of(name: str, value: str) -> bytes:
    try:
        return uuid_bytes(value)
    except DecodingError as error:
        raise DecodingError(f"{name}: not a UUID") from error


def _word_of(name: str, value: str, words: type[Word]) -> str:
    try:
        return words(value).value
    except ValueError as error:
        raise DecodingError(f"{name}: not one of {', '.join(words)}") from error


def _query_of(request: Request, shape: type[_Query]) -> _Query:
    values = request.query_params.multi_items()
    if len({name for name, _ in values}) != len(values):
        raise DecodingError("the query names something twice")
    try:
        return msgspec.convert(dict(values), shape, strict=False)
    except msgspec.ValidationError as error:
        raise DecodingError(str(error)[:200]) from error


def _body_of(raw: bytes, shape: type[_Body]) -> _Body:
    try:
        return msgspec.json.decode(raw, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DecodingError(str(error)[:200]) from error
