"""Logging in and out, staying logged in, and passwords. Terminals have `/auth/token` instead."""

from typing import Any

import msgspec
from starlette.responses import Response

from shared.ids import uuid_text, uuid_text_or_none
from shared.lifecycles import PersonState
from syncserver.api.envelope import success
from syncserver.api.rest.endpoint import Answer, Call, Endpoint, Nothing, Rate
from syncserver.database.errors import BusyError
from syncserver.people import sessions
from syncserver.people.access import ACCESS_SECONDS
from syncserver.people.errors import (
    BlockedError,
    CredentialsError,
    LoginError,
    OldPasswordError,
    PasswordError,
    RefreshRaceError,
    RefreshTokenError,
    SecondFactorError,
    SecondFactorNeededError,
    UnknownPersonError,
)
from syncserver.people.sessions import Session
from syncserver.sync.bounds import Bounds
from syncserver.sync.turns import Turns

TAG = "Signing in"
WAITING_TOO = frozenset({PersonState.WAITING, PersonState.APPROVED})
# What holds a token is kept nowhere on the way (RFC 6749, section 5.1).
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class Secret(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A body that no log shows."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class LoginRequest(Secret, frozen=True):
    """Who asks, and the proof of it; with a one-time password where there is a second factor."""

    login: str
    password: str
    one_time_password: str | None = None


class RefreshRequest(Secret, frozen=True):
    """The refresh token that came last."""

    refresh_token: str


class PasswordRequest(Secret, frozen=True):
    """The password as it is, and as it is to be: 8 to 128 characters."""

    old_password: str
    new_password: str


class WrongTriesView(msgspec.Struct, frozen=True, rename="camel"):
    """Wrong passwords since an admin was last here; when (ms) the last came, and from where."""

    count: int
    last_at: int
    last_from: str | None


class TokensView(msgspec.Struct, frozen=True, rename="camel"):
    """An access token, good for `expiresIn` seconds, and a refresh token that is good once, for 12 hours.

    `wrongTries` tells an admin who logs in of wrong ones since the last time, once.
    """

    user_id: str
    role: str
    state: str
    vendor_id: str | None
    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str
    wrong_tries: WrongTriesView | None

    def __repr__(self) -> str:
        return f"TokensView({self.user_id})"


def turns_of(call: Call[Any, Any]) -> Turns:
    """Whose turn it is in this process to have a password hashed."""
    bounds: Bounds = call.request.app.state.bounds
    return bounds.passwords


def _answer(call: Call[Any, Any], session: Session) -> Response:
    person, wrong = session.person, session.wrong
    view = TokensView(
        user_id=uuid_text(person.user_id),
        role=person.role.value,
        state=person.state.value,
        vendor_id=uuid_text_or_none(person.vendor),
        access_token=session.access,
        token_type="Bearer",  # noqa: S106 - its kind
        expires_in=ACCESS_SECONDS,
        refresh_token=session.refresh,
        wrong_tries=WrongTriesView(wrong.count, wrong.last_at, wrong.last_from) if wrong is not None else None,
    )
    response = success(call.request, view)
    response.headers.update(_NO_STORE)
    return response


async def log_in(call: Call[LoginRequest, Nothing]) -> Response:
    """`POST /auth/login`."""
    body = call.body
    turns, otp = turns_of(call), body.one_time_password
    return _answer(call, await sessions.log_in(call.services, turns, body.login, body.password, otp))


async def refresh(call: Call[RefreshRequest, Nothing]) -> Response:
    """`POST /auth/refresh`."""
    return _answer(call, await sessions.refresh(call.services, call.body.refresh_token))


async def log_out(call: Call[RefreshRequest, Nothing]) -> Answer[None]:
    """`POST /auth/logout`: answers the same whether there was anything to end."""
    await sessions.log_out(call.services, call.body.refresh_token)
    return Answer(None)


async def log_out_everywhere(call: Call[None, Nothing]) -> Answer[None]:
    """`POST /auth/logout-everywhere`."""
    await sessions.log_out_everywhere(call.services, call.who)
    return Answer(None)


async def change_password(call: Call[PasswordRequest, Nothing]) -> Answer[None]:
    """`POST /auth/password`."""
    body = call.body
    await sessions.change_password(call.services, turns_of(call), call.who, body.old_password, body.new_password)
    return Answer(None)


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/auth/login",
        handle=log_in,
        summary="Exchange login and password for tokens",
        answers=TokensView,
        roles=None,
        body=LoginRequest,
        errors=(LoginError, CredentialsError, BlockedError, SecondFactorNeededError, SecondFactorError, BusyError),
        rate=Rate.LOGIN,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/auth/refresh",
        handle=refresh,
        summary="Exchange a refresh token for the next one, and an access token",
        answers=TokensView,
        roles=None,
        body=RefreshRequest,
        errors=(RefreshTokenError, RefreshRaceError),
        rate=Rate.PUBLIC,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/auth/logout",
        handle=log_out,
        summary="End a session",
        roles=None,
        body=RefreshRequest,
        rate=Rate.PUBLIC,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/auth/logout-everywhere",
        handle=log_out_everywhere,
        summary="End all of my sessions, this one too",
        states=WAITING_TOO,
        errors=(UnknownPersonError,),
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/auth/password",
        handle=change_password,
        summary="Change the password, and end all other sessions",
        states=WAITING_TOO,
        body=PasswordRequest,
        errors=(OldPasswordError, PasswordError, BusyError),
        rate=Rate.LOGIN,
        tag=TAG,
    ),
)
