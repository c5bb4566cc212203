"""What is to be written of a piece that was judged: the arguments of its statements, put together beside the loop."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from syncserver.database.arrays import flags, ids, numbers, places, text_lists, uuids, words
from syncserver.judge.authenticity import Upload
from syncserver.judge.batch import Judgement, PlacedRecord
from syncserver.judge.facts import BatchFacts
from syncserver.judge.payments import NewPayment
from syncserver.ledger import store
from syncserver.sync.reading import QUERIES

Statement = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Case:
    """One upload of a transaction: what is known of it, and what it comes to."""

    upload: Upload
    facts: BatchFacts
    judgement: Judgement = field(default_factory=Judgement)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a case's judgement and its postings had come: what stands behind it is new."""

    placed: int = 0
    payments: int = 0
    transfers: int = 0
    events: int = 0

    @classmethod
    def of(cls, case: Case) -> "Mark":
        """Where they stand now."""
        judgement, postings = case.judgement, case.facts.postings
        return cls(len(judgement.placed), len(judgement.payments), len(postings.transfers), len(postings.events))


@dataclass(frozen=True, slots=True)
class Money:
    """Payments and postings to be written. `claims` is how many codes must still be free for them."""

    payments: Statement | None
    claims: int
    postings: tuple[Statement, ...]


def records_since(cases: Sequence[tuple[Case, Mark]]) -> Statement | None:
    """The statement that writes the records that were judged since a mark each, if there are any. Pure."""
    placed = [
        (case.upload, [one for one in case.judgement.placed[since.placed :] if not one.taken]) for case, since in cases
    ]
    return _journal(placed) if any(some for _, some in placed) else None


def money_since(cases: Sequence[tuple[Case, Mark]]) -> Money:
    """Payments and postings of what was judged since a mark each, with balances as they stand now. Pure."""
    payments = [(case, case.judgement.payments[since.payments :]) for case, since in cases]
    moves = [
        store.Moves(postings, postings.transfers[since.transfers :], postings.events[since.events :])
        for case, since in cases
        if (postings := case.facts.postings)
    ]
    return Money(
        payments=_payments(payments) if any(some for _, some in payments) else None,
        claims=sum(new.known.claimed for _, some in payments for new in some),
        postings=tuple((store.QUERIES["write_postings"], each) for each in store.postings_arguments(moves)),
    )


def _journal(by_upload: Sequence[tuple[Upload, Sequence[PlacedRecord]]]) -> Statement:
    uploads = [upload for upload, _ in by_upload]
    placed = [one for _, some in by_upload for one in some]
    records = [one.arrival.record for one in placed]
    return QUERIES["write_journal"], (
        uuids(upload.device for upload in uploads),
        [upload.epoch for upload in uploads],
        uuids(upload.batch for upload in uploads),
        [upload.sending.received for upload in uploads],
        places(len(some) for _, some in by_upload),
        numbers(one.position.seq for one in placed),
        [one.arrival.link for one in placed],
        [one.position.prev for one in placed],
        [one.arrival.raw for one in placed],
        numbers(record.at if record is not None else None for record in records),
        words(one.record_type for one in placed),
        words(one.wallet for one in placed),
        ids(one.arrival.payment for one in placed),
        words(one.result.status for one in placed),
        text_lists(one.result.reasons for one in placed),
        numbers(one.result.score for one in placed),
        flags(one.fork for one in placed),
    )


def _payments(by_case: Sequence[tuple[Case, Sequence[NewPayment]]]) -> Statement:
    uploads = [case.upload for case, _ in by_case]
    devices = [case.facts.device for case, _ in by_case]
    judged = [new for _, some in by_case for new in some]
    records = [one.record for one in judged]
    claims = [one.record for one in judged if one.known.claimed]
    changed = sorted({(record.wallet, record.series) for record in claims})
    return QUERIES["write_payments"], (
        uuids(upload.device for upload in uploads),
        [upload.epoch for upload in uploads],
        uuids(device.vendor for device in devices),
        [device.place.lat for device in devices],
        [device.place.lon for device in devices],
        uuids(upload.batch for upload in uploads),
        [upload.sending.received for upload in uploads],
        places(len(some) for _, some in by_case),
        words(record.wallet for record in records),
        ids(record.id for record in records),
        numbers(record.seq for record in records),
        [one.link for one in judged],
        ids(record.shift for record in records),
        ids(record.series for record in records),
        numbers(record.index for record in records),
        numbers(record.amount for record in records),
        words(record.currency for record in records),
        numbers(record.at for record in records),
        numbers(one.moment.when for one in judged),
        numbers(one.moment.uncertainty for one in judged),
        numbers(record.book for record in records),
        ids(record.sale for record in records),
        flags(one.known.claimed for one in judged),
        text_lists(one.known.reasons for one in judged),
        numbers(one.score for one in judged),
        words(one.known.state for one in judged),
        words(wallet for wallet, _ in changed),
        ids(series for _, series in changed),
        words(record.wallet for record in claims),
        ids(record.series for record in claims),
        numbers(record.index for record in claims),
        ids(record.id for record in claims),
    )
