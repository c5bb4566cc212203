"""Which rows are sealed, and the canonical form of each: CBOR of all its fields, by which it is hashed."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from shared import cbor
from shared.ids import uuid_text
from syncserver.audit.trail import QUERIES
from syncserver.database.arrays import uuids
from syncserver.database.connection import Connection
from syncserver.ledger.shards import shard_of

# What names a row, as it stands in a seal: an audit entry's id, or an event's wallet and number.
Key = Any


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of rows: how one is named in words, hashed, counted and found again."""

    word: str
    key: Callable[[Any], Key]
    digest: Callable[[Any], bytes]
    text: Callable[[Key], str]
    arguments: Callable[[Iterable[Key]], tuple[Any, ...]]
    by_key: str
    counts: str
    everything: str

    async def digests(self, connection: Connection, keys: Sequence[Key]) -> dict[Key, bytes]:
        """The rows that are there now, hashed."""
        rows = await connection.fetch(QUERIES[self.by_key], *self.arguments(keys))
        return {self.key(row): self.digest(row) for row in rows}


def _digest_of_event(row: Any) -> bytes:
    # As `take_events` and `events_by_key` have their columns.
    wallet, number, payment, before, after, reasons, at, actor, note = row
    # There is no map in it whose keys would have to be sorted.
    fields = cbor.encode_sorted([wallet, number, payment.bytes, before, after, reasons, at, actor, note])
    return hashlib.sha256(fields).digest()


def _digest_of_entry(row: Any) -> bytes:
    before, after = (msgspec.json.decode(row[name]) if row[name] is not None else None for name in ("before", "after"))
    fields = cbor.encode(
        [
            row["id"].bytes,
            row["at"],
            row["actor"],
            row["action"],
            row["object"],
            row["origin"],
            before,
            after,
            row["reason"],
        ]
    )
    return hashlib.sha256(fields).digest()


def _event_arguments(keys: Iterable[Key]) -> tuple[Any, ...]:
    pairs = list(keys)
    return [wallet for wallet, _ in pairs], [number for _, number in pairs]


EVENTS = Kind(
    word="events",
    key=lambda row: (row["wallet"], row["number"]),
    digest=_digest_of_event,
    text=lambda key: f"event {key[1]} of wallet {key[0]}",
    arguments=_event_arguments,
    by_key="events_by_key",
    counts="count_events",
    everything="all_events",
)
AUDIT = Kind(
    word="audit",
    key=lambda row: bytes(row["id"].bytes),
    digest=_digest_of_entry,
    text=lambda key: f"audit entry {uuid_text(key)}",
    arguments=lambda keys: (uuids(keys),),
    by_key="entries_by_id",
    counts="count_entries",
    everything="all_entries",
)
KINDS = (AUDIT, EVENTS)


def chain_of_event(wallet: str) -> str:
    """The chain that seals a wallet's events: one for each shard."""
    return f"{EVENTS.word} {shard_of(wallet)}"


def kind_of(chain: str) -> Kind | None:
    """Which rows a chain seals; None where it is no chain of this server's."""
    word = chain.partition(" ")[0]
    return next((kind for kind in KINDS if kind.word == word), None)


def encode_rows(rows: Iterable[tuple[Key, bytes]]) -> bytes:
    """What a seal says of its rows."""
    return cbor.encode_sorted([[key, digest] for key, digest in rows])


def decode_rows(data: bytes) -> list[tuple[Key, bytes]]:
    """What a seal says of its rows: (key, SHA-256) each.

    Raises:
        DecodingError, TypeError, ValueError: somebody altered it.
    """
    return [(tuple(key) if isinstance(key, list) else key, digest) for key, digest in cbor.decode(data)]
