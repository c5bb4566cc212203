"""A shift record by record: what the till signed, raw and decoded, beside what the server has of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import msgspec

from shared import cose
from shared.errors import DecodingError, NotSignedError
from shared.fields import MAX_INTEGER
from shared.ids import uuid_text
from shared.journal import decode_record, type_name
from shared.lifecycles import STATUS_OF_PAYMENT, PaymentState, Status
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.row_ids import uuid_or_none
from syncserver.shifts.halves import Shift
from syncserver.shifts.reading import QUERIES, spans_of

_ID_BYTES = 16
_LAST_LINK = b"\xff" * 32


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """Where a page of records ended: behind one of a seq, and where that one is the other half of a fork, behind it."""

    seq: int = 0
    other: bool = False
    link: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One record, both halves. Times in ms.

    Attributes:
        other: whether it is the other half of a fork: another record had its seq already.
        fork: whether it contradicts its neighbours.
        raw: as it travelled.
        says: what it says, ids and bytes as texts; None where it can't be decoded, and `problem` says why.
        status: what the server answered, with `reasons`.
        now: what has become of its payment since; None where it is none.
        decided_by, decision_reason: who decided that, where somebody did.
        voided_by: the seq of the void that names it.
    """

    seq: int
    link: bytes
    other: bool
    fork: bool
    raw: bytes
    received_at: int
    says: Mapping[str, Any] | None
    problem: str | None
    status: Status
    reasons: tuple[str, ...]
    now: Status | None
    decided_by: str | None
    decision_reason: str | None
    voided_by: int | None

    @property
    def place(self) -> RecordPlace:
        """Where it stands in a list."""
        return RecordPlace(self.seq, self.other, self.link)


async def records(connection: Connection, shift: Shift, behind: RecordPlace | None, limit: int) -> list[Line]:
    """A shift's records behind a place, in the order of their seqs, and behind its close the payments that name it."""
    place, key = behind or RecordPlace(), shift.key
    rows = await connection.fetch(QUERIES["shifts_of_id"], uuid_of(key.device), uuid_of(key.shift), key.epoch)
    (span,) = await spans_of(connection, rows)
    last = span.stop if shift.claim is not None else min(span.stop - 1, MAX_INTEGER)
    found = await connection.fetch(
        QUERIES["records_of_shift"],
        uuid_of(key.device),
        key.epoch,
        uuid_of(key.shift),
        span.first,
        last,
        max(span.tail, last),
        place.seq,
        place.other,
        place.link,
        limit,
    )
    return [_line(row) for row in found]


def _line(row: asyncpg.Record) -> Line:
    says, problem = decoded(row["raw"])
    return Line(
        seq=row["seq"],
        link=row["link"],
        other=row["other"],
        fork=row["fork"],
        raw=row["raw"],
        received_at=row["received_at"],
        says=says,
        problem=problem,
        status=Status(row["status"]),
        reasons=tuple(row["reasons"]),
        now=STATUS_OF_PAYMENT[PaymentState(row["state"])] if row["state"] is not None else None,
        decided_by=row["decided_by"],
        decision_reason=row["decision_reason"],
        voided_by=row["voided_by"],
    )


def decoded(raw: bytes) -> tuple[Mapping[str, Any] | None, str | None]:
    """What a record's bytes say, without believing it; or why they say nothing."""
    try:
        record = decode_record(cose.parse(raw).payload)
    except NotSignedError as error:
        return None, error.message
    except DecodingError as error:
        return None, error.message
    return {"type": type_name(record)} | {
        name: _plain(value) for name in record.__struct_fields__ if (value := getattr(record, name)) is not None
    }, None


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return uuid_text(value) if len(value) == _ID_BYTES else value.hex()
    return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True)
class StrayPlace:
    """Where a page of strays ended."""

    at: int = MAX_INTEGER
    device: bytes = b"\xff" * _ID_BYTES
    link: bytes = _LAST_LINK


@dataclass(frozen=True, slots=True)
class Stray:
    """What a till sent and what has no place in its journal; `says` is not to be believed."""

    device: bytes
    device_name: str
    vendor: bytes
    link: bytes
    raw: bytes
    reason: str
    received_at: int
    says: Mapping[str, Any] | None


async def strays(
    connection: Connection, *, vendor: bytes | None, device: bytes | None, behind: StrayPlace | None, limit: int
) -> Sequence[Stray]:
    """What was rejected without a place, the latest first."""
    place = behind or StrayPlace()
    rows = await connection.fetch(
        QUERIES["strays_of_device"],
        uuid_or_none(vendor),
        uuid_or_none(device),
        place.at,
        uuid_of(place.device),
        place.link,
        limit,
    )
    return [
        Stray(
            row["device"].bytes,
            row["device_name"],
            row["vendor"].bytes,
            row["link"],
            row["raw"],
            row["reason"],
            row["received_at"],
            decoded(row["raw"])[0],
        )
        for row in rows
    ]


def text_of(says: Mapping[str, Any] | None) -> str:
    """What a record says as one line of JSON."""
    return msgspec.json.encode(says).decode() if says is not None else ""
