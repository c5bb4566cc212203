"""Who the server's people are: registering, waiting, being approved, rejected or blocked.

Several may register one login; each waits with a password of their own, and an admin approves one of them. So
registering does the same and answers the same whether a login is taken or not, and logging in afterwards tells nothing
either.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from shared.errors import DecodingError, LifeCycleError
from shared.fields import checked_text
from shared.geo import Place
from shared.ids import uuid7, uuid_text
from shared.lifecycles import PERSON, PersonState, check_step
from shared.money import minor_digits
from shared.rules.decision import MS_PER_HOUR
from syncserver.audit import trail
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.queries import load
from syncserver.people import passwords
from syncserver.people.access import ADMINS, Caller, Role
from syncserver.people.errors import (
    ForbiddenError,
    LoginError,
    LoginTakenError,
    PersonStateError,
    ReasonError,
    UnknownPersonError,
    WaitingPeriodError,
)
from syncserver.registry import vendors
from syncserver.services import Services
from syncserver.sync.turns import Turns
from syncserver.wallets import accounts

QUERIES = load(Path(__file__).parent)
REGISTERING = frozenset({Role.CUSTOMER, Role.VENDOR})
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{2,63}")
NOBODY = bytes(16)
# What the steps of a person's life cycle that somebody decides are called in the audit trail.
_VERBS = {
    (PersonState.WAITING, PersonState.APPROVED): "approve",
    (PersonState.WAITING, PersonState.REJECTED): "reject",
    (PersonState.APPROVED, PersonState.BLOCKED): "block",
    (PersonState.BLOCKED, PersonState.APPROVED): "unblock",
}


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """Somebody as the database has them. The repr shows the id alone: there is a password's hash in it."""

    user_id: bytes
    login: str
    name: str
    role: Role
    state: PersonState
    password: str
    place: Place | None
    currency: str | None
    vendor: bytes | None
    registered_at: int
    reason: str | None

    @classmethod
    def of(cls, row: "asyncpg.Record") -> "Person":
        """Somebody from a row."""
        return cls(
            user_id=row["user_id"].bytes,
            login=row["login"],
            name=row["name"],
            role=Role(row["role"]),
            state=PersonState(row["state"]),
            password=row["password"],
            place=Place(row["lat"], row["lon"]) if row["lat"] is not None else None,
            currency=row["currency"],
            vendor=row["vendor"].bytes if row["vendor"] is not None else None,
            registered_at=row["registered_at"],
            reason=row["reason"],
        )

    def __repr__(self) -> str:
        return f"Person({self.user_id.hex()})"


@dataclass(frozen=True, slots=True, repr=False)
class Registration:
    """What somebody registers with. `name` is a vendor's shop's, `place` a home or where the shop is."""

    login: str
    password: str
    name: str
    role: Role
    place: Place
    currency: str

    def __repr__(self) -> str:
        return f"Registration({self.role.value})"


def object_of(user_id: bytes) -> str:
    """How the audit trail names somebody."""
    return f"person {uuid_text(user_id)}"


def login_of(text: str) -> str:
    """A login as it is stored: without capital letters.

    Raises:
        LoginError: it is none.
    """
    login = text.lower()
    if not text.isascii() or not _LOGIN.fullmatch(login):
        raise LoginError
    return login


async def register(services: Services, turns: Turns, asked: Registration) -> Person:
    """Note that somebody wants to be a customer or a vendor.

    Raises:
        ForbiddenError: an admin is made by another admin.
        LoginError, PasswordError, DecodingError, CurrencyError: nothing was done.
        BusyError: too many passwords are being hashed.
    """
    if asked.role not in REGISTERING:
        raise ForbiddenError
    login, name = login_of(asked.login), checked_name(asked.name)
    minor_digits(asked.currency)
    stored = await hashed(turns, asked.password, login)
    now = services.clock()
    user_id = uuid7(now, services.random(10))
    async with services.pool.acquire() as connection:
        place = (asked.place.lat, asked.place.lon, asked.currency)
        undecided = (None, None, None)
        state = PersonState.WAITING
        await connection.execute(
            QUERIES["write_person"],
            uuid_of(user_id),
            login,
            name,
            asked.role,
            state,
            stored,
            *place,
            now,
            *undecided,
        )
        return await read(connection, user_id)


async def hashed(turns: Turns, password: str, login: str) -> str:
    """The hash of a new password, made when it is its turn.

    Raises:
        PasswordError, BusyError: there is none.
    """
    encoded = passwords.checked(password, login)
    async with turns.turn():
        return await passwords.hash_of(encoded)


def checked_name(text: str) -> str:
    """A name as it is stored.

    Raises:
        DecodingError: it is none.
    """
    name = checked_text(text, "name").strip()
    if not name:
        raise DecodingError("name: empty")
    return name


async def read(connection: Connection, user_id: bytes) -> Person:
    """Somebody.

    Raises:
        UnknownPersonError: where there is nobody.
    """
    return _found(await connection.fetchrow(QUERIES["read_person"], uuid_of(user_id)))


async def lock(connection: Connection, user_id: bytes) -> Person:
    """Somebody, whose state, password and sessions nobody else changes until the transaction has ended.

    Raises:
        UnknownPersonError: where there is nobody.
    """
    return _found(await connection.fetchrow(QUERIES["lock_person"], uuid_of(user_id)))


def _found(row: "asyncpg.Record | None") -> Person:
    if row is None:
        raise UnknownPersonError
    return Person.of(row)


def approvable_at(services: Services, person: Person) -> int:
    """When somebody who registered may be approved (ms)."""
    return person.registered_at + services.waiting_hours * MS_PER_HOUR


async def approve(services: Services, caller: Caller, user_id: bytes) -> Person:
    """Approve somebody who waits: a customer has a wallet then, a vendor's person a shop.

    Raises:
        UnknownPersonError, PersonStateError, WaitingPeriodError, LoginTakenError: nothing was done.
    """
    try:
        async with services.pool.acquire() as connection, connection.transaction():
            person = await _to_decide(connection, user_id, PersonState.APPROVED)
            if person.state is not PersonState.WAITING:
                raise PersonStateError("this person does not wait for an approval")
            if services.clock() < approvable_at(services, person):
                raise WaitingPeriodError
            vendor = await _furnish(connection, services, person)
            await _write(connection, services, person, PersonState.APPROVED, caller.actor, vendor=vendor)
            return await read(connection, user_id)
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != "person_has_login":
            raise
        raise LoginTakenError from error


async def _furnish(connection: Connection, services: Services, person: Person) -> bytes | None:
    """What an approved person is given; the shop of a vendor's."""
    if person.place is None or person.currency is None:
        raise LookupError("whoever waits has a place and a currency")
    if person.role is Role.VENDOR:
        return await vendors.add_vendor_in(
            connection, services, name=person.name, place=person.place, currency=person.currency
        )
    await accounts.open_wallet(
        connection, services, person.user_id, name=person.name, home=person.place, currency=person.currency
    )
    return None


async def reject(services: Services, caller: Caller, user_id: bytes, reason: str) -> Person:
    """Reject somebody who waits, for a reason.

    Raises:
        UnknownPersonError, PersonStateError, ReasonError: nothing was done.
    """
    why = _reason(reason)
    async with services.pool.acquire() as connection, connection.transaction():
        person = await _to_decide(connection, user_id, PersonState.REJECTED)
        await _write(connection, services, person, PersonState.REJECTED, caller.actor, reason=why)
        await end_sessions(connection, services, person.user_id)
        return await read(connection, user_id)


async def block(services: Services, caller: Caller, user_id: bytes, reason: str, *, actor: str | None = None) -> Person:
    """Block somebody: their sessions end, and a customer's wallet is blocked. `actor` says who did it, for the history.

    Raises:
        ForbiddenError: admins are blocked by superadmins, and nobody by themselves.
        UnknownPersonError, PersonStateError, ReasonError: nothing was done.
    """
    why = _reason(reason)
    async with services.pool.acquire() as connection, connection.transaction():
        person = await _to_decide(connection, user_id, PersonState.BLOCKED)
        _require_above(caller, person)
        await _write(connection, services, person, PersonState.BLOCKED, actor or caller.actor, reason=why)
        await end_sessions(connection, services, person.user_id)
        await _block_wallet(connection, person, blocked=True)
        return await read(connection, user_id)


async def unblock(services: Services, caller: Caller, user_id: bytes, *, actor: str | None = None) -> Person:
    """End a block, of the wallet too. `actor` says who did it, for the history.

    Raises:
        ForbiddenError: who was an admin is unblocked by a superadmin.
        UnknownPersonError, PersonStateError: nothing was done.
    """
    async with services.pool.acquire() as connection, connection.transaction():
        person = await _to_decide(connection, user_id, PersonState.APPROVED)
        if person.state is not PersonState.BLOCKED:
            raise PersonStateError("this person is not blocked")
        _require_above(caller, person)
        await _write(connection, services, person, PersonState.APPROVED, actor or caller.actor)
        await _block_wallet(connection, person, blocked=False)
        return await read(connection, user_id)


async def _to_decide(connection: Connection, user_id: bytes, after: PersonState) -> Person:
    person = await lock(connection, user_id)
    try:
        check_step(PERSON, person.state, after)
    except LifeCycleError as error:
        raise PersonStateError(error.message) from error
    return person


def _require_above(caller: Caller, person: Person) -> None:
    if person.user_id == caller.user_id or (person.role in ADMINS and caller.role is not Role.SUPERADMIN):
        raise ForbiddenError


def _reason(text: str) -> str:
    try:
        reason = checked_text(text, "reason").strip()
    except DecodingError as error:
        raise ReasonError from error
    if not reason:
        raise ReasonError
    return reason


async def _write(
    connection: Connection,
    services: Services,
    person: Person,
    state: PersonState,
    actor: str,
    *,
    vendor: bytes | None = None,
    reason: str | None = None,
) -> None:
    shop = uuid_of(vendor) if vendor is not None else None
    row: tuple[Any, ...] = (uuid_of(person.user_id), state, shop, services.clock(), actor, reason)
    await connection.execute(QUERIES["decide_person"], *row)
    await trail.note(
        connection,
        services,
        actor=actor,
        action=f"person.{_VERBS[person.state, state]}",
        object_=object_of(person.user_id),
        before={"state": person.state.value},
        after={"state": state.value, "login": person.login, "role": person.role.value, "vendor": vendor},
        reason=reason,
    )


async def end_sessions(
    connection: Connection, services: Services, user_id: bytes, *, keep: bytes | None = None
) -> None:
    """End all of somebody's sessions but one, in programs and in browsers. The person is locked."""
    kept, now = uuid_of(keep) if keep is not None else None, services.clock()
    await connection.execute(QUERIES["revoke_others"], uuid_of(user_id), kept, now)
    await connection.execute(QUERIES["end_web_sessions"], uuid_of(user_id), kept, now)


async def _block_wallet(connection: Connection, person: Person, *, blocked: bool) -> None:
    if person.role is Role.CUSTOMER:
        wallet = (await accounts.of_customer(connection, person.user_id)).wallet
        await accounts.block_in(connection, wallet, blocked=blocked)


async def list_waiting(services: Services, after: bytes | None, limit: int) -> list[tuple[Person, bool]]:
    """Who waits after somebody (None: from the start), at most so many, each with whether the login is taken."""
    rows = await services.pool.fetch(QUERIES["waiting_people"], uuid_of(after or NOBODY), limit)
    return [(Person.of(row), row["taken"]) for row in rows]
