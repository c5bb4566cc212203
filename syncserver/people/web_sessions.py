"""Admins' sessions in a browser: begun by password and second factor, ended by time, by their owner, or by a block.

The cookie's token is random and stored as its hash. After the second factor it is another token, so nobody who saw the
first one has anything. Fifteen minutes without a page end a session, and so do twelve hours in all.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from shared.ids import uuid7
from shared.lifecycles import PersonState
from shared.messages.enrolment import to_base64url
from shared.rules.decision import MS_PER_HOUR
from syncserver.audit import trail
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.people import second_factor, sessions, wrong_tries
from syncserver.people.access import ADMINS, Caller, Role
from syncserver.people.errors import BlockedError, CredentialsError, SessionOverError
from syncserver.people.person import QUERIES, Person, lock, object_of, read
from syncserver.people.registrations import login_of
from syncserver.people.second_factor import FEW_CODES, Proof
from syncserver.people.wrong_tries import WrongTries
from syncserver.services import Services
from syncserver.sync.turns import Turns

IDLE_MS = 15 * 60_000
LONGEST_MS = 12 * MS_PER_HOUR
# Between the password and the second factor, setting one up included.
HALF_MS = 10 * 60_000
TOKEN_BYTES = 32
# What is written for each page is written no more often than this.
TOUCH_MS = 20_000
MOST_AGENT, MOST_NOTICE = 200, 500


@dataclass(frozen=True, slots=True)
class Visitor:
    """From where somebody asks: an address, and what the browser calls itself."""

    address: str
    agent: str


@dataclass(frozen=True, slots=True)
class WebSession:
    """An open session.

    Attributes:
        caller: whose it is, as everything below the pages knows them; its session is this one.
        login: how this person signs in.
        name: how this person is called.
        proven: whether the second factor was shown; without it nothing else may be done.
        notice: what the last change left to be said, once.
    """

    caller: Caller
    login: str
    name: str
    proven: bool
    notice: str | None


@dataclass(frozen=True, slots=True)
class SessionView:
    """One of somebody's sessions, and by what it was begun beside the password. Times in ms."""

    session: bytes
    since: int
    last_at: int
    address: str
    agent: str
    proof: Proof | None


async def sign_in(services: Services, turns: Turns, login: str, password: str, visitor: Visitor) -> str:
    """Begin the half of a session that a password gives; its token.

    Raises:
        CredentialsError: login and password do not fit, were tried too often, or are not an admin's.
        LoginError, BlockedError, BusyError: nothing was begun.
    """
    proven = await sessions.prove(services, turns, login_of(login), password)
    if proven.state is PersonState.BLOCKED:
        raise BlockedError
    if proven.role not in ADMINS:
        raise CredentialsError
    async with services.pool.acquire() as connection, connection.transaction():
        person = await lock(connection, proven.user_id)
        if person.password != proven.password or person.state is not PersonState.APPROVED:
            raise CredentialsError  # it changed meanwhile
        await sessions.forgive(connection, person)
        return await _begin(connection, services, person, visitor, None)


async def pass_second(services: Services, half: WebSession, password: str, visitor: Visitor) -> str:
    """Turn the half into a whole session by the second factor; the token that is good from now on.

    Raises:
        SecondFactorError: the one-time password is not right; the half goes on.
        SessionOverError: the second factor was never set up.
    """
    async with services.pool.acquire() as connection:
        if not await second_factor.is_on(connection, half.caller.user_id):
            raise SessionOverError
    proof = await second_factor.prove(services, half.caller.user_id, password)
    if proof is None:  # it was reset meanwhile
        raise SessionOverError
    return await _whole(services, half, visitor, proof)


async def set_up_second(
    services: Services, half: WebSession, password: str, visitor: Visitor
) -> tuple[str, Sequence[str]]:
    """Let a new second factor count, and go on as `pass_second` does: (token, recovery codes).

    Raises:
        SecondFactorError, SecondFactorStateError: nothing was done.
    """
    codes = await second_factor.confirm(services, half.caller.user_id, half.caller.session, password)
    return await _whole(services, half, visitor, Proof.SET_UP), codes


async def _whole(services: Services, half: WebSession, visitor: Visitor, proof: Proof) -> str:
    async with services.pool.acquire() as connection, connection.transaction():
        person = await lock(connection, half.caller.user_id)
        now = services.clock()
        ended = await connection.execute(QUERIES["end_web_session"], *_key(half.caller), now)
        if ended != "UPDATE 1" or person.state is not PersonState.APPROVED:
            raise SessionOverError
        return await _begin(connection, services, person, visitor, proof)


async def _begin(
    connection: Connection, services: Services, person: Person, visitor: Visitor, proof: Proof | None
) -> str:
    """A session, whole by a proof of the second factor, or its half."""
    token, now = to_base64url(services.random(TOKEN_BYTES)), services.clock()
    session, notice = uuid7(now, services.random(10)), None
    if proof is not None:
        wrong = await wrong_tries.tell(connection, person)
        left = await connection.fetchval(QUERIES["recovery_left"], uuid_of(person.user_id))
        notice = _greeting(wrong, proof, left)
        after = {"over": "console", "by": proof.value, **(wrong.noted if wrong is not None else {})}
        about, actor = object_of(person.user_id), Caller(person.user_id, person.role).actor
        await trail.note(connection, services, action="session.begin", object_=about, actor=actor, after=after)
    whose = (_hash(token), uuid_of(session), uuid_of(person.user_id), proof is not None)
    until = now + (LONGEST_MS if proof is not None else HALF_MS)
    where = (visitor.address[:64], visitor.agent[:MOST_AGENT])
    word = proof.value if proof is not None else None
    await connection.execute(QUERIES["write_web_session"], *whose, now, until, *where, word, notice)
    return token


def _greeting(wrong: WrongTries | None, proof: Proof, left: int) -> str | None:
    """What somebody has to know who has just come in."""
    said = [str(wrong)] if wrong is not None else []
    if proof is Proof.RECOVERY:
        said.append("You came in by a recovery code, which is used up.")
    if left <= FEW_CODES:
        few = f"only {left}" if left else "no"
        said.append(
            f"You have {few} recovery code{'s' if left != 1 else ''} left: make new ones on your account's page."
        )
    return " ".join(said) or None


def _hash(token: str) -> bytes:
    """A token has 256 random bits, so a plain hash hides it. What can't be one is nobody's."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


async def resume(services: Services, token: str, *, present: bool = True) -> WebSession:
    """The session that a cookie is of.

    Args:
        services: of this process.
        token: the cookie.
        present: whether somebody is there, or a page that is open asks by itself: that keeps no session alive.

    Raises:
        SessionOverError: there is none, or it is over.
    """
    hashed, now = _hash(token), services.clock()
    row = await services.pool.fetchrow(QUERIES["read_web_session"], hashed, now, now - IDLE_MS)
    if row is None:
        raise SessionOverError
    if present and (row["notice"] is not None or now - row["last_at"] > TOUCH_MS):
        await services.pool.execute(QUERIES["touch_web_session"], hashed, now)
    caller = Caller(row["user_id"].bytes, Role(row["role"]), session=row["session"].bytes)
    return WebSession(caller, row["login"], row["name"], row["proven"], row["notice"])


async def leave_notice(services: Services, caller: Caller, text: str) -> None:
    """Have the next page of a session say something."""
    await services.pool.execute(QUERIES["write_notice"], _key(caller)[1], text[:MOST_NOTICE])


async def list_own(services: Services, user_id: bytes) -> list[SessionView]:
    """Somebody's open sessions, the newest first."""
    now = services.clock()
    rows = await services.pool.fetch(QUERIES["list_web_sessions"], uuid_of(user_id), now, now - IDLE_MS)
    return [
        SessionView(
            row["session"].bytes,
            row["since"],
            row["last_at"],
            row["address"],
            row["agent"],
            Proof(row["proof"]) if row["proof"] is not None else None,
        )
        for row in rows
    ]


async def end(services: Services, caller: Caller, session: bytes) -> None:
    """End one of somebody's own sessions. One that is over, or somebody else's, ends nothing."""
    await services.pool.execute(QUERIES["end_web_session"], uuid_of(caller.user_id), uuid_of(session), services.clock())


async def person_of(services: Services, session: WebSession) -> Person:
    """Whose session it is."""
    async with services.pool.acquire() as connection:
        return await read(connection, session.caller.user_id)


async def forget_web_sessions(services: Services) -> None:
    """Drop sessions that are over."""
    await services.pool.execute(QUERIES["forget_web_sessions"], services.clock())


def _key(caller: Caller) -> tuple[object, object]:
    if caller.session is None:
        raise SessionOverError
    return uuid_of(caller.user_id), uuid_of(caller.session)
