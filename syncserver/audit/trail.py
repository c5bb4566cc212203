"""The audit trail: what is written down of everything that people decide, and how it is found again."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from shared.fields import MAX_INTEGER
from shared.ids import UUID7_RANDOM_BYTES, uuid7, uuid_text
from syncserver.audit.acting import who
from syncserver.audit.errors import UnknownAuditEntryError
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.queries import load
from syncserver.services import Services

QUERIES = load(Path(__file__).parent)
PAGE = 500
_ID_BYTES = 16
_LATEST_MS = 2**48 - 1
# Words in the names of fields whose values may stand nowhere.
_SECRETS = ("password", "secret", "token", "pin", "seed", "proof", "verifier")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that somebody did. `at` in ms, `object` is a kind and what names it, `origin` None where unknown."""

    id: bytes
    at: int
    actor: str
    action: str
    object: str
    origin: str | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which entries: all that is not None must fit. `object` is the beginning of one; times in ms.

    `by_command` leaves those that were done by command on the server's machine.
    """

    actor: str | None = None
    action: str | None = None
    object: str | None = None
    since: int = 0
    until: int = MAX_INTEGER  # not included
    by_command: bool = False


async def note(
    connection: Connection,
    services: Services,
    *,
    action: str,
    object_: str,
    actor: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str | None = None,
    origin: str | None = None,
) -> bytes:
    """Write down what is done, in the transaction that does it; the entry's id.

    Args:
        connection: in that transaction.
        services: of this process.
        action: what is done: a kind of thing, a dot and a verb, such as `device.revoke`.
        object_: to what: its kind, a space, and what names it, such as `device 0192f0c1-…`.
        actor: by whom; by default whoever `acting` says.
        before: what is replaced; bytes are written as ids or in hex.
        after: what is so now.
        reason: in the words of whoever does it.
        origin: from where; by default what `acting` says.

    Raises:
        ValueError: a field's name says that its value is a secret.
    """
    acts = who()
    at = services.clock()
    entry = uuid7(at, services.random(UUID7_RANDOM_BYTES))
    await connection.execute(
        QUERIES["write_entry"],
        uuid_of(entry),
        at,
        actor or acts.actor,
        action,
        object_,
        origin or acts.origin,
        _json(before),
        _json(after),
        reason,
    )
    return entry


def _json(fields: Mapping[str, Any] | None) -> str | None:
    if fields is None:
        return None
    for name in fields:
        if any(word in name.lower().split("_") for word in _SECRETS):
            raise ValueError(f"{name} would be written down")
    return msgspec.json.encode({name: _plain(value) for name, value in fields.items()}).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return uuid_text(value) if len(value) == _ID_BYTES else value.hex()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    return value


async def listed(connection: Connection, filter_: Filter, *, before: bytes | None = None, limit: int) -> list[Entry]:
    """Entries that fit, the newest first, from before one on."""
    oldest = uuid7(min(filter_.since, _LATEST_MS), bytes(UUID7_RANDOM_BYTES))
    # The first id of the ms that is not asked for any more.
    end = uuid7(filter_.until, bytes(UUID7_RANDOM_BYTES)) if filter_.until <= _LATEST_MS else b"\xff" * _ID_BYTES
    rows = await connection.fetch(
        QUERIES["list_entries"],
        uuid_of(oldest),
        uuid_of(min(end, before) if before is not None else end),
        filter_.actor,
        filter_.action,
        _prefix(filter_.object),
        limit,
        filter_.by_command,
    )
    return [_entry(row) for row in rows]


def _prefix(text: str | None) -> str | None:
    """What LIKE finds a beginning by."""
    if text is None:
        return None
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


async def in_pages(services: Services, filter_: Filter) -> AsyncIterator[list[Entry]]:
    """All entries that fit, the newest first, in pages; each is read on a connection of its own."""
    before = None
    while True:
        async with services.pool.acquire() as connection:
            page = await listed(connection, filter_, before=before, limit=PAGE)
        if page:
            yield page
        if len(page) < PAGE:
            return
        before = page[-1].id


async def read(connection: Connection, entry: bytes) -> Entry:
    """One entry.

    Raises:
        UnknownAuditEntryError: there is none.
    """
    row = await connection.fetchrow(QUERIES["read_entry"], uuid_of(entry))
    if row is None:
        raise UnknownAuditEntryError
    return _entry(row)


async def actions(connection: Connection) -> Sequence[str]:
    """Every action that was ever done."""
    return [row["action"] for row in await connection.fetch(QUERIES["known_actions"])]


def _entry(row: Any) -> Entry:
    before, after = (msgspec.json.decode(row[name]) if row[name] is not None else None for name in ("before", "after"))
    return Entry(
        row["id"].bytes,
        row["at"],
        row["actor"],
        row["action"],
        row["object"],
        row["origin"],
        before,
        after,
        row["reason"],
    )
