"""What admins look after themselves: the second factor, and where they are signed in to the console."""

import msgspec

from shared.ids import uuid_text
from syncserver.api.rest.auth import TAG, Secret
from syncserver.api.rest.endpoint import Answer, Call, Endpoint, Nothing, Rate
from syncserver.people import second_factor, web_sessions
from syncserver.people.access import ADMINS
from syncserver.people.errors import SecondFactorError, SecondFactorStateError, UnknownPersonError
from syncserver.people.person import read


class FactorView(msgspec.Struct, frozen=True, rename="camel"):
    """What a generator of one-time passwords is given: the secret in Base32, and the same as an otpauth address."""

    secret: str
    uri: str

    def __repr__(self) -> str:
        return "FactorView()"


class OneTimeRequest(Secret, frozen=True):
    """A one-time password of the second factor."""

    one_time_password: str


class RecoveryView(msgspec.Struct, frozen=True, rename="camel"):
    """Recovery codes, shown this once; each is good once in place of a one-time password."""

    recovery_codes: list[str]

    def __repr__(self) -> str:
        return "RecoveryView()"


class SessionView(msgspec.Struct, frozen=True, rename="camel"):
    """A session in a browser; `begunBy` is a generator, a recovery code or the set-up of one. Times in ms."""

    session_id: str
    since: int
    last_at: int
    address: str
    agent: str
    begun_by: str | None


class SessionList(msgspec.Struct, frozen=True, rename="camel"):
    """Your open sessions in browsers, the newest first."""

    sessions: list[SessionView]


async def begin(call: Call[None, Nothing]) -> Answer[FactorView]:
    """`POST /auth/second-factor`: the same secret until its first password was shown."""
    async with call.services.pool.acquire() as connection:
        person = await read(connection, call.who.user_id)
    made = await second_factor.begin(call.services, person, call.who.session)
    return Answer(FactorView(made.secret, made.uri))


async def confirm(call: Call[OneTimeRequest, Nothing]) -> Answer[RecoveryView]:
    """`POST /auth/second-factor/confirm`."""
    codes = await second_factor.confirm(call.services, call.who.user_id, call.who.session, call.body.one_time_password)
    return Answer(RecoveryView(list(codes)))


async def renew_codes(call: Call[OneTimeRequest, Nothing]) -> Answer[RecoveryView]:
    """`POST /auth/second-factor/recovery-codes`."""
    codes = await second_factor.renew_codes(call.services, call.who.user_id, call.body.one_time_password)
    return Answer(RecoveryView(list(codes)))


async def list_sessions(call: Call[None, Nothing]) -> Answer[SessionList]:
    """`GET /auth/web-sessions`."""
    found = await web_sessions.list_own(call.services, call.who.user_id)
    return Answer(
        SessionList(
            [
                SessionView(
                    uuid_text(one.session),
                    one.since,
                    one.last_at,
                    one.address,
                    one.agent,
                    one.proof.value if one.proof is not None else None,
                )
                for one in found
            ]
        )
    )


async def end_session(call: Call[None, Nothing]) -> Answer[None]:
    """`POST /auth/web-sessions/{sessionId}/end`."""
    await web_sessions.end(call.services, call.who, call.path["sessionId"])
    return Answer(None)


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/auth/second-factor",
        handle=begin,
        summary="Begin a second factor; it counts once a password of it was shown",
        answers=FactorView,
        roles=ADMINS,
        errors=(SecondFactorStateError, UnknownPersonError),
        rate=Rate.LOGIN,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/auth/second-factor/confirm",
        handle=confirm,
        summary="Let a second factor count, and see its recovery codes",
        answers=RecoveryView,
        roles=ADMINS,
        body=OneTimeRequest,
        errors=(SecondFactorError, SecondFactorStateError, UnknownPersonError),
        rate=Rate.LOGIN,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/auth/second-factor/recovery-codes",
        handle=renew_codes,
        summary="Make new recovery codes, by a one-time password of the generator; the old ones are void",
        answers=RecoveryView,
        roles=ADMINS,
        body=OneTimeRequest,
        errors=(SecondFactorError, SecondFactorStateError),
        rate=Rate.LOGIN,
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/auth/web-sessions",
        handle=list_sessions,
        summary="Where I am signed in to the console",
        answers=SessionList,
        roles=ADMINS,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/auth/web-sessions/{sessionId}/end",
        handle=end_session,
        summary="End one of my sessions in a browser",
        roles=ADMINS,
        tag=TAG,
    ),
)
