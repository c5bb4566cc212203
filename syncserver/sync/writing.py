"""Writes what a batch came to, in a handful of statements, in the transaction that judged it.

What a statement is given is put together first, beside the event loop; then nothing is left but to write it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from shared.keys import SigningKey
from shared.lifecycles import STATUS_OF_PAYMENT
from shared.messages.receipt import Receipt, sign_receipt
from syncserver.database.arrays import array_literal, optional_uuids, uuid_of, uuids
from syncserver.database.connection import Connection
from syncserver.judge.batch import Judgement, NewPayment, PlacedRecord
from syncserver.judge.chain import Ranges, missing_of, through_of
from syncserver.judge.facts import BatchFacts
from syncserver.ledger import store
from syncserver.sync.reading import QUERIES, Upload

Statement = tuple[str, tuple[Any, ...]]


class CodeClaimedMeanwhileError(RuntimeError):
    """A code was claimed although its wallet is locked: the transaction must not commit."""


@dataclass(frozen=True, slots=True)
class Written:
    """What is to be written of a batch. `claims` is how many codes must still be free for its payments."""

    journal: Statement
    payments: Statement | None
    claims: int
    postings: tuple[Statement, ...]


def sign(upload: Upload, ranges: Ranges, head: bytes, results: Sequence[Any], key: SigningKey) -> bytes:
    """The receipt for a batch that leaves its journal at these ranges of seq, with this link at their head."""
    receipt = Receipt(
        device=upload.device,
        epoch=upload.epoch,
        batch=upload.batch,
        through=through_of(ranges),
        head=head,
        missing=missing_of(ranges),
        server_time=upload.sending.received,
        results=tuple(results),
    )
    return sign_receipt(receipt, key)


def put_together(
    upload: Upload, facts: BatchFacts, judgement: Judgement, head: bytes, receipt: bytes | None
) -> Written:
    """All that most batches write; `receipt` is None for a part of a batch."""
    claims = [new.judged.record for new in judgement.payments if new.judged.claimed]
    moves = facts.postings.transfers or facts.postings.events
    return Written(
        journal=_journal(upload, [one for one in judgement.placed if not one.taken], judgement.ranges, head, receipt),
        payments=_payments(upload, facts, judgement.payments) if judgement.payments else None,
        claims=len(claims),
        postings=tuple(
            (store.QUERIES["write_postings"], arguments) for arguments in store.postings_arguments(facts.postings)
        )
        if moves
        else (),
    )


async def write(
    connection: Connection, upload: Upload, facts: BatchFacts, judgement: Judgement, written: Written
) -> None:
    """Write records, payments, money, codes, events and the journal's head."""
    await _execute(connection, written.journal)
    await _write_forks(connection, upload, [one for one in judgement.placed if one.taken])
    await _write_strays(connection, upload, judgement)
    if written.payments is not None and await _execute(connection, written.payments) != f"UPDATE {written.claims}":
        raise CodeClaimedMeanwhileError
    for statement in written.postings:
        await _execute(connection, statement)
    await _write_voids(connection, upload, facts, judgement)
    await _write_shifts(connection, upload, judgement)
    await _write_marks(connection, upload, facts, judgement)


async def _execute(connection: Connection, statement: Statement) -> str:
    query, arguments = statement
    return await connection.execute(query, *arguments)


def _journal(
    upload: Upload, placed: Sequence[PlacedRecord], ranges: Ranges, head: bytes, receipt: bytes | None
) -> Statement:
    records = [one.arrival.record for one in placed]
    return QUERIES["write_journal"], (
        uuid_of(upload.device),
        upload.epoch,
        uuid_of(upload.batch),
        upload.sending.received,
        len(upload.arrivals),
        receipt,
        head,
        msgspec.json.encode(ranges).decode(),
        [one.position.seq for one in placed],
        [one.arrival.link for one in placed],
        [one.position.prev for one in placed],
        [one.arrival.raw for one in placed],
        [record.at if record is not None else None for record in records],
        [one.record_type for one in placed],
        [one.wallet for one in placed],
        optional_uuids(one.arrival.payment for one in placed),
        [one.result.status for one in placed],
        [array_literal(one.result.reasons) for one in placed],
        [one.result.score for one in placed],
        [one.fork for one in placed],
    )


async def _write_forks(connection: Connection, upload: Upload, forks: Sequence[PlacedRecord]) -> None:
    if not forks:
        return
    await connection.execute(
        QUERIES["write_forks"],
        uuid_of(upload.device),
        upload.epoch,
        uuid_of(upload.batch),
        upload.sending.received,
        [one.position.seq for one in forks],
        [one.arrival.link for one in forks],
        [one.arrival.raw for one in forks],
        optional_uuids(one.arrival.payment for one in forks),
        [one.result.status.value for one in forks],
        [array_literal(one.result.reasons) for one in forks],
        [one.result.score for one in forks],
    )


async def _write_strays(connection: Connection, upload: Upload, judgement: Judgement) -> None:
    if not judgement.strays:
        return
    await connection.execute(
        QUERIES["write_strays"],
        uuid_of(upload.device),
        uuid_of(upload.batch),
        upload.sending.received,
        [one.link for one in judgement.strays],
        [one.raw for one in judgement.strays],
        [one.refusal or "" for one in judgement.strays],
    )


def _payments(upload: Upload, facts: BatchFacts, payments: Sequence[NewPayment]) -> Statement:
    judged = [new.judged for new in payments]
    records = [one.record for one in judged]
    claims = [one.record for one in judged if one.claimed]
    changed = sorted({(record.wallet, record.series) for record in claims})
    device = facts.device
    return QUERIES["write_payments"], (
        uuid_of(upload.device),
        upload.epoch,
        uuid_of(device.vendor),
        device.place.lat,
        device.place.lon,
        uuid_of(upload.batch),
        upload.sending.received,
        [record.wallet for record in records],
        uuids(record.id for record in records),
        [record.seq for record in records],
        [one.link for one in judged],
        uuids(record.shift for record in records),
        uuids(record.series for record in records),
        [record.index for record in records],
        [record.amount for record in records],
        [record.currency for record in records],
        [record.at for record in records],
        [one.moment.when for one in judged],
        [one.moment.uncertainty for one in judged],
        [record.book for record in records],
        optional_uuids(record.sale for record in records),
        [one.claimed for one in judged],
        [array_literal(one.reasons) for one in judged],
        [one.score for one in judged],
        [new.known.state for new in payments],
        [wallet for wallet, _ in changed],
        uuids(series for _, series in changed),
        [record.wallet for record in claims],
        uuids(record.series for record in claims),
        [record.index for record in claims],
        uuids(record.id for record in claims),
    )


async def _write_voids(connection: Connection, upload: Upload, facts: BatchFacts, judgement: Judgement) -> None:
    device = uuid_of(upload.device)
    if judgement.new_voids:
        await connection.execute(
            QUERIES["write_voids"],
            device,
            upload.epoch,
            uuids(void.payment for void in judgement.new_voids),
            [void.seq for void in judgement.new_voids],
            uuids(void.shift for void in judgement.new_voids),
            [void.approver for void in judgement.new_voids],
            [void.reason for void in judgement.new_voids],
            [facts.voids[void.payment, void.shift].state for void in judgement.new_voids],
        )
    new = {(void.payment, void.shift) for void in judgement.new_voids}
    stored = [key for key in judgement.settled_voids if key not in new]
    if stored:
        await connection.execute(
            QUERIES["set_void_states"],
            device,
            upload.epoch,
            uuids(payment for payment, _ in stored),
            uuids(shift for _, shift in stored),
            [facts.voids[key].state for key in stored],
        )
    if judgement.voided:
        await _write_voided(connection, upload, facts, judgement)


async def _write_voided(connection: Connection, upload: Upload, facts: BatchFacts, judgement: Judgement) -> None:
    """Payments that were answered before their void came: their state, and what their terminal is told."""
    # An id is a payment's in one wallet alone: this batch may have brought the same id of another wallet.
    inserted = {(new.judged.record.wallet, new.judged.record.id) for new in judgement.payments}
    voided = [(payment, facts.payments[payment]) for payment in judgement.voided]
    await store.set_payment_states(
        connection,
        facts.postings,
        [
            (known.wallet, payment, known.state.value)
            for payment, known in voided
            if (known.wallet, payment) not in inserted
        ],
        "void",
    )
    await store.note_device_updates(
        connection,
        upload.sending.received,
        [
            (upload.device, payment, known.wallet, STATUS_OF_PAYMENT[known.state].value, known.reasons)
            for payment, known in voided
        ],
    )


async def _write_shifts(connection: Connection, upload: Upload, judgement: Judgement) -> None:
    device = uuid_of(upload.device)
    for opening in judgement.shift_opens:
        await connection.execute(
            QUERIES["write_shift_open"],
            device,
            upload.epoch,
            uuid_of(opening.shift),
            opening.cashier,
            opening.seq,
            opening.at,
            opening.opening_float,
        )
    for closing in judgement.shift_closes:
        await connection.execute(
            QUERIES["write_shift_close"],
            device,
            upload.epoch,
            uuid_of(closing.shift),
            closing.cashier,
            closing.seq,
            closing.at,
            closing.count,
            closing.total,
            closing.currency,
        )


async def _write_marks(connection: Connection, upload: Upload, facts: BatchFacts, judgement: Judgement) -> None:
    """What the head's move says of shifts, and a fork of its device."""
    device = uuid_of(upload.device)
    if judgement.ranges != facts.chain.ranges and (judgement.shift_closes or missing_of(facts.chain.ranges)):
        await connection.execute(QUERIES["join_by_hash"])
        await connection.execute(QUERIES["compare_shifts"], device, upload.epoch, through_of(judgement.ranges))
    if judgement.quarantine:
        await connection.execute(QUERIES["quarantine"], device, upload.sending.received)
