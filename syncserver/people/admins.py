"""Who the admins are: adding, finding and vouching for them. They register nowhere."""

import asyncpg

from shared.ids import uuid7
from shared.lifecycles import PersonState
from syncserver.audit import trail
from syncserver.database.arrays import uuid_of
from syncserver.database.row_ids import uuid_or_none
from syncserver.people.access import ADMINS, Role
from syncserver.people.errors import (
    ForbiddenError,
    LoginTakenError,
    UnknownPersonError,
)
from syncserver.people.person import QUERIES, Person, lock, object_of
from syncserver.people.registrations import checked_name, hashed, login_of
from syncserver.services import Services
from syncserver.sync.turns import Turns


async def add_admin(
    services: Services,
    turns: Turns,
    *,
    login: str,
    name: str,
    role: Role,
    password: str,
    actor: str,
    made_by: bytes | None = None,
) -> bytes:
    """Add an approved admin; the user id. Whoever is `made_by` another admin counts as that one where two are needed.

    Raises:
        ForbiddenError: the role is none of an admin's.
        LoginTakenError, LoginError, PasswordError, DecodingError: nothing was done.
    """
    if role not in ADMINS:
        raise ForbiddenError("an admin is admin or superadmin")
    login, name = login_of(login), checked_name(name)
    stored = await hashed(turns, password, login)
    now = services.clock()
    user_id = uuid7(now, services.random(10))
    nowhere = (None, None, None)
    decided = (now, actor, uuid_or_none(made_by))
    state = PersonState.APPROVED
    try:
        async with services.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                QUERIES["write_person"], uuid_of(user_id), login, name, role, state, stored, *nowhere, now, *decided
            )
            after = {"login": login, "name": name, "role": role.value, "made_by": made_by}
            await trail.note(
                connection, services, actor=actor, action="admin.create", object_=object_of(user_id), after=after
            )
    except asyncpg.UniqueViolationError as error:
        raise LoginTakenError from error
    return user_id


async def list_admins(services: Services) -> list[tuple[Person, str | None]]:
    """All admins, the oldest first, each with the login of the admin who made them, unless the operator did."""
    return [(Person.of(row), row["made_by"]) for row in await services.pool.fetch(QUERIES["list_admins"])]


async def vouch(services: Services, user_id: bytes) -> None:
    """Let an admin whom another made count as somebody of their own where two are needed.

    Raises:
        UnknownPersonError: where there is nobody.
    """
    async with services.pool.acquire() as connection, connection.transaction():
        await lock(connection, user_id)
        await connection.execute(QUERIES["vouch_for"], uuid_of(user_id))
        await trail.note(connection, services, action="admin.vouch", object_=object_of(user_id))


async def find_admin(services: Services, login: str) -> bytes:
    """The user id of the admin who has a login.

    Raises:
        LoginError, UnknownPersonError: there is none.
    """
    found = await services.pool.fetchval(QUERIES["admin_by_login"], login_of(login))
    if found is None:
        raise UnknownPersonError
    return bytes(found.bytes)
