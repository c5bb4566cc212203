"""Shifts as they stand in the database, with both halves: a record is read once, whatever shifts lie over it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import msgspec

from shared.fields import MAX_INTEGER
from shared.lifecycles import ShiftState
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.database.queries import load
from syncserver.shifts.errors import AmbiguousShiftError, UnknownShiftError
from syncserver.shifts.halves import Claim, Ranges, Received, Shift, ShiftKey, gaps_within

QUERIES = load(Path(__file__).parent)
# Behind its close a shift may have so many records before the next one opens; what lies further is nobody's.
TAIL = 1_000


class Span(NamedTuple):
    """Where a shift lies in its journal.

    Its payments count between `start` and `stop`, both excluded, as the comparison at its close has it. Its own records
    begin at `first`; `tail` is the last seq behind its close that may be its too.
    """

    start: int
    stop: int
    first: int
    tail: int


async def look_up(connection: Connection, device: bytes, shift: bytes, epoch: int | None = None) -> Shift:
    """One shift of a terminal.

    Raises:
        UnknownShiftError: where there is none.
        AmbiguousShiftError: where several epochs have one, and none is named.
    """
    rows = await connection.fetch(QUERIES["shifts_of_id"], uuid_of(device), uuid_of(shift), epoch)
    if not rows:
        raise UnknownShiftError
    if len(rows) > 1:
        raise AmbiguousShiftError
    return (await with_halves(connection, rows))[0]


async def spans_of(connection: Connection, rows: Sequence[asyncpg.Record]) -> list[Span]:
    """Where shifts lie, in their order."""
    neighbours = await connection.fetch(
        QUERIES["neighbours"],
        [row["device"] for row in rows],
        [row["epoch"] for row in rows],
        [row["opened_seq"] for row in rows],
        [row["closed_seq"] for row in rows],
    )
    return [_span(row, near) for row, near in zip(rows, neighbours, strict=True)]


def _span(row: asyncpg.Record, near: asyncpg.Record) -> Span:
    opened, closed = row["opened_seq"], row["closed_seq"]
    after = near["opened_after"]
    if closed is None:
        stop = after if after is not None else MAX_INTEGER
        return Span(opened, stop, opened, stop - 1)
    opens_it = opened is not None and opened < closed
    first = opened if opens_it else (near["closed_before"] or 0) + 1
    tail = min(closed + TAIL, after - 1 if after is not None else MAX_INTEGER)
    return Span(opened if opens_it else 0, closed, first, tail)


async def with_halves(connection: Connection, rows: Sequence[asyncpg.Record]) -> list[Shift]:
    """Shifts as a query of theirs gave them, with what is here of each."""
    if not rows:
        return []
    spans = await spans_of(connection, rows)
    journals = {(row["device"], row["epoch"]): None for row in rows}
    known = await connection.fetch(
        QUERIES["journals_of_shifts"], [device for device, _ in journals], [epoch for _, epoch in journals]
    )
    ranges: dict[tuple[Any, int], Ranges] = {
        (row["device"], row["epoch"]): tuple((one[0], one[1]) for one in msgspec.json.decode(row["ranges"]))
        for row in known
    }
    stretches = _stretches(rows, spans)
    of_shifts = ([row["device"] for row in rows], [row["epoch"] for row in rows])
    here = await connection.fetch(
        QUERIES["received_of_shifts"],
        *(list(column) for column in zip(*stretches, strict=True)),
        *of_shifts,
        [row["shift"] for row in rows],
        [span.start for span in spans],
        [span.stop for span in spans],
        [span.tail for span in spans],
        [row["closed_at"] for row in rows],
    )
    forks = await connection.fetch(
        QUERIES["forks_of_shifts"],
        *of_shifts,
        [span.start for span in spans],
        [span.stop for span in spans],
    )
    return [
        _shift(row, _received(row, found, fork["forks"], ranges.get((row["device"], row["epoch"]), ()), span))
        for row, span, found, fork in zip(rows, spans, here, forks, strict=True)
    ]


def _stretches(rows: Sequence[asyncpg.Record], spans: Sequence[Span]) -> list[tuple[Any, int, int, int]]:
    """The parts of journals in which shifts lie, put together where they overlap."""
    merged: list[tuple[Any, int, int, int]] = []
    for device, epoch, first, last in sorted(
        (row["device"], row["epoch"], span.start, span.tail) for row, span in zip(rows, spans, strict=True)
    ):
        if merged and merged[-1][:2] == (device, epoch) and first <= merged[-1][3] + 1:
            merged[-1] = (*merged[-1][:3], max(last, merged[-1][3]))
        else:
            merged.append((device, epoch, first, last))
    return merged


def _received(row: asyncpg.Record, here: asyncpg.Record, others: int, ranges: Ranges, span: Span) -> Received:
    # Of an open shift nobody knows how far it goes: what lies behind the last record that is here is not missing.
    last = span.stop if span.stop < MAX_INTEGER else max((end for _, end in ranges), default=0)
    return Received(
        count=here["count"],
        total=here["total"],
        carried=here["carried"],
        carried_total=here["carried_total"],
        voided=here["voided"],
        flagged=here["flagged"],
        failed=here["failed"],
        records=here["records"],
        missing=gaps_within(ranges, span.first, last),
        forks=here["forks"] + others,
        others=others,
        refused=here["refused"],
        late=here["late"],
        outside=here["outside"],
        after=_after(row, here["records"], others),
    )


def _after(row: asyncpg.Record, records: int, others: int) -> int:
    """How much of a shift came after it was reconciled."""
    if row["reconciled_records"] is None:
        return 0
    late: int = max(0, records - row["reconciled_records"]) + max(0, others - row["reconciled_forks"])
    return late


def _shift(row: asyncpg.Record, received: Received) -> Shift:
    claim = None
    if row["closed_seq"] is not None:
        claim = Claim(row["closed_seq"], row["closed_at"], row["count"], row["total"], row["currency"])
    return Shift(
        key=ShiftKey(row["device"].bytes, row["epoch"], row["shift"].bytes),
        vendor=row["vendor"].bytes,
        vendor_name=row["vendor_name"],
        device_name=row["device_name"],
        currency=row["vendor_currency"],
        cashier=row["cashier"],
        state=ShiftState(row["state"]),
        compared=row["compared"],
        opened_seq=row["opened_seq"],
        opened_at=row["opened_at"],
        opening_float=row["opening_float"],
        day_at=row["day_at"],
        reconciled_at=row["reconciled_at"],
        claim=claim,
        received=received,
        till_gone=row["till_gone"],
    )
