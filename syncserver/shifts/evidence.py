"""A signed bundle about a shift: its records, the receipts for them, and the keys, for `tallystick verify`."""

from shared.fields import MAX_INTEGER
from shared.messages.evidence import Evidence, sign_evidence
from syncserver.database.arrays import uuid_of
from syncserver.database.connection import Connection
from syncserver.services import Services
from syncserver.shifts import decisions
from syncserver.shifts.decisions import Decision
from syncserver.shifts.errors import EvidenceTooLargeError
from syncserver.shifts.halves import Shift
from syncserver.shifts.reading import QUERIES, spans_of

MOST_RECORDS = 20_000


async def make(connection: Connection, services: Services, shift: Shift) -> bytes:
    """The bundle, in a transaction of one snapshot that has read the shift.

    Raises:
        EvidenceTooLargeError: the shift has more than 20,000 records.
    """
    key = shift.key
    which = (uuid_of(key.device), key.epoch)
    rows = await connection.fetch(QUERIES["shifts_of_id"], uuid_of(key.device), uuid_of(key.shift), key.epoch)
    (span,) = await spans_of(connection, rows)
    found = await connection.fetch(
        QUERIES["raw_records"], *which, span.first, min(span.stop, MAX_INTEGER), MOST_RECORDS + 1
    )
    if len(found) > MOST_RECORDS:
        raise EvidenceTooLargeError
    # An open shift goes as far as its records do, or to where the next one opens.
    last = span.stop if shift.claim is not None else max((row["seq"] for row in found), default=span.first)
    if shift.claim is None:
        last = min(last, span.stop - 1)
        found = [row for row in found if row["seq"] <= last]
    forks = await connection.fetch(QUERIES["raw_forks"], *which, span.first, last)
    receipts = await connection.fetch(QUERIES["receipts_of_records"], *which, span.first, last)
    keys = await connection.fetch(QUERIES["keys_that_signed"])
    happened = await decisions.history(connection, key)
    return sign_evidence(
        Evidence(
            device=key.device,
            epoch=key.epoch,
            shift=key.shift,
            certificate=await connection.fetchval(QUERIES["certificate_of_epoch"], *which),
            server_keys={row["kid"]: row["public_key"] for row in keys},
            first=span.first,
            last=last,
            missing=shift.received.missing if shift.claim is not None else _within(shift, last),
            records=tuple(row["raw"] for row in found),
            forks=tuple(row["raw"] for row in forks),
            receipts=tuple(row["receipt"] for row in receipts),
            count=shift.received.count,
            total=shift.received.total,
            state=shift.state.value,
            decisions=tuple(_words(one) for one in happened),
            made_at=services.clock(),
        ),
        services.keys.active,
    )


def _within(shift: Shift, last: int) -> tuple[tuple[int, int], ...]:
    return tuple(span for span in shift.received.missing if span[1] <= last)


def _words(one: Decision) -> str:
    what = one.action.value if one.done else f"{one.action.value} (asked first of two)"
    why = f", because {one.reason}" if one.reason else ""
    return f"{one.number}. at {one.at} ms {one.actor}: {what}, {one.before} to {one.after}{why}; {one.said}"
