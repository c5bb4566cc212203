"""Logging in, staying logged in, and logging out.

A refresh token is random, stored as its hash and good once; what it is exchanged for is of the same family. One that
comes again was in two hands, so its family ends. Within ten seconds it may also be an answer that was lost, or two
requests of one client: the second gets nothing, and the family goes on.

Ten wrong passwords lock a login for half an hour. A guess is counted before it is compared, so no number of them at
once gets more. Whether somebody has a login or not, as much is counted, read and hashed, and while it is locked even
the right password is answered like a wrong one: whoever guesses on learns nothing. Whoever is logged in stays so, so
locking somebody else's login does not throw them out.
"""

import hashlib
from dataclasses import dataclass, replace

import structlog

from shared.errors import TokenError
from shared.ids import uuid7
from shared.lifecycles import PersonState
from shared.messages.enrolment import to_base64url
from shared.rules.decision import MS_PER_HOUR
from syncserver.audit import trail
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.people import passwords, second_factor, wrong_tries
from syncserver.people.access import ACCESS_SECONDS, ADMINS, Caller, grant
from syncserver.people.errors import (
    BlockedError,
    CredentialsError,
    OldPasswordError,
    RefreshRaceError,
    RefreshTokenError,
    UnknownPersonError,
)
from syncserver.people.person import QUERIES, Person, end_sessions, lock, object_of, read
from syncserver.people.registrations import login_of
from syncserver.people.wrong_tries import WrongTries
from syncserver.services import Services
from syncserver.sync.turns import Turns

REFRESH_HOURS = 12
# However often it is refreshed, a session ends.
SESSION_HOURS = 30 * 24
MOST_FAILURES = 10
LOCKED_MS = 30 * 60_000
RACE_MS = 10_000
# A guess that nobody added to for so long is forgotten: slower than a lock lets them go on.
TRIES_KEPT_MS = 2 * LOCKED_MS
TOKEN_BYTES = 32
_LIVE = frozenset({PersonState.WAITING, PersonState.APPROVED})
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, repr=False)
class Session:
    """What somebody who logged in is given. Its repr shows no token. `wrong` is told to an admin once."""

    person: Person
    access: str
    refresh: str
    wrong: WrongTries | None = None

    def __repr__(self) -> str:
        return f"Session({self.person!r})"


async def log_in(
    services: Services, turns: Turns, login: str, password: str, one_time_password: str | None = None
) -> Session:
    """Exchange login and password for tokens; whoever has a second factor shows a one-time password of it as well.

    Raises:
        LoginError: nobody can have this login.
        CredentialsError: they do not fit, or were tried too often.
        BlockedError: they fit, and the person is blocked.
        SecondFactorNeededError, SecondFactorError: they fit, and the one-time password is not there, or not right.
        BusyError: too many passwords are being hashed.
    """
    name = login_of(login)
    person = await prove(services, turns, name, password)
    if person.state is PersonState.BLOCKED:
        raise BlockedError
    await second_factor.prove(services, person.user_id, one_time_password)
    now = services.clock()
    family = uuid7(now, services.random(10))
    async with services.pool.acquire() as connection, connection.transaction():
        current = await lock(connection, person.user_id)
        if current.password != person.password or current.state not in _LIVE:
            raise CredentialsError  # it changed meanwhile
        await forgive(connection, current)
        wrong = await wrong_tries.tell(connection, current)
        begun = await _begin(connection, services, current, family, since=now)
        if current.role in ADMINS:
            after = {"over": "rest", **(wrong.noted if wrong is not None else {})}
            about, actor = object_of(current.user_id), Caller(current.user_id, current.role).actor
            await trail.note(connection, services, action="session.begin", object_=about, actor=actor, after=after)
        return replace(begun, wrong=wrong)


async def prove(services: Services, turns: Turns, login: str, password: str, *, of: bytes | None = None) -> Person:
    """Whoever a login and a password belong to; of one person alone where that is named.

    Raises:
        CredentialsError: they do not fit, or were tried too often.
        BusyError: too many passwords are being hashed.
    """
    async with turns.turn():
        async with services.pool.acquire() as connection:
            failures = await connection.fetchval(QUERIES["take_try"], login, services.clock(), MOST_FAILURES, LOCKED_MS)
            candidates = [Person.of(row) for row in await connection.fetch(QUERIES["who_may_log_in"], login)]
        by_state = {person.state is PersonState.WAITING: person for person in candidates}
        # Whoever has the login, and whoever waits for it; of each that there is not, nobody's.
        both = [by_state.get(False), by_state.get(True)]
        hashes = [person.password if person is not None else passwords.NOBODYS for person in both]
        fits = await passwords.which_fits(password, hashes)
    found = both[fits] if fits is not None else None
    if failures > MOST_FAILURES or found is None or of not in (None, found.user_id):
        async with services.pool.acquire() as connection:
            await wrong_tries.count_wrong(connection, services, login)
        raise CredentialsError
    return found


async def forgive(connection: Connection, person: Person) -> None:
    """The password was right, so the guesses before it are forgotten.

    Not where it is that of somebody who waits: it was also a guess at the password of whoever has the login. Whether
    anybody has, or else whoever registers could find out by how often they may log in, makes no difference.
    """
    if person.state is not PersonState.WAITING:
        # An admin is told of them once the second factor was shown as well.
        forgotten = "forgive_tries" if person.role in ADMINS else "forget_tries"
        await connection.execute(QUERIES[forgotten], person.login)


async def _begin(connection: Connection, services: Services, person: Person, family: bytes, *, since: int) -> Session:
    """A refresh token of a family, and an access token with it."""
    now = services.clock()
    refresh = to_base64url(services.random(TOKEN_BYTES))
    ends = min(now + REFRESH_HOURS * MS_PER_HOUR, since + SESSION_HOURS * MS_PER_HOUR)
    row = (_hash(refresh), uuid_of(family), uuid_of(person.user_id), since, ends)
    await connection.execute(QUERIES["write_token"], *row)
    caller = Caller(person.user_id, person.role, person.vendor, person.state, family)
    return Session(person, grant(services, caller), refresh)


def _hash(token: str) -> bytes:
    """A token has 256 random bits, so a plain hash hides it. What can't be one is nobody's."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


async def refresh(services: Services, token: str) -> Session:
    """Exchange a refresh token for the next one, and an access token.

    Raises:
        RefreshTokenError: it is unknown, used, revoked or over, or its person is blocked.
        RefreshRaceError: it was exchanged within the last ten seconds.
    """
    async with services.pool.acquire() as connection, connection.transaction():
        answer = await _refresh(connection, services, _hash(token))
    # A family's end is committed before it is told.
    if isinstance(answer, Exception):
        raise answer
    return answer


async def _refresh(
    connection: Connection, services: Services, token: bytes
) -> Session | RefreshTokenError | RefreshRaceError:
    owner = await connection.fetchval(QUERIES["owner_of_token"], token)
    if owner is None:
        return RefreshTokenError()
    person = await lock(connection, owner.bytes)
    now = services.clock()
    row = await connection.fetchrow(QUERIES["read_token"], token)
    if row is None or row["revoked_at"] is not None or row["expires_at"] <= now or person.state not in _LIVE:
        return RefreshTokenError()
    if row["used_at"] is not None:
        if now - row["used_at"] <= RACE_MS:
            return RefreshRaceError()
        await connection.execute(QUERIES["revoke_family"], owner, row["family"], now)
        log.warning("refresh_token_reused", person=person.user_id.hex())
        return RefreshTokenError()
    await connection.execute(QUERIES["use_token"], token, now)
    return await _begin(connection, services, person, row["family"].bytes, since=row["since"])


async def log_out(services: Services, token: str) -> None:
    """End the family of a refresh token, used or not. One that nobody has ends nothing."""
    async with services.pool.acquire() as connection, connection.transaction():
        owner = await connection.fetchval(QUERIES["owner_of_token"], _hash(token))
        if owner is None:
            return
        await lock(connection, owner.bytes)
        row = await connection.fetchrow(QUERIES["read_token"], _hash(token))
        if row is not None:
            await connection.execute(QUERIES["revoke_family"], owner, row["family"], services.clock())


async def log_out_everywhere(services: Services, caller: Caller) -> None:
    """End all sessions of a person, this one too.

    Raises:
        UnknownPersonError: there is no such person.
    """
    async with services.pool.acquire() as connection, connection.transaction():
        await lock(connection, caller.user_id)
        await end_sessions(connection, services, caller.user_id)
        await trail.note(
            connection, services, actor=caller.actor, action="session.end-all", object_=object_of(caller.user_id)
        )


def require_unknown_to_have_ended(services: Services, caller: Caller) -> None:
    """Turn away at once, without asking anybody, whose session this process knows to have ended.

    Else whoever stole a token could go on drawing calls from its person's bucket with it.

    Raises:
        TokenError: it has ended, or the token is of no session.
    """
    if caller.session is None or services.ended_sessions.get(caller.session):
        raise TokenError


async def require_open(services: Services, caller: Caller) -> None:
    """Make sure that nobody ended the session of an access token since it was granted.

    A block, another password, logging out and a refresh token that came twice end sessions.

    Raises:
        TokenError: somebody did, or it is of no session.
    """
    if caller.session is None:
        raise TokenError
    ids = (uuid_of(caller.user_id), uuid_of(caller.session))
    if await services.pool.fetchval(QUERIES["session_has_ended"], *ids):
        services.ended_sessions.put(caller.session, True)  # noqa: FBT003 - what is remembered
        raise TokenError


async def change_password(services: Services, turns: Turns, caller: Caller, old: str, new: str) -> None:
    """Give somebody who knows the password a new one, and end all their sessions but this one.

    Raises:
        OldPasswordError: the old one does not fit, or was tried too often.
        PasswordError: the new one is none.
        BusyError: too many passwords are being hashed.
    """
    try:
        async with services.pool.acquire() as connection:
            person = await read(connection, caller.user_id)
        encoded = passwords.checked(new, person.login)
        proven = await prove(services, turns, person.login, old, of=person.user_id)
    except (UnknownPersonError, CredentialsError) as error:
        raise OldPasswordError from error
    async with turns.turn():
        hashed = await passwords.hash_of(encoded)
    async with services.pool.acquire() as connection, connection.transaction():
        current = await lock(connection, person.user_id)
        if current.password != proven.password or current.state not in _LIVE:
            raise OldPasswordError  # it changed meanwhile
        await forgive(connection, current)
        await _replace_password(connection, services, current, hashed, keep=caller.session)
        await trail.note(
            connection, services, actor=caller.actor, action="password.change", object_=object_of(caller.user_id)
        )


async def reset_password(services: Services, turns: Turns, user_id: bytes, new: str) -> None:
    """Give somebody a new password, whatever the old one was, and end all their sessions.

    Raises:
        UnknownPersonError, PasswordError: nothing was done.
    """
    async with services.pool.acquire() as connection:
        person = await read(connection, user_id)
    encoded = passwords.checked(new, person.login)
    async with turns.turn():
        hashed = await passwords.hash_of(encoded)
    async with services.pool.acquire() as connection, connection.transaction():
        await lock(connection, user_id)
        await forgive(connection, person)
        await _replace_password(connection, services, person, hashed, keep=None)
        await trail.note(connection, services, action="password.reset", object_=object_of(user_id))


async def _replace_password(
    connection: Connection, services: Services, person: Person, hashed: str, *, keep: bytes | None
) -> None:
    await connection.execute(QUERIES["write_password"], uuid_of(person.user_id), hashed)
    await end_sessions(connection, services, person.user_id, keep=keep)


async def forget_sessions(services: Services) -> None:
    """Drop refresh tokens that are over, as access tokens of theirs are, and guesses that lock nothing any more."""
    now = services.clock()
    await services.pool.execute(QUERIES["forget_tokens"], now - ACCESS_SECONDS * 1_000)
    await services.pool.execute(QUERIES["forget_old_tries"], now - TRIES_KEPT_MS)
