"""Whether somebody may be here: who registered is approved or rejected, who was approved is blocked or unblocked."""

import asyncpg

from shared.errors import DecodingError, LifeCycleError
from shared.fields import checked_text
from shared.lifecycles import PERSON, PersonState, check_step
from shared.rules.decision import MS_PER_HOUR
from syncserver.audit import trail
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.row_ids import uuid_or_none
from syncserver.people.access import ADMINS, Caller, Role
from syncserver.people.errors import (
    ForbiddenError,
    LoginTakenError,
    PersonStateError,
    ReasonError,
    WaitingPeriodError,
)
from syncserver.people.person import QUERIES, Person, end_sessions, lock, object_of, read
from syncserver.registry import vendors
from syncserver.services import Services
from syncserver.wallets import accounts

# What the audit trail calls those steps of a person's life cycle that somebody decides.
_VERBS = {
    (PersonState.WAITING, PersonState.APPROVED): "approve",
    (PersonState.WAITING, PersonState.REJECTED): "reject",
    (PersonState.APPROVED, PersonState.BLOCKED): "block",
    (PersonState.BLOCKED, PersonState.APPROVED): "unblock",
}
_BEFORE_ALL = bytes(16)


async def list_waiting(services: Services, after: bytes | None, limit: int) -> list[tuple[Person, bool]]:
    """Who waits after somebody (None: from the start), at most so many, each with whether the login is taken."""
    rows = await services.pool.fetch(QUERIES["waiting_people"], uuid_of(after or _BEFORE_ALL), limit)
    return [(Person.of(row), row["taken"]) for row in rows]


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
    row = (uuid_of(person.user_id), state, uuid_or_none(vendor), services.clock(), actor, reason)
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


async def _block_wallet(connection: Connection, person: Person, *, blocked: bool) -> None:
    if person.role is Role.CUSTOMER:
        wallet = (await accounts.of_customer(connection, person.user_id)).wallet
        await accounts.block_in(connection, wallet, blocked=blocked)
