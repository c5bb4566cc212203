"""Somebody the server knows, as the database has them, and the lock under which anything of theirs changes."""

from dataclasses import dataclass
from pathlib import Path

import asyncpg

from shared.geo import Place
from shared.ids import uuid_text
from shared.lifecycles import PersonState
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.queries import load
from syncserver.database.row_ids import id_or_none, uuid_or_none
from syncserver.people.access import Role
from syncserver.people.errors import UnknownPersonError
from syncserver.services import Services

QUERIES = load(Path(__file__).parent)


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
            vendor=id_or_none(row["vendor"]),
            registered_at=row["registered_at"],
            reason=row["reason"],
        )

    def __repr__(self) -> str:
        return f"Person({self.user_id.hex()})"


def object_of(user_id: bytes) -> str:
    """How the audit trail names somebody."""
    return f"person {uuid_text(user_id)}"


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


async def end_sessions(
    connection: Connection, services: Services, user_id: bytes, *, keep: bytes | None = None
) -> None:
    """End all of somebody's sessions but one, in programs and in browsers. The person is locked."""
    kept, now = uuid_or_none(keep), services.clock()
    await connection.execute(QUERIES["revoke_others"], uuid_of(user_id), kept, now)
    await connection.execute(QUERIES["end_web_sessions"], uuid_of(user_id), kept, now)
