"""Writes what batches came to, in a handful of statements a piece, in the transaction that judged them."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from shared.lifecycles import STATUS_OF_PAYMENT
from syncserver.database.arrays import ids, numbers, text_lists, uuid_of, uuids, words
from syncserver.database.connection import Connection
from syncserver.judge.authenticity import Upload
from syncserver.judge.batch import Judgement, PlacedRecord
from syncserver.judge.chain import Ranges, missing_of, through_of
from syncserver.judge.facts import BatchFacts
from syncserver.ledger import store
from syncserver.sync.reading import QUERIES
from syncserver.sync.statements import Case, Money, Statement


class CodeClaimedMeanwhileError(RuntimeError):
    """A code was claimed although its wallet is locked: the transaction must not commit."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a case leaves its journal: these ranges of seq, this link at their head, and the receipt of a whole batch."""

    ranges: Ranges
    head: bytes
    receipt: bytes | None


async def write_records(connection: Connection, records: Statement | None) -> None:
    """Write records, if there are any."""
    if records is not None:
        await _execute(connection, records)


async def write_money(connection: Connection, money: Money) -> None:
    """Write payments and postings.

    Raises:
        CodeClaimedMeanwhileError: nothing of it may be committed.
    """
    if money.payments is not None and await _execute(connection, money.payments) != f"UPDATE {money.claims}":
        raise CodeClaimedMeanwhileError
    for statement in money.postings:
        await _execute(connection, statement)


async def write_rest(connection: Connection, cases: Sequence[tuple[Case, Ending]]) -> None:
    """Write what batches did as wholes: forks, strays, voids, shifts, the journals' heads, their receipts if any."""
    for case, _ in cases:
        await _write_forks(connection, case.upload, [one for one in case.judgement.placed if one.taken])
        await _write_strays(connection, case.upload, case.judgement)
        await _write_voids(connection, case)
        await _write_shifts(connection, case.upload, case.judgement)
    added = [
        [len(one.arrival.raw) for one in case.judgement.placed] + [len(one.raw) for one in case.judgement.strays]
        for case, _ in cases
    ]
    await connection.execute(
        QUERIES["write_heads"],
        uuids(case.upload.device for case, _ in cases),
        [case.upload.epoch for case, _ in cases],
        uuids(case.upload.batch for case, _ in cases),
        [case.upload.sending.received for case, _ in cases],
        [len(case.upload.arrivals) for case, _ in cases],
        [ending.receipt for _, ending in cases],
        [ending.head for _, ending in cases],
        [msgspec.json.encode(ending.ranges).decode() for _, ending in cases],
        [len(sizes) for sizes in added],
        [sum(sizes) for sizes in added],
    )
    for case, ending in cases:
        await _write_marks(connection, case, ending.ranges)


async def _execute(connection: Connection, statement: Statement) -> str:
    query, arguments = statement
    return await connection.execute(query, *arguments)


async def _write_forks(connection: Connection, upload: Upload, forks: Sequence[PlacedRecord]) -> None:
    if not forks:
        return
    await connection.execute(
        QUERIES["write_forks"],
        uuid_of(upload.device),
        upload.epoch,
        uuid_of(upload.batch),
        upload.sending.received,
        numbers(one.position.seq for one in forks),
        [one.arrival.link for one in forks],
        [one.arrival.raw for one in forks],
        ids(one.arrival.payment for one in forks),
        words(one.result.status for one in forks),
        text_lists(one.result.reasons for one in forks),
        numbers(one.result.score for one in forks),
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


async def _write_voids(connection: Connection, case: Case) -> None:
    upload, facts, judgement = case.upload, case.facts, case.judgement
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
    inserted = {(new.record.wallet, new.record.id) for new in judgement.payments}
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


async def _write_marks(connection: Connection, case: Case, ranges: Ranges) -> None:
    """What the head's move says of shifts, and a fork of its device."""
    upload, facts, judgement = case.upload, case.facts, case.judgement
    device = uuid_of(upload.device)
    if ranges != facts.chain.ranges and (judgement.shift_closes or missing_of(facts.chain.ranges)):
        await connection.execute(QUERIES["plan_freely"])
        await connection.execute(QUERIES["compare_shifts"], device, upload.epoch, through_of(ranges))
    if judgement.quarantine:
        await connection.execute(QUERIES["quarantine"], device, upload.sending.received)
