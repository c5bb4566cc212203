"""Admins' second factor: one-time passwords by time (RFC 6238), and recovery codes for whoever loses the generator.

A password is good for its half minute and the one on either side of it, once, and no older one after it. Ten wrong
ones lock for half an hour, as those of the first factor do.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import pyotp

from shared.words import Word
from syncserver.audit import trail
from syncserver.audit.acting import who
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.people.errors import SecondFactorError, SecondFactorNeededError, SecondFactorStateError
from syncserver.people.person import QUERIES, Person, end_sessions, lock, object_of
from syncserver.people.wrong_tries import NOBODY
from syncserver.services import Services

ISSUER = "Tallystick"
STEP_SECONDS = 30
MOST_FAILURES = 10
LOCKED_MS = 30 * 60_000
SECRET_BYTES = 20
RECOVERY_CODES = 10
_RECOVERY_BYTES = 10
# With so few left their owner is told at each sign-in.
FEW_CODES = 3
_CONTEXT = b"tallystick/v1/second-factor\x00"


class Proof(Word):
    """By what somebody showed their second factor."""

    GENERATOR = "generator"
    RECOVERY = "recovery code"
    SET_UP = "set up"


@dataclass(frozen=True, slots=True, repr=False)
class SetUp:
    """What a generator is given: the secret in Base32, and the same as an address that a QR code holds.

    Its repr shows neither.
    """

    secret: str
    uri: str

    def __repr__(self) -> str:
        return "SetUp()"


async def is_on(connection: Connection, user_id: bytes) -> bool:
    """Whether somebody has a second factor that counts."""
    return bool(await connection.fetchval(QUERIES["factor_is_on"], uuid_of(user_id)))


async def begin(services: Services, person: Person, session: bytes | None) -> SetUp:
    """The secret for a generator, the same for one session until its first password was shown.

    Another session is shown another one, and what was shown before is void: whoever had the password first and looked
    would have the same generator as its owner ever after.

    Raises:
        SecondFactorStateError: the second factor counts already; whoever had the password alone could replace it.
    """
    async with services.pool.acquire() as connection, connection.transaction():
        wrapped = services.kek.wrap(services.random(SECRET_BYTES), _CONTEXT + person.user_id)
        await connection.execute(QUERIES["write_factor"], uuid_of(person.user_id), wrapped, _in(session))
        row = await connection.fetchrow(QUERIES["read_factor"], uuid_of(person.user_id))
    if row is None or row["confirmed_at"] is not None:
        raise SecondFactorStateError
    secret = _unwrapped(services, person.user_id, row["secret"])
    return SetUp(secret, pyotp.TOTP(secret).provisioning_uri(name=person.login, issuer_name=ISSUER))


async def confirm(services: Services, user_id: bytes, session: bytes | None, password: str) -> tuple[str, ...]:
    """Let a second factor count from its first password on; its recovery codes, which are shown once.

    All other sessions end: they were begun by the password alone.

    Raises:
        SecondFactorError: the password is not right.
        SecondFactorStateError: the second factor counts already, or was not begun.
        UnknownPersonError: nobody has that id.
    """
    async with services.pool.acquire() as connection, connection.transaction():
        await lock(connection, user_id)
        row = await connection.fetchrow(QUERIES["lock_factor"], uuid_of(user_id))
        if row is None or row["confirmed_at"] is not None or row["begun_in"] != _in(session):
            raise SecondFactorStateError
        passed = await _try(connection, services, user_id, row, password)
        if passed is not None:
            codes = await _write_codes(connection, services, user_id)
            await end_sessions(connection, services, user_id, keep=session)
            await trail.note(connection, services, action="second-factor.set-up", object_=object_of(user_id))
    if passed is None:
        raise SecondFactorError
    return codes


async def prove(services: Services, user_id: bytes, password: str | None) -> Proof | None:
    """Make sure that whoever has a second factor shows a password of it, or a recovery code; None where there is none.

    Raises:
        SecondFactorNeededError: there is a second factor, and no password.
        SecondFactorError: the password is not right, was used before, or was tried too often.
    """
    async with services.pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(QUERIES["lock_factor"], uuid_of(user_id))
        if row is None or row["confirmed_at"] is None:
            return None
        if password is None:
            raise SecondFactorNeededError
        passed = await _try(connection, services, user_id, row, password)
    # Outside of the transaction: what was counted stays counted.
    if passed is None:
        raise SecondFactorError
    return passed


async def reset(services: Services, user_id: bytes) -> None:
    """Take somebody's second factor away: they set up another when they sign in next. All their sessions end."""
    async with services.pool.acquire() as connection, connection.transaction():
        await lock(connection, user_id)
        await connection.execute(QUERIES["forget_recovery"], uuid_of(user_id))
        await connection.execute(QUERIES["forget_factor"], uuid_of(user_id))
        await end_sessions(connection, services, user_id)
        await trail.note(connection, services, action="second-factor.reset", object_=object_of(user_id))


async def renew_codes(services: Services, user_id: bytes, password: str) -> tuple[str, ...]:
    """New recovery codes, which are shown once, for a one-time password of the generator; the old ones are void.

    Raises:
        SecondFactorError: the password is not right, or is a recovery code: one of those makes no ten.
        SecondFactorStateError: there is no second factor that counts.
    """
    async with services.pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(QUERIES["lock_factor"], uuid_of(user_id))
        if row is None or row["confirmed_at"] is None:
            raise SecondFactorStateError
        passed = await _try(connection, services, user_id, row, password, recovery=False)
        if passed is not None:
            await connection.execute(QUERIES["forget_recovery"], uuid_of(user_id))
            codes = await _write_codes(connection, services, user_id)
            await trail.note(connection, services, action="second-factor.renew-codes", object_=object_of(user_id))
    if passed is None:
        raise SecondFactorError
    return codes


async def _write_codes(connection: Connection, services: Services, user_id: bytes) -> tuple[str, ...]:
    codes = tuple(_recovery_code(services) for _ in range(RECOVERY_CODES))
    await connection.executemany(QUERIES["write_recovery"], [(uuid_of(user_id), _hash(code)) for code in codes])
    return codes


async def recovery_left(services: Services, user_id: bytes) -> int:
    """How many recovery codes are good still."""
    return int(await services.pool.fetchval(QUERIES["recovery_left"], uuid_of(user_id)))


async def _try(
    connection: Connection,
    services: Services,
    user_id: bytes,
    row: "asyncpg.Record",
    password: str,
    *,
    recovery: bool = True,
) -> Proof | None:
    """What a password is, where it is right; which is counted either way."""
    now = services.clock()
    if row["locked_until"] is not None and now < row["locked_until"]:
        await _count_wrong(connection, services, user_id, row["failures"], row["locked_until"])
        return None
    typed = "".join(password.split()).replace("-", "")[:64]
    step = _step_of(_unwrapped(services, user_id, row["secret"]), typed, now, row["used_step"])
    if step is not None:
        await connection.execute(QUERIES["factor_passed"], uuid_of(user_id), now, step)
        return Proof.GENERATOR
    if recovery and row["confirmed_at"] is not None and await _use_recovery(connection, user_id, typed, now):
        await connection.execute(QUERIES["factor_passed"], uuid_of(user_id), now, 0)
        return Proof.RECOVERY
    # A lock that is over begins anew.
    failures = 1 if row["locked_until"] is not None else row["failures"] + 1
    until = now + LOCKED_MS if failures >= MOST_FAILURES else None
    await _count_wrong(connection, services, user_id, failures, until)
    if until is not None:
        after = {"wrong_tries": failures, "locked_until": until}
        about = object_of(user_id)
        await trail.note(connection, services, actor=NOBODY, action="second-factor.lock", object_=about, after=after)
    return None


async def _count_wrong(
    connection: Connection, services: Services, user_id: bytes, failures: int, until: int | None
) -> None:
    written = (uuid_of(user_id), failures, until, services.clock(), who().origin)
    await connection.execute(QUERIES["factor_failed"], *written)


def _step_of(secret: str, typed: str, now: int, used: int) -> int | None:
    """Which half minute a password is of, where it is of one that may be used; all are compared in any case."""
    totp = pyotp.TOTP(secret)
    current = now // 1_000 // STEP_SECONDS
    near = (current - 1, current, current + 1)
    fits = [
        hmac.compare_digest(totp.generate_otp(step).encode(), typed.encode("utf-8", "surrogatepass")) for step in near
    ]
    return next((step for step, fit in zip(near, fits, strict=True) if fit and step > used), None)


async def _use_recovery(connection: Connection, user_id: bytes, typed: str, now: int) -> bool:
    return await connection.execute(QUERIES["use_recovery"], uuid_of(user_id), _hash(typed), now) == "UPDATE 1"


def _in(session: bytes | None) -> UUID:
    """The session that a secret is shown in; a token without one may set up nothing.

    Raises:
        SecondFactorStateError: there is none.
    """
    if session is None:
        raise SecondFactorStateError
    return uuid_of(session)


def _unwrapped(services: Services, user_id: bytes, wrapped: bytes) -> str:
    return base64.b32encode(services.kek.unwrap(wrapped, _CONTEXT + user_id)).decode("ascii")


def _recovery_code(services: Services) -> str:
    text = base64.b32encode(services.random(_RECOVERY_BYTES)).decode("ascii").lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def _hash(code: str) -> bytes:
    """A recovery code has 80 random bits, so a plain hash hides it."""
    return hashlib.sha256(code.lower().replace("-", "").encode("utf-8", "surrogatepass")).digest()
