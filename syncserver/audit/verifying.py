"""Recomputes the seals: which row was changed, removed or put in after it was sealed, and by which seal that shows.

Whoever may write to the whole database can alter rows and seals, and can't sign a head: the seeds of the signing keys
are wrapped by a key that is not in there, and a key that does not unwrap is not believed. What they can do is to cut
a chain's end off together with its rows; then a head that was noted elsewhere (the log has each) is not there any more.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared import cose
from shared.errors import TallystickError
from shared.words import Word
from syncserver.audit.rows import KINDS, Key, Kind, decode_rows, kind_of
from syncserver.audit.sealing import START, head_of, payload_of
from syncserver.audit.trail import QUERIES
from syncserver.database.connection import Connection
from syncserver.keys.signing import own_keys
from syncserver.services import Services

SEALS_AT_ONCE = 20
MOST_BREAKS = 100
TIMEOUT_S = 3_600.0


class Broken(Word):
    """What a seal shows."""

    CHANGED = "changed"
    REMOVED = "removed"
    UNSEALED = "unsealed"  # put in, or its seal was cut off
    SEAL_CHANGED = "seal changed"
    SEAL_REMOVED = "seal removed"
    NOT_SIGNED = "seal not signed"
    HEAD_MISSING = "head missing"


MEANINGS: Mapping[Broken, str] = {
    Broken.CHANGED: "a row is not as it was sealed",
    Broken.REMOVED: "a row that was sealed is gone",
    Broken.UNSEALED: "a row that no seal covers was put in, or its seal was removed",
    Broken.SEAL_CHANGED: "a seal is not as it was written",
    Broken.SEAL_REMOVED: "a seal is missing before this one",
    Broken.NOT_SIGNED: "a seal is not signed by this server",
    Broken.HEAD_MISSING: "a head that was noted elsewhere is no head of any chain",
}


@dataclass(frozen=True, slots=True)
class Break:
    """One thing that should not be, in the order in which the chains are read. `row` names a row, or a head."""

    broken: Broken
    chain: str
    seal: int | None = None
    row: str | None = None

    @property
    def meaning(self) -> str:
        """What that is, in words."""
        return MEANINGS[self.broken]


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends, and how many rows it covers; `at` in ms."""

    chain: str
    number: int
    head: bytes
    at: int
    rows: int


@dataclass(slots=True)
class Verified:
    """What came of it: where each chain ends, what is broken (at most a hundred), and what waits for its seal."""

    heads: list[Head] = field(default_factory=list)
    breaks: list[Break] = field(default_factory=list)
    waiting: int = 0
    checked: int = 0

    @property
    def ok(self) -> bool:
        """Whether nothing is broken."""
        return not self.breaks

    def add(self, broken: Broken, chain: str, seal: int | None = None, row: str | None = None) -> None:
        """Note what is broken, unless there is too much of it."""
        if len(self.breaks) < MOST_BREAKS:
            self.breaks.append(Break(broken, chain, seal, row))


async def read_heads(connection: Connection) -> list[Head]:
    """Where each chain ends."""
    return [
        Head(row["chain"], row["number"], row["head"], row["at"], row["rows"])
        for row in await connection.fetch(QUERIES["chains"])
    ]


async def verify(
    connection: Connection,
    services: Services,
    *,
    latest: int | None = None,
    noted: Iterable[bytes] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Verified:
    """Hold all rows against their seals, in the caller's transaction of one snapshot.

    Args:
        connection: in that transaction.
        services: of this process.
        latest: how many seals of each chain, the last ones; None for all.
        noted: heads that somebody noted, which must be there.
        progress: is told what is looked at.
    """
    found = Verified(heads=await read_heads(connection))
    keys = await own_keys(connection, services.kek)
    removed = dict.fromkeys((kind.word for kind in KINDS), 0)
    for head in found.heads:
        progress(head.chain)
        kind = kind_of(head.chain)
        if kind is None:
            found.add(Broken.SEAL_CHANGED, head.chain)
            continue
        after = max(head.number - latest, 0) if latest is not None else 0
        removed[kind.word] += await _verify_chain(connection, found, kind, head.chain, keys, after)
    for kind in KINDS:
        await _find_unsealed(connection, found, kind, removed[kind.word], whole=latest is None)
    for one in noted:
        if not await connection.fetchval(QUERIES["knows_head"], one):
            found.add(Broken.HEAD_MISSING, "", row=one.hex())
    return found


async def _seals(connection: Connection, chain: str, after: int) -> AsyncIterator[Any]:
    while rows := await connection.fetch(QUERIES["seals_of_chain"], chain, after, SEALS_AT_ONCE):
        for row in rows:
            yield row
        after = rows[-1]["number"]


async def _verify_chain(
    connection: Connection, found: Verified, kind: Kind, chain: str, keys: Mapping[bytes, bytes], after: int
) -> int:
    """How many rows of a chain are gone."""
    removed, number, previous = 0, after, START if after == 0 else None
    async for row in _seals(connection, chain, after):
        if row["number"] != number + 1 or row["previous"] != (previous or row["previous"]):
            found.add(Broken.SEAL_REMOVED, chain, row["number"])
        number, previous = row["number"], row["head"]
        if row["head"] != head_of(chain, number, row["previous"], row["at"], row["rows"]):
            found.add(Broken.SEAL_CHANGED, chain, number)
        elif not _is_signed(row, keys):
            found.add(Broken.NOT_SIGNED, chain, number)
        try:
            sealed = decode_rows(row["rows"])
        except (TallystickError, TypeError, ValueError):
            found.add(Broken.SEAL_CHANGED, chain, number)
            continue
        if row["count"] != len(sealed):
            found.add(Broken.SEAL_CHANGED, chain, number)
        removed += await _verify_rows(connection, found, kind, (chain, number), sealed)
    return removed


def _is_signed(row: Any, keys: Mapping[bytes, bytes]) -> bool:
    try:
        payload = cose.open_with(row["signature"], cose.Kind.SEAL, keys)
    except TallystickError:
        return False
    return payload == payload_of(row["chain"], row["number"], row["at"], row["head"])


async def _verify_rows(
    connection: Connection, found: Verified, kind: Kind, seal: tuple[str, int], sealed: list[tuple[Key, bytes]]
) -> int:
    now = await kind.digests(connection, [key for key, _ in sealed])
    found.checked += len(sealed)
    removed = 0
    for key, digest in sealed:
        if key not in now:
            removed += 1
            found.add(Broken.REMOVED, *seal, kind.text(key))
        elif now[key] != digest:
            found.add(Broken.CHANGED, *seal, kind.text(key))
    return removed


async def _find_unsealed(connection: Connection, found: Verified, kind: Kind, removed: int, *, whole: bool) -> None:
    """Rows that are neither sealed nor waiting: by counting, and where the counts differ by name."""
    row = await connection.fetchrow(QUERIES[kind.counts], timeout=TIMEOUT_S)
    if row is None:
        raise LookupError("counting answers always")
    found.waiting += row["waiting"]
    chains = [head for head in found.heads if kind_of(head.chain) is kind]
    if row["stored"] == sum(head.rows for head in chains) - removed + row["waiting"]:
        return
    sealed: set[Key] = set()
    for head in chains:
        async for seal in _seals(connection, head.chain, 0):
            try:
                sealed.update(key for key, _ in decode_rows(seal["rows"]))
            except (TallystickError, TypeError, ValueError):
                continue  # told above
    named = False
    async for one in connection.cursor(QUERIES[kind.everything]):
        if kind.key(one) not in sealed:
            found.add(Broken.UNSEALED, kind.word, row=kind.text(kind.key(one)))
            named = True
            if len(found.breaks) >= MOST_BREAKS:
                return
    if not named and whole and found.ok:
        found.add(Broken.SEAL_CHANGED, kind.word)
