"""Requests that are done once: the same key and body are answered the same, for good.

The answer is stored in the transaction that did the work. Of two at the same time one does it; the other waits for that
transaction, and answers what it answered.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.queries import load
from syncserver.people.errors import KeyRequiredError, KeyReusedError
from syncserver.services import Services

QUERIES = load(Path(__file__).parent)
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class OnceKey:
    """A caller's key, and the hash of what is asked for with it."""

    caller: bytes
    key: str
    fingerprint: bytes

    @classmethod
    def of(cls, caller: bytes, key: str | None, route: str, body: bytes) -> "OnceKey":
        """The key that a request bears.

        Args:
            caller: whose key it is; another caller's key of the same text is another key.
            key: the header.
            route: method and path, with what they name.
            body: as it arrived.

        Raises:
            KeyRequiredError: there is none, or it is none.
        """
        if key is None or not _KEY.fullmatch(key):
            raise KeyRequiredError
        return cls(caller, key, hashlib.sha256(route.encode() + b"\0" + body).digest())


@dataclass(frozen=True, slots=True)
class Stored:
    """An answer as it is stored: its data as JSON, and its status."""

    data: msgspec.Raw
    status: int


async def once(services: Services, key: OnceKey, work: Callable[[Connection], Awaitable[tuple[Any, int]]]) -> Stored:
    """Do some work in a transaction, unless it was done before; what is answered to it.

    Args:
        services: of this process.
        key: whose, and for what.
        work: does it on a connection, in a transaction that ends with it: (data, status).

    Raises:
        KeyReusedError: the key was used for something else.
        Exception: whatever the work raises. Nothing is stored then, and the key is free.
    """
    caller = uuid_of(key.caller)
    async with services.pool.acquire() as connection, connection.transaction():
        claimed = await connection.execute(QUERIES["claim_key"], caller, key.key, key.fingerprint, services.clock())
        if claimed != "INSERT 0 1":
            row = await connection.fetchrow(QUERIES["read_answer"], caller, key.key)
            if row is None or row["fingerprint"] != key.fingerprint:
                raise KeyReusedError
            return Stored(msgspec.Raw(row["answer"].encode()), row["status"])
        data, status = await work(connection)
        encoded = msgspec.json.encode(data)
        await connection.execute(QUERIES["write_answer"], caller, key.key, encoded.decode(), status)
        # As it will be read again: the database has an order of its own for an object's fields.
        row = await connection.fetchrow(QUERIES["read_answer"], caller, key.key)
        if row is None:
            raise LookupError("what was just written is gone")
        return Stored(msgspec.Raw(row["answer"].encode()), status)


async def find_answer(services: Services, key: OnceKey) -> Stored | None:
    """What was answered to a key, without using it. None says little: another may be at it.

    Raises:
        KeyReusedError: the key was used for something else.
    """
    row = await services.pool.fetchrow(QUERIES["read_answer"], uuid_of(key.caller), key.key)
    if row is None:
        return None
    if row["fingerprint"] != key.fingerprint:
        raise KeyReusedError
    return Stored(msgspec.Raw(row["answer"].encode()), row["status"])
