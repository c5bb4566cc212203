"""What no honest terminal signs: payloads of a test's own making, over bytes of a test's own choosing."""

from collections.abc import Callable
from typing import Any

from shared import cbor, cose, journal
from shared.cose import Kind
from shared.journal import Record
from shared.keys import SigningKey
from tests.syncserver.kit import FakeTerminal

TAG = b"\xd2"


def payload_of(record: Record) -> dict[str, Any]:
    """A record's payload as the map that it is."""
    return cbor.decode_map(journal.encode_record(record))


def sign(
    till: FakeTerminal, payload: dict[str, Any] | bytes, *, kind: Kind = Kind.RECORD, key: SigningKey | None = None
) -> bytes:
    """Sign a payload as it is, without going on from it."""
    data = payload if isinstance(payload, bytes) else cbor.encode(payload)
    return cose.sign(kind, data, key or till.key)


def altered(till: FakeTerminal, record: Record, **changes: Any) -> bytes:
    """Sign a record with other values in its payload; None takes a key away."""
    payload = payload_of(record) | changes
    return sign(till, {key: value for key, value in payload.items() if value is not None})


def wrapped(*parts: Any) -> bytes:
    """A tagged array of anything."""
    return TAG + cbor.encode(list(parts))


def go_on_from(till: FakeTerminal, raw: bytes) -> bytes:
    """Let a terminal's chain continue behind a record that it did not make itself."""
    till.seq, till.prev = till.seq + 1, journal.link_of(raw)
    return raw


def damaged(raw: bytes) -> bytes:
    """The same record with one bit of its signature flipped."""
    return raw[:-1] + bytes([raw[-1] ^ 1])


def spliced(record: Record, change: Callable[[bytes], bytes]) -> bytes:
    """A record's payload bytes after some surgery."""
    return change(journal.encode_record(record))
