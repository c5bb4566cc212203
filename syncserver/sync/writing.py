"""Writes what a batch came to, in a handful of statements, in the transaction that judged it."""

from collections.abc import Sequence

import msgspec

from shared.lifecycles import STATUS_OF_PAYMENT
from syncserver.database.arrays import array_literal, optional_uuids, uuid_of, uuids
from syncserver.database.connection import Connection
from syncserver.judge.batch import Judgement, NewPayment, PlacedRecord
from syncserver.judge.chain import missing_of, through_of
from syncserver.judge.facts import BatchFacts
from syncserver.ledger import store
from syncserver.sync.reading import QUERIES, Upload


class CodeClaimedMeanwhileError(RuntimeError):
    """A code was claimed although its wallet is locked: the transaction must not commit."""


async def write_judgement(connection: Connection, upload: Upload, facts: BatchFacts, judgement: Judgement) -> bytes:
    """Write records, payments, money, codes, events and the journal's head; the head's link."""
    await _write_records(connection, upload, [one for one in judgement.placed if not one.taken])
    await _write_forks(connection, upload, [one for one in judgement.placed if one.taken])
    await _write_strays(connection, upload, judgement)
    await _write_payments(connection, upload, facts, judgement.payments)
    await store.write(connection, facts.postings)
    await _write_voids(connection, upload, facts, judgement)
    await _write_shifts(connection, upload, judgement)
    return await _write_heads(connection, upload, facts, judgement)


async def _write_records(connection: Connection, upload: Upload, placed: Sequence[PlacedRecord]) -> None:
    if not placed:
        return
    await connection.execute(
        QUERIES["write_records"],
        uuid_of(upload.device),
        upload.epoch,
        uuid_of(upload.batch),
        upload.sending.received,
        [one.position.seq for one in placed],
        [one.arrival.link for one in placed],
        [one.position.prev for one in placed],
        [one.arrival.raw for one in placed],
        [one.arrival.record.at if one.arrival.record is not None else None for one in placed],
        [one.record_type for one in placed],
        [one.wallet for one in placed],
        optional_uuids(one.arrival.payment for one in placed),
        [one.result.status.value for one in placed],
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


async def _write_payments(
    connection: Connection, upload: Upload, facts: BatchFacts, payments: Sequence[NewPayment]
) -> None:
    if not payments:
        return
    judged = [new.judged for new in payments]
    records = [one.record for one in judged]
    device = facts.device
    await connection.execute(
        QUERIES["write_payments"],
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
        [new.known.state.value for new in payments],
    )
    claims = [one.record for one in judged if one.claimed]
    if claims:
        tag = await connection.execute(
            QUERIES["claim_codes"],
            [record.wallet for record in claims],
            uuids(record.series for record in claims),
            [record.index for record in claims],
            uuids(record.id for record in claims),
        )
        if tag != f"UPDATE {len(claims)}":
            raise CodeClaimedMeanwhileError
        await store.note_series_changes(connection, [(record.wallet, record.series) for record in claims])


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


async def _write_heads(connection: Connection, upload: Upload, facts: BatchFacts, judgement: Judgement) -> bytes:
    device = uuid_of(upload.device)
    through = through_of(judgement.ranges)
    head = facts.chain.link_at(through)
    if head is None:
        head = await connection.fetchval(QUERIES["link_at"], device, upload.epoch, through)
    if judgement.ranges != facts.chain.ranges:
        ranges = msgspec.json.encode(judgement.ranges).decode()
        await connection.execute(QUERIES["move_head"], device, upload.epoch, head, ranges)
        if judgement.shift_closes or missing_of(facts.chain.ranges):
            await connection.execute(QUERIES["compare_shifts"], device, upload.epoch, through)
    if judgement.quarantine:
        await connection.execute(QUERIES["quarantine"], device, upload.sending.received)
    return bytes(head)
