"""The sealer: rows that were committed are put into hash chains, and each new head is signed.

Numbers are given here, under a lock, to what has committed: a transaction that takes long is sealed late and never
lost, and nobody waits for it. A head is also written to the log, which is out of the database's reach.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from shared import cbor, cose
from syncserver.audit.rows import AUDIT, EVENTS, Key, chain_of_event, encode_rows
from syncserver.audit.trail import QUERIES
from syncserver.database.connection import Connection
from syncserver.services import Services

START = bytes(32)
ENTRIES_AT_ONCE = 500
_LOCK = 0x7365616C  # with the chain's own hash
log = structlog.get_logger()


def head_of(chain: str, number: int, previous: bytes, at: int, rows: bytes) -> bytes:
    """The hash of a seal: of what it covers, and of all that the seals before it cover."""
    return hashlib.sha256(b"tallystick/v1/seal\x00" + cbor.encode([chain, number, previous, at, rows])).digest()


def payload_of(chain: str, number: int, at: int, head: bytes) -> bytes:
    """What is signed of a seal."""
    return cbor.encode({"at": at, "head": head, "chain": chain, "number": number})


@dataclass(frozen=True, slots=True)
class Sealed:
    """A seal that was made: its number in its chain, how many rows it covers, and its head."""

    chain: str
    number: int
    rows: int
    head: bytes


def tell(made: Iterable[Sealed]) -> None:
    """Write heads to the log, once they are committed: one that never was would look as if it had been cut off."""
    for one in made:
        log.info("sealed", chain=one.chain, number=one.number, rows=one.rows, head=one.head.hex())


async def append(connection: Connection, services: Services, chain: str, rows: Sequence[tuple[Key, bytes]]) -> Sealed:
    """Add a seal to a chain, in the transaction that took the rows off what is still to be sealed."""
    await connection.execute("SELECT pg_advisory_xact_lock($1::integer, hashtext($2))", _LOCK, chain)
    last = await connection.fetchrow(QUERIES["last_seal"], chain)
    number, previous = (last["number"] + 1, last["head"]) if last is not None else (1, START)
    at = services.clock()
    encoded = encode_rows(rows)
    head = head_of(chain, number, previous, at, encoded)
    signature = cose.sign(cose.Kind.SEAL, payload_of(chain, number, at, head), services.keys.active)
    await connection.execute(QUERIES["write_seal"], chain, number, previous, encoded, len(rows), head, signature, at)
    return Sealed(chain, number, len(rows), head)


async def seal_events(connection: Connection, services: Services, rows: Sequence[Any]) -> list[Sealed]:
    """Seal events that were taken off the outbox, in the transaction that took them."""
    by_chain: dict[str, list[tuple[Key, bytes]]] = {}
    for row in rows:
        by_chain.setdefault(chain_of_event(row["wallet"]), []).append((EVENTS.key(row), EVENTS.digest(row)))
    return [await append(connection, services, chain, by_chain[chain]) for chain in sorted(by_chain)]


async def seal_entries(services: Services) -> int:
    """Seal some audit entries; how many."""
    made = []
    async with services.pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(QUERIES["take_entries"], ENTRIES_AT_ONCE)
        if rows:
            digests = [(AUDIT.key(row), AUDIT.digest(row)) for row in rows]
            made.append(await append(connection, services, AUDIT.word, digests))
    tell(made)
    return len(rows)
